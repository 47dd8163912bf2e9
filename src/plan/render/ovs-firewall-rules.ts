/** The rules of security groups as flows. */
import { protocolNumber } from '../../rules/security-group.ts';
import type { IpFamily } from '../facts.ts';
import { type Flow, resubmit } from '../flow-text.ts';
import { wasFound } from './ovs-tables.ts';
import { type GroupRule, remoteSetOf } from './security.ts';

/** A range of ports as values with masks, as few as there can be. */
export function portMasks(first: number, last: number): { value: number; mask: number }[] {
  const masks: { value: number; mask: number }[] = [];
  for (let value = first; value <= last; ) {
    let size = 1;
    while (value % (size * 2) === 0 && value + size * 2 - 1 <= last && size < 65536) size *= 2;
    masks.push({ value, mask: 65536 - size });
    value += size;
  }
  return masks;
}

const familyNames = { 4: 'ip', 6: 'ipv6' } as const;
const icmpNumber = { 4: 1, 6: 58 } as const;
const withPorts: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };
/** Protocols with ports that Open vSwitch does not read: DCCP, UDP-Lite. */
const unreadPorts = [33, 136];

/** The number of a rule's protocol; 0 is any. In an IPv6 rule icmp is ICMPv6. */
function numberIn(family: IpFamily, protocol: string | null): number {
  const number = protocol === null ? 0 : (protocolNumber(protocol) ?? 0);
  return family === 6 && number === 1 ? 58 : number;
}

function icmpFields(given: GroupRule, family: IpFamily): string[] {
  const { port_range_min: type, port_range_max: code } = given;
  const name = family === 4 ? 'icmp' : 'icmp6';
  if (type === null) return [name];
  return [name, `icmp_type=${type}`, ...(code === null ? [] : [`icmp_code=${code}`])];
}

function portFields(name: string, given: GroupRule): string[][] {
  const first = given.port_range_min;
  if (first === null) return [[name]];
  const text = (value: number) => `0x${value.toString(16)}`;
  return portMasks(first, given.port_range_max ?? first).map(({ value, mask }) => {
    if (mask === 0) return [name];
    return [name, mask === 65535 ? `tp_dst=${value}` : `tp_dst=${text(value)}/${text(mask)}`];
  });
}

/** What of a packet must be so: one list for each flow that the rule needs. None: it cannot be written, and allows nothing. */
function protocolFields(given: GroupRule, family: IpFamily): string[][] {
  const number = numberIn(family, given.protocol);
  if (number === 0) return [[familyNames[family]]];
  if (number === icmpNumber[family]) return [icmpFields(given, family)];
  const name = withPorts[number];
  if (name) return portFields(family === 4 ? name : `${name}6`, given);
  if (unreadPorts.includes(number) && given.port_range_min !== null) return [];
  return [[familyNames[family], `nw_proto=${number}`]];
}

/** A prefix as flows are printed with it; undefined: any. */
export function addressText(prefix: string | null): string | undefined {
  if (prefix === null || prefix.endsWith('/0')) return undefined;
  return prefix.replace(prefix.includes(':') ? /\/128$/ : /\/32$/, '');
}

/** The field of a packet's source or destination address. */
export const addressField = (family: IpFamily, end: 'src' | 'dst'): string => `${family === 4 ? 'nw' : 'ipv6'}_${end}`;

/** The sets that rules of one direction refer to, in the order in which a port looks into them. */
export function setsOf(rules: readonly GroupRule[], direction: GroupRule['direction']): string[] {
  const mine = rules.filter((rule) => rule.direction === direction);
  return [...new Set(mine.flatMap((rule) => remoteSetOf(rule) ?? []))].sort();
}

/** Where the flows of rules stand, and what they do with what they allow. */
export interface RulePlace {
  readonly table: number;
  readonly priority: number;
  /** What tells the port, and that its connections are tracked. */
  readonly match: readonly string[];
  /** The table in which what is allowed goes on. */
  readonly accept: number;
}

/** The flows of the rules of one direction; `sets` are those that the port looks into. */
export function ruleFlows(
  rules: readonly GroupRule[],
  direction: GroupRule['direction'],
  sets: readonly string[],
  { table, priority, match, accept }: RulePlace,
): Flow[] {
  const end = direction === 'ingress' ? 'src' : 'dst';
  return rules.flatMap((rule): Flow[] => {
    if (rule.direction !== direction) return [];
    const family = rule.ethertype === 'IPv4' ? 4 : 6;
    const prefix = addressText(rule.remote_ip_prefix);
    const remote = prefix === undefined ? [] : [`${addressField(family, end)}=${prefix}`];
    const set = remoteSetOf(rule);
    const index = set === null ? -1 : sets.indexOf(set);
    if (set !== null && index < 0) return [];
    const member = set === null ? [] : [wasFound(index)];
    return protocolFields(rule, family).map((fields) => ({
      table,
      priority,
      match: [...match, ...fields, ...remote, ...member],
      actions: [resubmit(accept)],
    }));
  });
}
