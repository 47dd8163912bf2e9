/** Wires between emulated hosts: veth pairs, made inside the hosts' namespaces and nowhere else. */
import { spawn } from 'node:child_process';
import { type CommandHost, collect, type LabHost } from './host.ts';

/** One end of a wire. */
export interface WireEnd {
  readonly host: LabHost;
  /** The device's name there. */
  readonly device: string;
  /** An address with prefix length to put on it. */
  readonly address?: string;
  /** A bridge of the host to put it into. */
  readonly bridge?: string;
  /** Bytes. */
  readonly mtu?: number;
}

async function dress(end: WireEnd): Promise<void> {
  const lines = [
    ...(end.mtu ? [`link set ${end.device} mtu ${end.mtu}`] : []),
    ...(end.bridge ? [`link set ${end.device} master ${end.bridge}`] : []),
    ...(end.address ? [`address add ${end.address} dev ${end.device}`] : []),
    `link set ${end.device} up`,
  ];
  await end.host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Joins two hosts by a wire. */
export async function createWire(a: WireEnd, b: WireEnd): Promise<void> {
  // Only the network namespace is entered: the other end's process is named as the machine numbers it.
  const link = `link add ${a.device} type veth peer name ${b.device} netns ${b.host.pid}\n`;
  const child = spawn('nsenter', ['-t', String(a.host.pid), '-n', '--', 'ip', '-batch', '-'], { stdio: 'pipe' });
  const outcome = await collect(child, 10_000, link);
  if (outcome.code !== 0) throw new Error(`wire ${a.device} to ${b.device}: ${outcome.stderr.trim()}`);
  await Promise.all([dress(a), dress(b)]);
}

/** Makes a bridge on a host, up. */
export async function createBridge(host: CommandHost, name: string): Promise<void> {
  const lines = [`link add ${name} type bridge stp_state 0 forward_delay 0`, `link set ${name} up`];
  await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
