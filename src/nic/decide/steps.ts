/** The steps of a move as data: forward, what is left to do once it is confirmed, and back to what was there before. */
import type { DhcpClient, Journal, Move, NicDevice, Route, Rule, Snapshot } from '../types.ts';
import { carry, deviceOf, inOrderOfMaking, isMadeByAddress, type Load, nearFirst } from './carry.ts';
import { addressName, addressWords, routeDevices, routeKey, routeLine, ruleNames } from './words.ts';

/** One step; performing it makes no choice. */
export type NicStep =
  /** One `ip -batch`. Strict: it ends at the first line that fails. */
  | { readonly do: 'ip'; readonly family?: 4 | 6; readonly lines: readonly string[]; readonly strict: boolean }
  /** Settings under /proc/sys/net; those that are so already, or that the kernel does not take, are left. */
  | { readonly do: 'settings'; readonly device: string; readonly values: Readonly<Record<string, string>> }
  /** One transaction of ovs-vsctl, after which the devices are there and the ports work. */
  | { readonly do: 'ovs'; readonly argv: readonly string[]; readonly ready: readonly string[] }
  /** Userspace datapath: keeps the kernel's own stack from seeing the frames of the NIC too. */
  | { readonly do: 'shield'; readonly device: string; readonly on: boolean }
  /** Tells systemd-resolved what it knows by another device. */
  | {
      readonly do: 'dns';
      readonly device: string;
      readonly servers: readonly string[];
      readonly domains: readonly string[];
    }
  /** A DHCP client stands still, or goes on. */
  | { readonly do: 'pause' | 'resume'; readonly client: DhcpClient };

/** Settings that are the kernel's to choose for each device, or shown twice in other units. */
const notCarried =
  /\/(mtu|stable_secret|mc_forwarding|force_igmp_version|unres_qlen|base_reachable_time|retrans_time)$/;

function carried(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([path]) => !notCarried.test(path)));
}

const acceptDad = 'ipv6/conf/DEV/accept_dad';

/** From where to where addresses go. */
export function ends(move: Move): { readonly from: string; readonly to: string } {
  return move.kind === 'adopt' ? { from: move.nic, to: move.bridge } : { from: move.bridge, to: move.nic };
}

function rulesStep(rules: readonly Rule[], verb: 'add' | 'del'): NicStep[] {
  return ([4, 6] as const).flatMap((family): NicStep[] => {
    const lines = rules.filter((rule) => rule.family === family).map(({ words }) => `rule ${verb} ${words.join(' ')}`);
    return lines.length === 0 ? [] : [{ do: 'ip', family, lines, strict: false }];
  });
}

function neighbourLines(load: Load, to: string): string[] {
  return load.neighbours.map(({ dst, mac, permanent }) => {
    if (mac === undefined) return `neigh replace proxy ${dst} dev ${to}`;
    return `neigh replace ${dst} lladdr ${mac} dev ${to} nud ${permanent ? 'permanent' : 'stale'}`;
  });
}

function loadLines(load: Load, { from, to }: { from: string; to: string }, elapsed: number): string[] {
  return [
    ...load.addresses.map((address) => `address replace ${addressWords(address, to, from, elapsed).join(' ')}`),
    ...load.groups.map((group) => `address replace ${group}/${group.includes(':') ? 128 : 32} dev ${to} autojoin`),
    ...neighbourLines(load, to),
    ...load.routes.map((route) => `route append ${routeLine(route, elapsed)}`),
  ];
}

/** The old way out goes last: until then, what leaves by it still arrives. */
function leaveStep(routes: readonly Route[], elapsed: number): NicStep[] {
  const lines = routes.map((route) => `route del ${routeLine(route, elapsed)}`);
  return lines.length === 0 ? [] : [{ do: 'ip', lines, strict: false }];
}

function makeLinuxBridge({ bridge }: Move, nic: NicDevice): NicStep[] {
  const words = `address ${nic.mac} mtu ${nic.mtu} type bridge stp_state 0 forward_delay 0`;
  return [{ do: 'ip', lines: [`link add ${bridge} ${words}`], strict: true }];
}

function makeOvsBridge({ bridge, nic: name, datapath }: Move, nic: NicDevice): NicStep[] {
  const argv = [
    ...['--may-exist', 'add-br', bridge, '--', 'set', 'bridge', bridge, `other-config:hwaddr="${nic.mac}"`],
    ...(datapath === undefined || datapath === 'system' ? [] : [`datapath_type=${datapath}`]),
    ...['--', 'set', 'interface', bridge, `mtu_request=${nic.mtu}`],
    ...['--', 'br-set-external-id', bridge, 'neutrino-nic', name],
  ];
  return [{ do: 'ovs', argv, ready: [bridge] }];
}

