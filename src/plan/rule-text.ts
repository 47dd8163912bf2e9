/**
 * The text of iptables rules: built here and nowhere else, in the spelling in which `iptables-save` prints them (1.8.9), since
 * what is wanted and what is there are compared as text. `canonicalRule` takes away the differences that are left.
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

/** Protocols by number, with the name that iptables-save prints on Debian (its own, or that of /etc/protocols). */
const protocolTable = `
1:icmp 2:igmp 3:ggp 4:ipencap 5:st 6:tcp 8:egp 9:igp 12:pup 17:udp 20:hmp 22:xns-idp 27:rdp
29:iso-tp4 33:dccp 36:xtp 37:ddp 38:idpr-cmtp 41:ipv6 43:ipv6-route 44:ipv6-frag 45:idrp 46:rsvp
47:gre 50:esp 51:ah 57:skip 58:ipv6-icmp 59:ipv6-nonxt 60:ipv6-opts 73:rspf 81:vmtp 88:eigrp 89:ospf
93:ax.25 94:ipip 97:etherip 98:encap 103:pim 108:ipcomp 112:vrrp 115:l2tp 124:isis 132:sctp 133:fc
135:mobility-header 136:udplite 137:mpls-in-ip 138:manet 139:hip 140:shim6 141:wesp 142:rohc
143:ethernet 262:mptcp`;
const protocolNames = new Map(
  protocolTable
    .trim()
    .split(/\s+/)
    .map((entry): [number, string] => [Number.parseInt(entry, 10), entry.slice(entry.indexOf(':') + 1)]),
);
const protocolNumbers = new Map([...protocolNames].map(([number, name]) => [name, number]));

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

/** The number of a protocol given by name or number; undefined where it is unknown. */
export function protocolNumber(protocol: string): number | undefined {
  if (/^\d{1,3}$/.test(protocol)) return Number(protocol);
  return protocolNumbers.get(protocol) ?? otherNames[protocol];
}

/** Protocols that iptables knows by name even where there is no /etc/protocols. */
const builtIn: ReadonlySet<string> = new Set(['icmp', 'tcp', 'udp', 'esp', 'ah', 'ipv6-icmp', 'sctp', 'udplite']);

/** The name of a protocol given by name or number; an unknown one as it was given. Null: any (0 too). */
export function protocolName(protocol: string | null): string | null {
  const number = protocol === null ? 0 : protocolNumber(protocol);
  if (number === undefined) return protocol;
  return number === 0 ? null : (protocolNames.get(number) ?? String(number));
}

/**
 * A protocol as rules carry it; null for any. Those that not every machine knows by name go by number, which always loads; their
 * print-out is one of the few that differ from what was loaded (`canonicalRule`).
 */
export function protocolText(protocol: string | null): string | null {
  const name = protocolName(protocol);
  return name === null || builtIn.has(name) ? name : String(protocolNumber(name) ?? name);
}

/** Whether a protocol has ports, and by which match iptables reads them. */
function portMatch(given: string): string | null {
  const protocol = protocolName(given) ?? given;
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
