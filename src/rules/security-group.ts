/**
 * Security-group rules: what a request means, which are impossible, which are the same. Faults and sentences are Neutron's
 * (neutron/db/securitygroups_db.py, neutron/extensions/securitygroup.py).
 */
import { formatCidr, parseCidr } from '../lib/ip.ts';
import {
  ruleEthertypeConflictsWithPrefix,
  ruleEthertypeConflictsWithProtocol,
  ruleHasTwoRemotes,
  ruleIcmpTypeMissing,
  ruleIcmpValueInvalid,
  rulePortInvalid,
  rulePortRangeInvalid,
  ruleProtocolRequired,
  ruleProtocolUnknown,
  ruleProtocolWithoutPorts,
  securityGroupConflict,
} from '../model/faults.ts';
import type { securityGroupRule } from '../model/index.ts';
import type { Row } from '../model/language.ts';

/** The protocol names that rules accept, and their numbers (neutron_lib.constants.IP_PROTOCOL_MAP). */
export const protocolNumbers: Readonly<Record<string, number>> = {
  ah: 51,
  dccp: 33,
  egp: 8,
  esp: 50,
  gre: 47,
  hopopt: 0,
  icmp: 1,
  icmpv6: 58,
  igmp: 2,
  ip: 0,
  ipip: 4,
  'ipv6-encap': 41,
  'ipv6-frag': 44,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  'ipv6-route': 43,
  ospf: 89,
  pgm: 113,
  rsvp: 46,
  sctp: 132,
  tcp: 6,
  udp: 17,
  udplite: 136,
  vrrp: 112,
};

/** The protocols that have ports. */
const portProtocols = ['dccp', 'sctp', 'tcp', 'udp', 'udplite'] as const;
/** The protocols, by name or number, that only IPv6 has. */
const onlyIpv6 = ['ipv6-encap', 'ipv6-frag', 'ipv6-icmp', 'icmpv6', 'ipv6-nonxt', 'ipv6-opts', 'ipv6-route'];
const onlyIpv6Numbers = ['41', '44', '58', '59', '60', '43'];

type RuleRow = Row<typeof securityGroupRule>;

/** What makes a rule this rule and no other. */
export type RuleMatch = Pick<
  RuleRow,
  | 'direction'
  | 'ethertype'
  | 'protocol'
  | 'port_range_min'
  | 'port_range_max'
  | 'remote_ip_prefix'
  | 'remote_group_id'
  | 'remote_address_group_id'
>;

function canonicalProtocol(given: string | null, ethertype: RuleMatch['ethertype']): string | null {
  const protocol = given?.toLowerCase() ?? null;
  if (protocol === null || protocol === 'any' || protocol === '') return null;
  if (/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255) {
    const number = String(Number(protocol));
    return ethertype === 'IPv6' && number === '1' ? '58' : number;
  }
  if (!Object.hasOwn(protocolNumbers, protocol)) {
    throw ruleProtocolUnknown(
      given ?? '',
      `['any', ${Object.keys(protocolNumbers)
        .map((name) => `'${name}'`)
        .join(', ')}]`,
    );
  }
  return ethertype === 'IPv6' && (protocol === 'icmp' || protocol === 'icmpv6') ? 'ipv6-icmp' : protocol;
}

/** The number of a protocol that is given by name or number. */
export function protocolNumber(protocol: string): number {
  return protocolNumbers[protocol] ?? Number(protocol);
}

function checkPorts({ protocol, port_range_min: min, port_range_max: max }: RuleMatch): void {
  if (min === null && max === null) return;
  if (protocol === null) throw ruleProtocolRequired();
  const number = protocolNumber(protocol);
  if (portProtocols.some((name) => protocolNumbers[name] === number)) {
    if (min === 0 || max === 0) throw rulePortInvalid(0);
    if (min === null || max === null || min > max) throw rulePortRangeInvalid();
    return;
  }
  if (number !== 1 && number !== 58) {
    throw ruleProtocolWithoutPorts(String(number), portProtocols.join(', ').toUpperCase());
  }
  if (min !== null && min > 255) throw ruleIcmpValueInvalid('type', 'port_range_min', min);
  if (max !== null && max > 255) throw ruleIcmpValueInvalid('code', 'port_range_max', max);
  if (min === null && max !== null) throw ruleIcmpTypeMissing(max);
}