function attachOvs({ bridge, nic, datapath }: Move): NicStep[] {
  const shield: NicStep[] = datapath === 'netdev' ? [{ do: 'shield', device: nic, on: true }] : [];
  return [{ do: 'ovs', argv: ['--may-exist', 'add-port', bridge, nic], ready: [nic] }, ...shield];
}

function detachOvs({ bridge, nic, datapath }: Move): NicStep[] {
  const shield: NicStep[] = datapath === 'netdev' ? [{ do: 'shield', device: nic, on: false }] : [];
  return [...shield, { do: 'ovs', argv: ['--if-exists', 'del-port', bridge, nic], ready: [] }];
}

function deleteBridge({ bridge, driver }: Move): NicStep {
  if (driver === 'openvswitch') return { do: 'ovs', argv: ['--if-exists', 'del-br', bridge], ready: [] };
  return { do: 'ip', lines: [`link del ${bridge}`], strict: false };
}

function required(snapshot: Snapshot, name: string): NicDevice {
  const device = deviceOf(snapshot, name);
  if (!device) throw new Error(`there is no device ${name}`);
  return device;
}

function adoptSteps(move: Move, before: Snapshot, load: Load, elapsed: number): NicStep[] {
  const nic = required(before, move.nic);
  const { bridge } = move;
  const make = move.driver === 'openvswitch' ? makeOvsBridge(move, nic) : makeLinuxBridge(move, nic);
  const lines = loadLines(load, ends(move), elapsed);
  if (move.driver === 'linuxbridge') {
    // The bridge comes up when it has its port: with a carrier from the start, it sends at once.
    const attach = [
      ...(move.ownBridge ? [] : [`link set ${bridge} address ${nic.mac}`]),
      ...[`link set ${move.nic} master ${bridge}`, `link set ${move.nic} up`, `link set ${bridge} up`],
    ];
    return [
      ...(move.ownBridge ? make : []),
      ...settingsFor(before, move),
      { do: 'ip', lines: [...attach, ...lines], strict: true },
    ];
  }
  // IPv4 is there before the port is, so that the first question for the address is answered. What IPv6 asks the bridge's own
  // link-local network for would get lost until then, so it waits.
  const early = lines.filter((line) => line.startsWith('address ') && !line.split(' ')[2]?.includes(':'));
  const late = lines.filter((line) => !early.includes(line));
  return [
    ...make,
    ...settingsFor(before, move),
    { do: 'ip', lines: [`link set ${bridge} up`, ...early], strict: true },
    ...attachOvs(move),
    { do: 'ip', lines: late, strict: true },
  ];
}

/** The addresses are known to be free, since they are ours: the device that gets them does not ask again. */
function settingsFor(before: Snapshot, move: Move): NicStep[] {
  const { from, to } = ends(move);
  const own = move.kind === 'adopt' ? carried(before.settings[from] ?? {}) : {};
  return [{ do: 'settings', device: to, values: { ...own, [acceptDad]: '0' } }];
}

function settingsBack(before: Snapshot, move: Move): NicStep[] {
  const value = before.settings[move.nic]?.[acceptDad];
  return value === undefined ? [] : [{ do: 'settings', device: ends(move).to, values: { [acceptDad]: value } }];
}

function releaseSteps(move: Move, before: Snapshot, load: Load, elapsed: number): NicStep[] {
  const lines = loadLines(load, ends(move), elapsed);
  const detach: NicStep[] =
    move.driver === 'openvswitch'
      ? detachOvs(move)
      : [{ do: 'ip', lines: [`link set ${move.nic} nomaster`], strict: true }];
  const steps: NicStep[] = [...settingsFor(before, move)];
  return [...steps, { do: 'ip', lines, strict: true }, ...detach];
}

function dnsSteps(before: Snapshot, from: string, to: string): NicStep[] {
  const { servers = [], domains = [] } = before.dns?.[from] ?? {};
  return servers.length + domains.length === 0 ? [] : [{ do: 'dns', device: to, servers, domains }];
}

/** The part of a journal that says what is carried. */
export type Carried = Pick<Journal, 'move' | 'before' | 'clients' | 'supplement'>;

