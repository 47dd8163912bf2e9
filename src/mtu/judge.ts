/** From what was measured and what the devices say to findings. Pure. */
import type { Hop, Underlay } from './hops.ts';
import type { Measured } from './search.ts';
import type { ProbePath, ProbeWorld } from './world.ts';

/** Who sends to whom, for the words. */
export interface Way {
  readonly from: string;
  readonly to: string;
}

/** What is wrong. A failure loses packets; a warning may. */
export type Finding =
  /** The way between two hosts carries less than the tunnels need. */
  | {
      readonly code: 'underlay-small';
      readonly severity: 'failure';
      readonly host: string;
      readonly from: string;
      readonly to: string;
      readonly device: string;
      /** What the device says. */
      readonly mtu: number;
      /** What passed, in bytes outside the tunnel. */
      readonly carries: number;
      readonly needs: number;
      /** Whether larger packets vanish without an error. */
      readonly silent: boolean;
    }
  /** A device does not have the MTU of its network. */
  | {
      readonly code: 'device-differs';
      readonly severity: 'failure' | 'warning';
      readonly namespace: string;
      readonly device: string;
      readonly kind: Hop['kind'];
      readonly mtu: number;
      readonly expected: number;
    }
  /** An instance has an MTU of its own. */
  | {
      readonly code: 'guest-differs';
      readonly severity: 'failure' | 'warning';
      readonly port: string;
      readonly namespace: string;
      readonly device: string;
      readonly mtu: number;
      readonly expected: number;
      /** A packet of its own size that vanished without an error. */
      readonly lost: number | null;
    }
  /** A router has to say that a packet is too large, and the sender does not hear it. */
  | {
      readonly code: 'error-swallowed';
      readonly severity: 'failure';
      readonly way: Way;
      readonly router: string;
      readonly namespace: string;
      readonly largest: number;
      readonly lost: number;
    }
  /** A router says another size than the one that passes. */
  | {
      readonly code: 'error-wrong';
      readonly severity: 'failure';
      readonly way: Way;
      readonly by: string;
      readonly namespace: string;
      readonly told: number;
      readonly largest: number;
    }
  /** Everything on this host is right and packets are lost: the other host has the reason. */
  | {
      readonly code: 'elsewhere';
      readonly severity: 'failure';
      readonly way: Way;
      readonly host: string;
      readonly largest: number;
      readonly expected: number;
    }
  /** Packets are lost behind the last device that is seen from here. */
  | {
      readonly code: 'black-hole';
      readonly severity: 'failure';
      readonly way: Way;
      readonly after: string;
      /** The network that is lost behind: the external one where the way leads out. */
      readonly network: string;
      readonly largest: number;
      readonly expected: number;
    }
  /** The network has an MTU above what the configuration gives. */
  | { readonly code: 'stored-above'; readonly severity: 'failure'; readonly stored: number; readonly now: number }
  /** Not even a small packet is answered: nothing can be said of the MTU. */
  | { readonly code: 'unreachable'; readonly severity: 'warning'; readonly way: Way; readonly why: string };

/** One way, probed. */
export interface Probed {
  readonly path: ProbePath;
  readonly hops: readonly Hop[];
  readonly measured: Measured;
  readonly expected: number;
  /** The other host, where the way leads to one. */
  readonly host: string | null;
  readonly underlay: Underlay | null;
}

/** What a person calls the ends. */
export function wayOf({ from, to }: ProbePath): Way {
  const name = from.port.name || from.port.id;
  const sender = from.kind === 'instance' ? name : from.device.namespace;
  return { from: sender, to: to.ip };
}

function underlayFinding(world: ProbeWorld, { underlay, measured }: Probed): Finding[] {
  if (!underlay || !world.tunnel) return [];
  const needs = world.network.mtu + world.tunnel.headers;
  const { host, from, to, device, mtu } = underlay;
  const carries = Math.min(mtu, underlay.largest ?? mtu);
  if (carries >= needs) return [];
  const silent = measured.above?.sent.outcome === 'lost';
  return [{ code: 'underlay-small', severity: 'failure', host, from, to, device, mtu, carries, needs, silent }];
}