function checkEthertype({ ethertype, protocol, remote_ip_prefix: prefix }: RuleMatch): void {
  if (prefix !== null && parseCidr(prefix)?.version !== (ethertype === 'IPv4' ? 4 : 6)) {
    throw ruleEthertypeConflictsWithPrefix(ethertype, prefix);
  }
  if (ethertype === 'IPv4' && protocol !== null && [...onlyIpv6, ...onlyIpv6Numbers].includes(protocol)) {
    throw ruleEthertypeConflictsWithProtocol(ethertype, protocol);
  }
}

/**
 * The rule as it is kept: "any" is no protocol, ICMP for IPv6 is ipv6-icmp, the whole range of ports is no range. Throws the
 * fault of a rule that cannot be.
 */
export function canonicalRule<T extends RuleMatch>(given: T): T {
  const whole = given.port_range_min === 1 && given.port_range_max === 65535;
  const rule: T = {
    ...given,
    protocol: canonicalProtocol(given.protocol, given.ethertype),
    port_range_min: whole ? null : given.port_range_min,
    port_range_max: whole ? null : given.port_range_max,
  };
  checkPorts(rule);
  checkEthertype(rule);
  const remotes = [rule.remote_ip_prefix, rule.remote_group_id, rule.remote_address_group_id];
  if (remotes.filter((remote) => remote !== null).length > 1) throw ruleHasTwoRemotes();
  return rule;
}

/** The prefixes, without host bits, that mean the same as the rule's: a rule without one and a rule with /0 let through the same. */
export function equalPrefixes({ ethertype, remote_ip_prefix }: RuleMatch): (string | null)[] {
  const prefix = normalizedCidr(remote_ip_prefix);
  const all = ethertype === 'IPv4' ? '0.0.0.0/0' : '::/0';
  return prefix === null || prefix === all ? [null, all] : [prefix];
}

/** Two rules with one key let through the same packets: protocol names and numbers are one, and so are /0 and no prefix. */
export function ruleKey(rule: RuleMatch): string {
  return JSON.stringify([
    rule.direction,
    rule.ethertype,
    rule.protocol === null ? null : protocolNumber(rule.protocol),
    rule.port_range_min,
    rule.port_range_max,
    equalPrefixes(rule)[0],
    rule.remote_group_id,
    rule.remote_address_group_id,
  ]);
}

/** What stands for the group itself in the template of a rule. */
export const PARENT = 'PARENT';

/** The rules of a new group from the templates that are for it: what refers to the group itself names it. */
export function rulesFromTemplates(templates: readonly RuleMatch[], groupId: string): RuleMatch[] {
  return templates.map((rule) => ({
    direction: rule.direction,
    ethertype: rule.ethertype,
    protocol: rule.protocol,
    port_range_min: rule.port_range_min,
    port_range_max: rule.port_range_max,
    remote_ip_prefix: rule.remote_ip_prefix,
    remote_group_id: rule.remote_group_id === PARENT ? groupId : rule.remote_group_id,
    remote_address_group_id: rule.remote_address_group_id,
  }));
}

/** The prefix of a rule with its host bits cleared. */
export function normalizedCidr(prefix: string | null): string | null {
  const cidr = prefix === null ? undefined : parseCidr(prefix);
  return cidr ? formatCidr(cidr) : null;
}

/** A port cannot have both stateful and stateless groups. */
export function checkGroupsTogether(groups: readonly { readonly stateful: boolean }[]): void {
  if (groups.some((group) => group.stateful) && groups.some((group) => !group.stateful)) {
    throw securityGroupConflict(
      'Cannot apply both stateful and stateless security groups on the same port at the same time',
    );
  }
}
