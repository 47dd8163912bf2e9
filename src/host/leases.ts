/** The leases of a dnsmasq: reads its file, writes it while dnsmasq is not there, and releases leases of one that runs. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeasesOf, Namespace } from '../plan/facts.ts';
import { orMissing, writeWhole } from './files.ts';
import { inNamespace } from './namespaces.ts';
import { describe, run } from './run.ts';
import { word } from './shell-helper.ts';

/** A line of the file: an IPv4 lease by MAC address, an IPv6 lease by DUID. */
type Lease =
  | { readonly version: 4; readonly line: string; readonly ip: string; readonly mac: string; readonly clientId: string }
  | { readonly version: 6; readonly line: string; readonly ip: string; readonly iaid: string; readonly duid: string };

interface LeaseFile {
  readonly leases: readonly Lease[];
  /** The server's own DUID; '' where it has none yet. */
  readonly serverId: string;
}

/** Reads the file as dnsmasq writes it: leases of IPv4, the line of its DUID, leases of IPv6. Temporary addresses (T) are no leases of ours. */
export function parseLeases(text: string): LeaseFile {
  const leases: Lease[] = [];
  let serverId = '';
  for (const line of text.split('\n')) {
    const [first = '', second = '', ip = '', , last = ''] = line.split(' ');
    if (first === 'duid') serverId = second;
    else if (ip.includes(':')) leases.push({ version: 6, line, ip, iaid: second, duid: last });
    else if (ip !== '') leases.push({ version: 4, line, ip, mac: second.toLowerCase(), clientId: last });
  }
  return { leases, serverId };
}

/** The addresses of a file of hosts, each with its MAC address. */
export function parseHosts(text: string): Map<string, string> {
  const hosts = new Map<string, string>();
  for (const line of text.split('\n')) {
    const parts = line.split(',');
    const ip = parts.at(-1)?.replaceAll(/[[\]]/g, '');
    if (parts[0] && ip && parts.length > 2) hosts.set(ip, parts[0].toLowerCase());
  }
  return hosts;
}

/** The MAC address that a DUID of type LLT or LL has in it; undefined for others. */
function macOfDuid(duid: string): string | undefined {
  return /^00:0[13]:00:01:(?:.{12})?((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$/i.exec(duid)?.[1]?.toLowerCase();
}

/** Whether a lease is that of the host which has its address now. */
function isHosts(lease: Lease, hosts: ReadonlyMap<string, string>): boolean {
  const mac = hosts.get(lease.ip);
  if (mac === undefined) return false;
  return lease.version === 4 ? lease.mac === mac : (macOfDuid(lease.duid) ?? mac) === mac;
}

const textOf = async (path: string) => (await orMissing(readFile(path, 'utf8'))) ?? '';

async function look(of: LeasesOf) {
  const file = parseLeases(await textOf(of.file));
  const hosts = parseHosts(await textOf(of.hostsFile));
  return { ...file, hosts, strangers: file.leases.filter((lease) => !isHosts(lease, hosts)) };
}

/** The addresses of the leases of hosts that are gone. */
export async function strangersOf(of: LeasesOf): Promise<string[]> {
  return (await look(of)).strangers.map(({ ip }) => ip);
}

/** Writes the file for a dnsmasq that is to start: a lease for each IPv4 host, none for strangers. */
export async function seedLeases(of: LeasesOf): Promise<void> {
  const { leases, serverId, hosts, strangers } = await look(of);
  const kept = leases.filter((lease) => !strangers.includes(lease));
  const leased = new Set(kept.map(({ ip }) => ip));
  const end = of.seconds < 0 ? 0 : Math.floor(Date.now() / 1000) + of.seconds;
  const made = [...hosts].filter(([ip]) => !ip.includes(':') && !leased.has(ip));
  const lines = [
    ...kept.filter(({ version }) => version === 4).map(({ line }) => line),
    ...made.map(([ip, mac]) => `${end} ${mac} ${ip} * *`),
    ...(serverId === '' ? [] : [`duid ${serverId}`]),
    ...kept.filter(({ version }) => version === 6).map(({ line }) => line),
  ];
  await writeWhole(of.file, lines.map((line) => `${line}\n`).join(''), 0o644);
}

function releaseCommand(lease: Lease, device: string, serverId: string): string {
  if (lease.version === 4) {
    const id = lease.clientId === '*' || lease.clientId === '' ? [] : [lease.clientId];
    return ['dhcp_release', device, lease.ip, lease.mac, ...id].map(word).join(' ');
  }
  const { ip, duid, iaid } = lease;
  const client = ['--iface', device, '--ip', ip, '--server-id', serverId, '--client-id', duid, '--iaid', iaid];
  // It waits a second for an answer that need not come: all at once.
  return `${['dhcp_release6', ...client].map(word).join(' ')} &`;
}

/** Leases that one program releases. */
const perProgram = 200;
/** Milliseconds that dnsmasq is given to take releases in; a large file of hosts holds it up before that. */
const takenInMs = 3000;

/**
 * Releases the leases of hosts that are gone; false where some are still there after that. Throws a CommandError when the program that
 * releases cannot be run.
 */
export async function releaseStrangers(of: LeasesOf, namespace: Namespace): Promise<boolean> {
  const { strangers, serverId } = await look(of);
  if (strangers.length === 0) return true;
  for (let from = 0; from < strangers.length; from += perProgram) {
    const some = strangers.slice(from, from + perProgram);
    const script = [...some.map((lease) => releaseCommand(lease, of.device, serverId)), 'wait'].join('\n');
    await run(inNamespace(namespace, ['sh', '-c', script]), { deadlineMs: takenInMs + 10_000 });
  }
  const end = Date.now() + takenInMs;
  for (;;) {
    const left = await strangersOf(of);
    if (left.length === 0) return true;
    if (Date.now() > end) return false;
    await sleep(10);
  }
}

/** Releases as far as it can: false where dnsmasq has to be started anew for what is left. */
export async function tryRelease(of: LeasesOf, namespace: Namespace, log: (line: string) => void): Promise<boolean> {
  try {
    return await releaseStrangers(of, namespace);
  } catch (error) {
    log(`leases could not be released, so dnsmasq is started anew: ${describe(error)}`);
    return false;
  }
}
