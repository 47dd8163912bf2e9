/** What of this machine the commands need: randomness, its name, what this process may do. */
import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { Random } from '../lib/random.ts';
import { CommandError } from './command.ts';

/** The randomness of the machine. */
export const systemRandom: Random = { below: (limit) => randomInt(limit), uuid: () => randomUUID() };

/** What this host is called in bindings: what is configured, else the machine's name. */
export function hostName(configured: string | undefined): string {
  return configured || hostname();
}

/** The bits of Linux capabilities that the agent cannot do without. */
const needed = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

/** The capabilities that this process lacks to be an agent. */
function missingCapabilities(): string[] {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const bits = BigInt(`0x${effective}`);
  return Object.entries(needed)
    .filter(([, bit]) => ((bits >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => name);
}

const programs: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  iptables: 'iptables',
  ipset: 'ipset',
  nft: 'nftables',
  conntrack: 'conntrack',
  dnsmasq: 'dnsmasq-base',
  arping: 'iputils-arping',
};

function missingPackages(): string[] {
  const folders = (process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(':');
  const isThere = (program: string) => folders.some((folder) => existsSync(`${folder}/${program}`));
  return Object.entries(programs)
    .filter(([program]) => !isThere(program))
    .map(([, name]) => name);
}

/** Throws a CommandError where this process cannot change the host's network; `instead` says what to do without. */
export function requireAgentRights(instead: string): void {
  const capabilities = missingCapabilities();
  if (process.getuid?.() !== 0 || capabilities.length > 0) {
    const lacks = process.getuid?.() !== 0 ? '' : ` (it lacks ${capabilities.join(', ')})`;
    throw new CommandError(
      `The agent changes the network of this host and needs root${lacks}: run it as root, ${instead}.`,
    );
  }
  const packages = missingPackages();
  if (packages.length > 0)
    throw new CommandError(
      `The agent needs programs that are missing: apt-get install ${packages.join(' ')}, ${instead}.`,
    );
}

/** The address under which others reach a server that listens on `host`: for a wildcard, one of this machine's. */
export function reachableHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}

/** `http://host:port`, with brackets around IPv6. */
export function httpUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
