/** Looks at the host's network as far as a move concerns it. Reads only. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { orMissing } from '../host/files.ts';
import { run } from '../host/run.ts';
import { type AddressEntry, readAddress, readRoutes, readRules } from './decide/words.ts';
import { readOvs } from './ovs.ts';
import type { LinkDns, Neighbour, NicDevice, Snapshot } from './types.ts';

interface DeviceEntry {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string;
  readonly link?: string;
  readonly link_type: string;
  readonly address?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_slave_kind?: string };
  readonly addr_info?: readonly AddressEntry[];
}

interface NeighbourEntry {
  readonly dst: string;
  readonly lladdr?: string;
  readonly state?: readonly string[];
  readonly proxy?: null;
}

interface GroupEntry {
  readonly maddr: readonly { readonly family?: string; readonly address?: string }[];
}

function readDevice(entry: DeviceEntry): NicDevice {
  const { info_kind: kind, info_slave_kind: portKind } = entry.linkinfo ?? {};
  return {
    name: entry.ifname,
    index: entry.ifindex,
    linkType: entry.link_type,
    ...(kind === undefined ? {} : { kind }),
    ...(portKind === undefined ? {} : { portKind }),
    mac: entry.address ?? '',
    mtu: entry.mtu,
    up: entry.flags.includes('UP'),
    carrier: entry.flags.includes('LOWER_UP'),
    ...(entry.master === undefined ? {} : { master: entry.master }),
    ...(entry.link === undefined ? {} : { lower: entry.link }),
    addresses: (entry.addr_info ?? []).map(readAddress).filter((address) => address !== undefined),
  };
}

async function ipText(...words: string[]): Promise<string> {
  return (await run(['ip', ...words])).stdout;
}

async function ipJson<T>(...words: string[]): Promise<T[]> {
  const text = await ipText('-j', ...words);
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}

const learned = ['REACHABLE', 'STALE', 'DELAY', 'PROBE'];

async function readNeighbours(device: string): Promise<Neighbour[]> {
  const [known, proxied] = await Promise.all([
    ipJson<NeighbourEntry>('neigh', 'show', 'dev', device),
    ipJson<NeighbourEntry>('neigh', 'show', 'proxy', 'dev', device),
  ]);
  const entries = known
    .filter(({ lladdr, state }) => lladdr !== undefined && state?.some((s) => s === 'PERMANENT' || learned.includes(s)))
    .map(({ dst, lladdr, state }) => ({ dst, mac: lladdr ?? '', permanent: state?.includes('PERMANENT') ?? false }));
  return [...entries, ...proxied.map(({ dst }) => ({ dst, permanent: true }))];
}

/** Groups that the kernel joins by itself: all hosts, all nodes, solicited nodes, all routers, all snoopers. */
const ownGroups = /^(224\.0\.0\.(1|2|22|106)|ff0[125]::(1|2|16|6a)|ff02::1:ff[0-9a-f:]+)$/i;

async function readGroups(device: string): Promise<string[]> {
  const entries = await ipJson<GroupEntry>('maddr', 'show', 'dev', device);
  return entries
    .flatMap(({ maddr }) => maddr)
    .filter(({ family, address }) => (family === 'inet' || family === 'inet6') && !ownGroups.test(address ?? ''))
    .map(({ address }) => address ?? '');
}

const settingFolders = ['ipv4/conf', 'ipv6/conf', 'ipv4/neigh', 'ipv6/neigh'];

async function readSettings(device: string): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const folder of settingFolders) {
    const path = `/proc/sys/net/${folder}/${device}`;
    for (const name of (await orMissing(readdir(path))) ?? []) {
      // Some can be written alone (stable_secret before it is set).
      const value = await readFile(`${path}/${name}`, 'utf8').catch(() => undefined);
      if (value !== undefined) settings[`${folder}/DEV/${name}`] = value.trim();
    }
  }
  return settings;
}

/** The words after `Link 2 (ens0):` of an answer of resolvectl. */
async function linkWords(what: 'dns' | 'domain', device: string): Promise<string[]> {
  const { stdout } = await run(['resolvectl', '--no-pager', what, device]);
  const text = /^Link \d+ \([^)]*\):(.*)$/s.exec(stdout.trim())?.[1] ?? '';
  return text.split(/\s+/).filter(Boolean);
}

async function readDns(device: string): Promise<LinkDns> {
  const [servers, domains] = await Promise.all([linkWords('dns', device), linkWords('domain', device)]);
  return { servers, domains };
}

/** What systemd-resolved knows by the devices; undefined where it does not run. */
async function readAllDns(names: readonly string[]): Promise<Record<string, LinkDns> | undefined> {
  if (!existsSync('/run/systemd/resolve/stub-resolv.conf')) return undefined;
  return byDevice(names, readDns).catch(() => undefined);
}

/** Which boot this is. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Seconds since boot; no change of the clock touches it. */
export async function uptime(): Promise<number> {
  return Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
}

async function byDevice<T>(names: readonly string[], read: (device: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
}

/** What is there now; neighbours, groups and settings of the devices named `names` alone. */
export async function takeSnapshot(names: readonly string[], withOvs: boolean): Promise<Snapshot> {
  const [entries, four, six, rulesFour, rulesSix, at, boot] = await Promise.all([
    ipJson<DeviceEntry>('-d', 'addr', 'show'),
    ipText('-4', '-d', 'route', 'show', 'table', 'all'),
    ipText('-6', '-d', 'route', 'show', 'table', 'all'),
    ipText('-4', '-d', 'rule', 'show'),
    ipText('-6', '-d', 'rule', 'show'),
    uptime(),
    bootId(),
  ]);
  const devices = entries.map(readDevice);
  const there = names.filter((name) => devices.some((device) => device.name === name));
  const [neighbours, groups, settings, ovs, dns] = await Promise.all([
    byDevice(there, readNeighbours),
    byDevice(there, readGroups),
    byDevice(there, readSettings),
    withOvs ? readOvs() : undefined,
    readAllDns(there),
  ]);
  const routes = [...readRoutes(four, 4), ...readRoutes(six, 6)];
  const rules = [...readRules(rulesFour, 4), ...readRules(rulesSix, 6)];
  return {
    at,
    bootId: boot,
    devices,
    routes,
    rules,
    neighbours,
    groups,
    settings,
    ...(ovs ? { ovs } : {}),
    ...(dns ? { dns } : {}),
  };
}
