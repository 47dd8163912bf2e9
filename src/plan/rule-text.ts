/**
 * The text of iptables rules: built here and nowhere else, in the spelling in which `iptables-save` prints them (1.8.9), since
 * what is wanted and what is there are compared as text. `canonicalRule` takes away the differences that other versions show.
 */
import { parseCidr } from '../lib/ip.ts';

/** The parts of a rule. They are printed in the order in which iptables-save prints them. */
export interface RuleParts {
  /** Source and destination: an address or a prefix; null or a prefix of length 0 is any. */
  readonly source?: string | null;
  readonly destination?: string | null;
  /** Devices; a leading '! ' negates. */
  readonly input?: string;
  readonly output?: string;
  /** A protocol by name or number; null is any. */
  readonly protocol?: string | null;
  /** Matches, each with its `-m`, in their order. */
  readonly matches?: readonly string[];
  readonly comment?: string;
  /** Target with its options: 'RETURN', 'DNAT --to-destination 10.0.0.5'. */
  readonly jump: string;
}

/** Protocols by the name that iptables-save prints; the ones that it may not know by name are printed as numbers. */
const protocolNumbers: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  dccp: 33,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  ospf: 89,
  ipip: 94,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  l2tp: 115,
  'mobility-header': 135,
};
const protocolNames = new Map(Object.entries(protocolNumbers).map(([name, number]) => [number, name]));

/** Names that the Networking API or another iptables uses for the same protocols, and those that no Debian knows by name. */
const otherNames: Readonly<Record<string, number>> = {
  icmpv6: 58,
  'ipv6-encap': 41,
  'ipv6-frag': 44,
  pgm: 113,
  mh: 135,
  'ipv6-mh': 135,
  any: 0,
  all: 0,
  ip: 0,
};

function protocolNumber(protocol: string): number | undefined {
  if (/^\d{1,3}$/.test(protocol)) return Number(protocol);
  return protocolNumbers[protocol] ?? otherNames[protocol];
}

/** A protocol as iptables-save prints it; null where it is any (0 too). */
export function protocolText(protocol: string | null): string | null {
  if (protocol === null) return null;
  const number = protocolNumber(protocol);
  if (number === undefined) return protocol;
  return number === 0 ? null : (protocolNames.get(number) ?? String(number));
}

/** Whether a protocol has ports, and by which match iptables reads them. */
function portMatch(protocol: string): string | null {
  if (['tcp', 'udp', 'sctp', 'dccp'].includes(protocol)) return `-m ${protocol} --dport`;
  return protocol === 'udplite' ? '-m multiport --dports' : null;
}

/** A match on destination ports; null where the protocol has none, or where all ports are meant. */
export function destinationPorts(protocol: string, first: number | null, last: number | null): string | null {
  const match = portMatch(protocol);
  if (!match || first === null || (first <= 0 && (last ?? first) >= 65535)) return null;
  return `${match} ${first === (last ?? first) ? first : `${first}:${last}`}`;
}

/** A prefix as iptables-save prints it: with its length, host bits cleared; null for any. */
export function prefixText(prefix: string | null | undefined): string | null {
  const slash = prefix?.indexOf('/') ?? -1;
  if (!prefix || prefix.endsWith('/0')) return null;
  if (slash >= 0) return prefix;
  return `${prefix}/${parseCidr(prefix)?.length ?? (prefix.includes(':') ? 128 : 32)}`;
}

function device(flag: string, name: string): string {
  return name.startsWith('! ') ? `! ${flag} ${name.slice(2)}` : `${flag} ${name}`;
}

/** The text of a rule, without `-A CHAIN `. */
export function rule(parts: RuleParts): string {
  const source = prefixText(parts.source);
  const destination = prefixText(parts.destination);
  const protocol = protocolText(parts.protocol ?? null);
  return [
    source && `-s ${source}`,
    destination && `-d ${destination}`,
    parts.input && device('-i', parts.input),
    parts.output && device('-o', parts.output),
    protocol && `-p ${protocol}`,
    ...(parts.matches ?? []),
    parts.comment && `-m comment --comment ${quoted(parts.comment)}`,
    `-j ${parts.jump}`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** iptables-save quotes an argument only where it must. */
function quoted(text: string): string {
  return /^[\w.:+-]+$/.test(text) ? text : `"${text}"`;
}

/** The chain (or target) that a rule jumps to. */
export function jumpOf(text: string): string | null {
  return / ?-j (\S+)/.exec(text)?.[1] ?? null;
}

/** The ipset that a rule looks into. */
export function setOf(text: string): string | null {
  return /--match-set (\S+)/.exec(text)?.[1] ?? null;
}

/**
 * One spelling for a rule, whichever version printed it: protocols as numbers, MAC addresses in small letters, states sorted,
 * single addresses with their length. For comparison only, never to be loaded.
 */
export function canonicalRule(text: string): string {
  return text
    .replace(/(^| )-p (\S+)/, (all, space: string, name: string) => {
      const number = protocolNumber(name);
      return number === undefined ? all : `${space}-p ${number}`;
    })
    .replace(/--mac-source (\S+)/, (_all, mac: string) => `--mac-source ${mac.toLowerCase()}`)
    .replace(/--(ct)?state (\S+)/, (_all, ct: string | undefined, states: string) => {
      return `--${ct ?? ''}state ${states.split(',').sort().join(',')}`;
    })
    .replace(/(^| )-([sd]) (\S+)/g, (_all, space: string, flag: string, prefix: string) => {
      return `${space}-${flag} ${prefixText(prefix) ?? prefix}`;
    })
    .replace(/--comment "([\w.:+-]+)"/, '--comment $1');
}

/** Whether two lists of rules mean the same. */
export function sameRules(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((text, index) => {
    const other = b[index] ?? '';
    return text === other || canonicalRule(text) === canonicalRule(other);
  });
}