/** The steps that bring a move about, `elapsed` seconds after `before` was seen. Until it is confirmed, nothing is taken away but routes. */
export function forwardSteps({ move, before, clients, supplement }: Carried, elapsed: number): NicStep[] {
  const { from, to } = ends(move);
  const load = carry(before, from, to, supplement);
  const steps = move.kind === 'adopt' ? adoptSteps : releaseSteps;
  return [
    ...clients.map((client): NicStep => ({ do: 'pause', client })),
    ...steps(move, before, load, elapsed),
    ...rulesStep(load.rules, 'add'),
    ...dnsSteps(before, from, to),
    ...leaveStep(load.leaving, elapsed),
    ...settingsBack(before, move),
  ];
}

/** What is left to do when the move is confirmed: the old device loses what it carried. */
export function finishSteps(move: Move, now: Snapshot): NicStep[] {
  const { from } = ends(move);
  const rules = rulesStep(
    now.rules.filter((rule) => ruleNames(rule, from)),
    'del',
  );
  if (move.kind === 'release') return [...rules, ...(move.ownBridge ? [deleteBridge(move)] : [])];
  const lines = (deviceOf(now, from)?.addresses ?? [])
    .toReversed()
    .map((a) => `address del ${addressName(a)} dev ${from}`);
  return [...rules, ...(lines.length === 0 ? [] : [{ do: 'ip', lines, strict: false } as const])];
}

const addressKey = (device: string, name: string): string => `${device} ${name}`;

function addressesOf(snapshot: Snapshot, names: readonly string[]): Map<string, { device: string; name: string }> {
  return new Map(
    names.flatMap((device) =>
      (deviceOf(snapshot, device)?.addresses ?? []).map((address) => {
        const name = addressName(address);
        return [addressKey(device, name), { device, name }] as const;
      }),
    ),
  );
}

/** Whether the NIC is a port of the bridge. */
export function isPort(snapshot: Snapshot, { nic, bridge, driver }: Move): boolean {
  if (driver === 'openvswitch') return snapshot.ovs?.bridges[bridge]?.ports.includes(nic) ?? false;
  return deviceOf(snapshot, nic)?.master === bridge;
}

function isBridgeThere(snapshot: Snapshot, { bridge, driver }: Move): boolean {
  if (driver === 'openvswitch' && snapshot.ovs?.bridges[bridge] !== undefined) return true;
  return deviceOf(snapshot, bridge) !== undefined;
}

function missingLines(move: Move, before: Snapshot, now: Snapshot, elapsed: number): string[] {
  const both = [move.nic, move.bridge];
  const there = addressesOf(now, both);
  const routes = new Set(now.routes.map(routeKey));
  const addresses = both.flatMap((device) =>
    inOrderOfMaking(deviceOf(before, device)?.addresses ?? [])
      .filter((address) => !there.has(addressKey(device, addressName(address))))
      .map((address) => `address replace ${addressWords(address, device, device, elapsed).join(' ')}`),
  );
  const back = nearFirst(before.routes)
    .filter((route) => routeDevices(route).some((device) => both.includes(device)) && !routes.has(routeKey(route)))
    .map((route) => `route append ${routeLine(route, elapsed)}`);
  return [...addresses, ...back];
}

function surplusLines(move: Move, before: Snapshot, now: Snapshot): string[] {
  const names = [move.nic, move.bridge];
  const both = names.filter((name) => deviceOf(before, name) !== undefined);
  const wanted = addressesOf(before, both);
  const routes = new Set(before.routes.map(routeKey));
  const made = both.flatMap((name) => deviceOf(before, name)?.addresses ?? []);
  const extraRoutes = now.routes
    .filter((route) => routeDevices(route).some((device) => names.includes(device)) && !routes.has(routeKey(route)))
    // What leaves by a bridge that goes, goes with it.
    .filter((route) => !routeDevices(route).every((device) => device === move.bridge && !both.includes(device)))
    .filter((route) => !isMadeByAddress(route, made))
    .map((route) => `route del ${routeLine(route, 0)}`);
  const extraAddresses = [...addressesOf(now, both)]
    .filter(([key, { name }]) => !wanted.has(key) && !name.startsWith('fe80:'))
    .map(([, { device, name }]) => `address del ${name} dev ${device}`);
  return [...extraRoutes, ...extraAddresses.toReversed()];
}

