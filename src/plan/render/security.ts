/** The rules of security groups as iptables rules, after Neutron's `iptables_firewall`. */
import type { HostSecurityGroup } from '../../model/host-objects.ts';
import type { IpFamily } from '../facts.ts';
import { destinationPorts, protocolText, rule } from '../rule-text.ts';
import { setName } from './names.ts';

export type GroupRule = HostSecurityGroup['rules'][number];

/** What Neutron writes beside each rule (`iptables_comments.py`), and what we write beside those that it has not. */
export const comments = {
  established: 'Direct packets associated with a known session to the RETURN chain.',
  related: 'Direct packets about a known session to the RETURN chain.',
  revoked: 'Send answers in sessions that no rule allows any more to the fallback chain.',
  revoke: 'No rule allows the session: it ends.',
  allowed: 'A rule allows the session again.',
  invalid:
    'Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack.',
  unmatched: 'Send unmatched traffic to the fallback chain.',
  dhcpClient: 'Allow DHCP client traffic.',
  dhcpSpoof: 'Prevent DHCP Spoofing by VM.',
  pairAllow: 'Allow traffic from defined IP/MAC pairs.',
  pairDrop: 'Drop traffic without an IP/MAC allow rule.',
  icmp6Allow: 'Allow IPv6 ICMP traffic.',
  raDrop: 'Drop IPv6 Router Advts from VM Instance.',
  toGroupChain: 'Direct traffic from the VM interface to the security group chain.',
  fromInstance: 'Direct incoming traffic from VM to the security group chain.',
  toPortChain: 'Jump to the VM specific chain.',
  portSecurityOff: 'Accept all packets when port security is disabled.',
} as const;

const familyName = { 4: 'IPv4', 6: 'IPv6' } as const;

/** ICMP types and codes stand in the port fields (type, code). */
function icmpMatch(protocol: string, type: number | null, code: number | null): string | null {
  if (type === null) return null;
  const value = code === null ? `${type}` : `${type}/${code}`;
  return protocol === 'icmp' ? `-m icmp --icmp-type ${value}` : `-m icmp6 --icmpv6-type ${value}`;
}

function protocolMatches(given: GroupRule, protocol: string | null): string[] {
  if (protocol === null) return [];
  const { port_range_min: first, port_range_max: last } = given;
  const icmp = protocol === 'icmp' || protocol === 'ipv6-icmp';
  const match = icmp ? icmpMatch(protocol, first, last) : destinationPorts(protocol, first, last);
  return match ? [match] : [];
}

/** A protocol in its family: icmp in an IPv6 rule is ICMPv6 (Neutron accepts both names). */
function protocolIn(family: IpFamily, protocol: string | null): string | null {
  const text = protocolText(protocol);
  if (family === 6 && text === 'icmp') return 'ipv6-icmp';
  return text;
}

/** iptables takes ICMP type 255, which is reserved, for any type: more than the rule says, so that it allows nothing instead. */
function isExpressible(given: GroupRule, family: IpFamily): boolean {
  return protocolIn(family, given.protocol) !== 'icmp' || given.port_range_min !== 255;
}

/** The id of the set of addresses that a rule refers to: a security group's, or an address group's. */
export function remoteSetOf(given: Pick<GroupRule, 'remote_group_id' | 'remote_address_group_id'>): string | null {
  return given.remote_group_id ?? given.remote_address_group_id ?? null;
}

/** One rule of a group, as it stands in a port's chain of its direction. */
export function groupRule(given: GroupRule, family: IpFamily): string {
  const ingress = given.direction === 'ingress';
  const protocol = protocolIn(family, given.protocol);
  const matches = protocolMatches(given, protocol);
  const remoteSet = remoteSetOf(given);
  if (remoteSet !== null) {
    const set = setName(remoteSet, family);
    matches.push(`-m set --match-set ${set} ${ingress ? 'src' : 'dst'}`);
  }
  const remote = given.remote_ip_prefix;
  return rule({
    source: ingress ? remote : null,
    destination: ingress ? null : remote,
    protocol,
    matches,
    jump: 'RETURN',
  });
}

/** The rules of one direction and family, without repetitions, in the order of the groups. */
export function groupRules(rules: readonly GroupRule[], direction: 'ingress' | 'egress', family: IpFamily): string[] {
  const mine = rules.filter(
    (one) => one.direction === direction && one.ethertype === familyName[family] && isExpressible(one, family),
  );
  return [...new Set(mine.map((one) => groupRule(one, family)))];
}