/** Devices that do not say what they have to. One that is too small for what did not pass is a failure. */
function deviceFindings({ path, hops, measured, expected }: Probed): Finding[] {
  const { largest, full } = measured;
  const loses = largest !== null && largest < expected;
  const culprit = loses ? hops.find((hop) => hop.carries < expected) : undefined;
  return hops.flatMap((hop): Finding[] => {
    const { namespace, device, kind, mtu, expected: right } = hop;
    if (kind === 'underlay' || mtu === right) return [];
    const severity = hop === culprit ? 'failure' : 'warning';
    if (kind !== 'sender' || path.from.kind !== 'instance')
      return [{ code: 'device-differs', severity, namespace, device, kind, mtu, expected: right }];
    const lost = full?.sent.outcome === 'lost' ? full.bytes : null;
    const port = path.from.port.name || path.from.port.id;
    const guest = { port, namespace, device, mtu, expected: right, lost };
    return [{ code: 'guest-differs', severity: lost === null ? severity : 'failure', ...guest }];
  });
}

/** Loss that no device of this host explains. */
function unexplained(world: ProbeWorld, { path, hops, measured, expected, host, underlay }: Probed): Finding[] {
  const { largest, above } = measured;
  if (largest === null || largest >= expected || above?.sent.outcome !== 'lost') return [];
  if (hops.some((hop) => hop.carries < expected)) return [];
  const about = { way: wayOf(path), largest, expected } as const;
  if (host !== null && (underlay === null || underlay.largest !== null))
    return [{ code: 'elsewhere', severity: 'failure', host, ...about }];
  const last = hops.at(-1);
  const network = path.to.router?.outside?.networkId ?? world.network.id;
  return [{ code: 'black-hole', severity: 'failure', after: last?.device ?? '', network, ...about }];
}

/** What the sender has to hear when a packet is larger than the way out, while it is not larger than its own network. */
function errorFindings(world: ProbeWorld, { path, measured, expected }: Probed): Finding[] {
  const { router } = path.to;
  const { largest, above } = measured;
  if (!router || largest === null || above === null || largest < expected) return [];
  const way = wayOf(path);
  const { sent, bytes } = above;
  const namespace = `qrouter-${router.id}`;
  if (sent.outcome === 'lost' && bytes <= world.network.mtu)
    return [
      {
        code: 'error-swallowed',
        severity: 'failure',
        way,
        router: router.name || router.id,
        namespace,
        largest,
        lost: bytes,
      },
    ];
  if (sent.outcome === 'refused' && sent.by !== null && sent.mtu !== largest)
    return [{ code: 'error-wrong', severity: 'failure', way, by: sent.by, namespace, told: sent.mtu, largest }];
  return [];
}

function reachFinding({ path, measured }: Probed): Finding[] {
  if (measured.largest !== null) return [];
  const sent = measured.above?.sent;
  const why = sent?.outcome === 'unsendable' ? sent.why : '';
  return [{ code: 'unreachable', severity: 'warning', way: wayOf(path), why }];
}

/** The findings of all ways, each once, failures first. */
export function judge(world: ProbeWorld, all: readonly Probed[]): Finding[] {
  const found = all.flatMap((one) => [
    ...underlayFinding(world, one),
    ...deviceFindings(one),
    ...errorFindings(world, one),
    ...unexplained(world, one),
    ...reachFinding(one),
  ]);
  const key = (finding: Finding) => {
    if (finding.code === 'underlay-small') return `${finding.code} ${finding.host}`;
    return 'device' in finding ? `${finding.code} ${finding.namespace} ${finding.device}` : JSON.stringify(finding);
  };
  const byKey = new Map<string, Finding>();
  for (const finding of found) {
    const known = byKey.get(key(finding));
    if (!known || (known.severity === 'warning' && finding.severity === 'failure')) byKey.set(key(finding), finding);
  }
  const rising = (a: Finding, b: Finding) => Number(a.severity === 'warning') - Number(b.severity === 'warning');
  return [...byKey.values()].sort(rising);
}
