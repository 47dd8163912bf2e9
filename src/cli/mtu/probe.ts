/** `neutrino mtu probe`: real packets that must not be fragmented, and who is to blame where they do not pass. */

import { CommandError as ProgramError } from '../../host/run.ts';
import { deviceTowards, forgetPathMtus, sendPacket } from '../../host/send-packet.ts';
import { speaker } from '../../lib/catalogue.ts';
import { parseIp } from '../../lib/ip.ts';
import { type DeviceMap, expectedOf, hopsOf, nextPort, type Underlay } from '../../mtu/hops.ts';
import { type Finding, judge, type Probed } from '../../mtu/judge.ts';
import { choosePaths, sourceIp, stationsOf } from '../../mtu/paths.ts';
import { remedyOf } from '../../mtu/remedies.ts';
import { findLargest, type Send } from '../../mtu/search.ts';
import type { ProbePath, ProbeWorld } from '../../mtu/world.ts';
import { cloudOption, withCloud } from '../cloud-option.ts';
import { CommandError, command, type ExitCode, text } from '../command.ts';
import { languageOption, stateDirOption } from '../common-options.ts';
import { defaultStateDir } from '../state.ts';
import { hostName } from '../system.ts';
import { probeSentences } from './probe-sentences.ts';
import { probeWords } from './probe-words.ts';
import { devicesFor, findSubject, worldOf } from './probe-world.ts';

/** Milliseconds that an answer may take: a multiple of what a small packet took. */
const wait = { least: 250, most: 1000, times: 10 } as const;

/** Sends from an address of a namespace; how long it waits follows from the first answer. */
function sender(namespace: string, from: string, to: string): Send {
  let waitMs: number = wait.most;
  return async (bytes) => {
    const start = performance.now();
    const sent = await sendPacket({ namespace, from, to, bytes, waitMs });
    const took = performance.now() - start;
    if (sent.outcome === 'passed') waitMs = Math.min(waitMs, Math.max(wait.least, wait.times * took));
    return sent;
  };
}

async function measureUnderlay(world: ProbeWorld, devices: DeviceMap, host: string): Promise<Underlay | undefined> {
  const [from, to] = [world.tunnel?.endpoints.get(world.host), world.tunnel?.endpoints.get(host)];
  const device = to === undefined ? undefined : devices.find('', (await deviceTowards(to)) ?? '');
  if (!world.tunnel || from === undefined || to === undefined || !device) return undefined;
  const needs = world.network.mtu + world.tunnel.headers;
  const { largest } = await findLargest(sender('', from, to), Math.min(needs, device.mtu), device.mtu);
  return { host, from, to, device: device.name, mtu: device.mtu, largest };
}

async function measurePath(
  world: ProbeWorld,
  devices: DeviceMap,
  path: ProbePath,
  underlays: ReadonlyMap<string, Underlay>,
): Promise<Probed> {
  const { device } = path.from;
  const expected = expectedOf(world, path);
  const send = sender(device.namespace, sourceIp(path.from, path.to.ip) ?? device.name, path.to.ip);
  const measured = await findLargest(send, expected, Math.max(device.mtu, expected));
  const other = nextPort(world, path)?.host ?? '';
  const host = other === '' || other === world.host ? null : other;
  const underlay = (host !== null && underlays.get(host)) || null;
  return { path, hops: hopsOf(world, devices, path, underlays), measured, expected, host, underlay };
}

async function probeAll(world: ProbeWorld, devices: DeviceMap, paths: readonly ProbePath[]): Promise<Probed[]> {
  const namespaces = new Set(['', ...paths.map(({ from }) => from.device.namespace)]);
  for (const namespace of namespaces) await forgetPathMtus(namespace);
  const hosts = new Set(paths.flatMap((path) => nextPort(world, path)?.host || []));
  hosts.delete(world.host);
  const underlays = new Map<string, Underlay>();
  for (const host of hosts) {
    const underlay = await measureUnderlay(world, devices, host);
    if (underlay) underlays.set(host, underlay);
  }
  const probed: Probed[] = [];
  // One after another: they would fill each other's queues, and be measured by that.
  for (const path of paths) probed.push(await measurePath(world, devices, path, underlays));
  return probed;
}