function membershipSteps(move: Move, before: Snapshot, now: Snapshot): NicStep[] {
  const was = isPort(before, move);
  if (was === isPort(now, move)) {
    const unshielded = !was && move.driver === 'openvswitch' && move.datapath === 'netdev';
    return unshielded ? [{ do: 'shield', device: move.nic, on: false }] : [];
  }
  if (move.driver === 'openvswitch') return was ? attachOvs(move) : detachOvs(move);
  const words = was ? `master ${move.bridge}` : 'nomaster';
  return [{ do: 'ip', lines: [`link set ${move.nic} ${words}`], strict: false }];
}

/** A bridge that was there before has its own MAC again, and is down where it was. */
function bridgeBack({ bridge, driver }: Move, before: Snapshot, now: Snapshot): NicStep[] {
  const [was, is] = [deviceOf(before, bridge), deviceOf(now, bridge)];
  if (!was || !is || driver === 'openvswitch') return [];
  const lines = [
    ...(was.mac === is.mac ? [] : [`link set ${bridge} address ${was.mac}`]),
    ...(is.up && !was.up ? [`link set ${bridge} down`] : []),
  ];
  return lines.length === 0 ? [] : [{ do: 'ip', lines, strict: false }];
}

/**
 * The steps from what is there now back to what was there before, wherever the move got to. What is missing comes first, what is
 * too much goes last; nothing at all is done when all is as it was, so it may be done twice.
 */
export function backSteps(
  move: Move,
  before: Snapshot,
  now: Snapshot,
  clients: readonly DhcpClient[],
  elapsed: number,
): NicStep[] {
  const ruleKey = ({ family, words }: Rule) => `${family} ${words.join(' ')}`;
  const rulesBefore = new Set(before.rules.map(ruleKey));
  const rulesNow = new Set(now.rules.map(ruleKey));
  const names = (rule: Rule) => ruleNames(rule, move.nic) || ruleNames(rule, move.bridge);
  const missing = missingLines(move, before, now, elapsed);
  const surplus = surplusLines(move, before, now);
  const dad = before.settings[move.nic]?.[acceptDad];
  const quiet: NicStep[] =
    missing.length === 0 ? [] : [{ do: 'settings', device: move.nic, values: { [acceptDad]: '0' } }];
  return [
    ...quiet,
    ...(missing.length === 0 ? [] : [{ do: 'ip', lines: missing, strict: false } as const]),
    ...rulesStep(
      before.rules.filter((rule) => names(rule) && !rulesNow.has(ruleKey(rule))),
      'add',
    ),
    ...membershipSteps(move, before, now),
    ...rulesStep(
      now.rules.filter((rule) => names(rule) && !rulesBefore.has(ruleKey(rule))),
      'del',
    ),
    ...(surplus.length === 0 ? [] : [{ do: 'ip', lines: surplus, strict: false } as const]),
    ...(!isBridgeThere(before, move) && isBridgeThere(now, move) ? [deleteBridge(move)] : []),
    ...bridgeBack(move, before, now),
    ...(dad === undefined ? [] : [{ do: 'settings', device: move.nic, values: { [acceptDad]: dad } } as const]),
    ...clients.map((client): NicStep => ({ do: 'resume', client })),
  ];
}

/** The steps in another boot than the move's: the kernel has forgotten it, only OVSDB remembers. */
export function bootSteps(move: Move, before: Snapshot, now: Snapshot): NicStep[] {
  if (move.driver !== 'openvswitch') return [];
  const made = !isBridgeThere(before, move) && isBridgeThere(now, move);
  const steps = made ? [deleteBridge(move)] : membershipSteps(move, before, now);
  // The switch does not run yet: nobody can be waited for.
  return steps.map((step) => (step.do === 'ovs' ? { ...step, ready: [] } : step));
}

/** What of the move is not there: in words, for the person. */
export function lacking({ move, before, supplement }: Omit<Carried, 'clients'>, now: Snapshot): string[] {
  const { from, to } = ends(move);
  const load = carry(before, from, to);
  const supplied = new Set(now.routes.map(({ words }) => words.slice(0, 6).join(' ')));
  const addresses = addressesOf(now, [to]);
  const routes = new Set(now.routes.map(routeKey));
  return [
    ...(isPort(now, move) === (move.kind === 'adopt') ? [] : [`port ${move.nic}`]),
    ...load.addresses.map(addressName).filter((name) => !addresses.has(addressKey(to, name))),
    ...load.routes.filter((route) => !routes.has(routeKey(route))).map(({ words }) => words.join(' ')),
    ...(supplement?.addresses ?? []).map(addressName).filter((name) => !addresses.has(addressKey(to, name))),
    ...(supplement?.routes ?? []).map(({ words }) => words.join(' ')).filter((words) => !supplied.has(words)),
  ];
}