function readAddress(given: string | undefined): string | undefined {
  if (given === undefined || parseIp(given)) return given;
  throw new CommandError(`--to takes an IP address, not ${JSON.stringify(given)}.`, 2);
}

async function agentHost(given: string | undefined, stateDir: string): Promise<string> {
  if (given !== undefined) return given;
  const { readNote } = await import('../host-agent.ts');
  try {
    return readNote(stateDir).host;
  } catch {
    return hostName(undefined);
  }
}

function exitCodeOf(findings: readonly Finding[]): ExitCode {
  if (findings.length === 0) return 0;
  return findings.some(({ severity }) => severity === 'failure') ? 2 : 1;
}

/** What `--json` shows of a way. */
const plain = ({ path, hops, measured, expected, host, underlay }: Probed) => ({
  from: { kind: path.from.kind, namespace: path.from.device.namespace, device: path.from.device.name },
  to: { kind: path.to.kind, ip: path.to.ip, port: path.to.port?.id ?? null, router: path.to.router?.id ?? null },
  host,
  expected,
  ...measured,
  hops: hops.map(({ kind, namespace, device, mtu, expected: right }) => ({
    ...{ kind, namespace, device, mtu },
    expected: right,
  })),
  underlay,
});

/** `neutrino mtu probe`. */
export const mtuProbeCommand = command({
  name: 'mtu probe',
  summary: 'Send packets that must not be fragmented on the ways of a network, and name the device that is wrong.',
  detail:
    'Sends from the namespaces of this host that belong to the network (attached instances, DHCP, routers) to the gateway, to other\nports, to other hosts, and out through the router; finds the largest packet that passes, and compares it with what the\ndevices say. Needs root, ICMP echo, and the credentials of an administrator. Exit code 1: something differs; 2: packets are\nlost.',
  arguments: [{ name: 'NETWORK|PORT', doc: 'the id or name of a network, or of one port of it' }],
  options: {
    to: text('--to IP', 'send to this address only', readAddress),
    host: text('--host NAME', 'what the agent here calls this host; default: what it noted in the state folder'),
    stateDir: stateDirOption,
    cloud: cloudOption,
    language: languageOption,
  },
  examples: ['neutrino mtu probe inside', 'neutrino mtu probe web --to 203.0.113.1'],
  async run({ to, host, stateDir, cloud, language }, cli, given) {
    if (process.getuid?.() !== 0)
      throw new CommandError('It sends packets from network namespaces, which needs root: run it with sudo.', 2);
    const dir = stateDir ?? defaultStateDir();
    const say = speaker(probeSentences, language);
    const here = await agentHost(host, dir);
    const { world, compared, portId } = await withCloud(cloud, dir, async ({ networking: api }) => {
      const subject = await findSubject(api, given ?? '');
      return { ...(await worldOf(api, subject.network, here)), portId: subject.portId };
    });
    const devices = await devicesFor(world);
    const asked = { ...(portId === undefined ? {} : { portId }), ...(to === undefined ? {} : { to }) };
    const { paths, left } = choosePaths(world, stationsOf(world, devices), asked);
    if (paths.length === 0) throw new CommandError(say('notHere'), 2);
    const probed = await cli.during('sending packets', probeAll(world, devices, paths)).catch((error: unknown) => {
      throw error instanceof ProgramError
        ? new CommandError(`${error.message}; ping is of the package iputils-ping`, 2)
        : error;
    });
    const { stored, now, verdict } = compared;
    const above: Finding[] =
      verdict === 'above' ? [{ code: 'stored-above', severity: 'failure', stored, now: now.mtu }] : [];
    const findings = [...above, ...judge(world, probed)];
    const { id, name, mtu } = world.network;
    const answer = {
      network: { id, name, mtu },
      host: world.host,
      findings: findings.map((finding) => ({ ...finding, remedy: remedyOf(finding, world) })),
      ways: probed.map(plain),
      left,
    };
    cli.answer(answer, () => probeWords(world, { probed, left, findings }, say));
    return exitCodeOf(findings);
  },
});
