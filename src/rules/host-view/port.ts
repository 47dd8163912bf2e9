/** Host objects of instances' ports and of what filters them. */
import type { HostAddressSet, HostPort, HostSecurityGroup } from '../../model/host-objects.ts';
import type { securityGroup, securityGroupRule } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { protocolNumber } from '../security-group.ts';
import { byText, hostAddresses, ipsOf, type PortRow, type Subnets } from './addresses.ts';

/** `port/<id>`. */
export function hostPort(row: PortRow, subnets: Subnets): HostPort {
  return {
    kind: 'port',
    id: row.id,
    network_id: row.network_id,
    mac_address: row.mac_address,
    fixed_ips: hostAddresses(row, subnets),
    admin_state_up: row.admin_state_up,
    device_id: row.device_id,
    device_owner: row.device_owner,
    port_security_enabled: row.port_security_enabled,
    allowed_address_pairs: row.allowed_address_pairs,
    security_groups: [...row.security_groups].sort(),
  };
}

// The names that iptables knows by itself; for others it looks into /etc/protocols, which a small host does not have.
const knownNames = ['tcp', 'udp', 'udplite', 'sctp', 'icmp', 'ipv6-icmp', 'esp', 'ah'];

// Protocol 0 is any to iptables.
function filterProtocol(protocol: string | null): string | null {
  if (protocol === null || knownNames.includes(protocol)) return protocol;
  const number = protocolNumber(protocol);
  return number === 0 ? null : String(number);
}

/** `security_group/<id>`. */
export function hostSecurityGroup(
  group: Row<typeof securityGroup>,
  rules: readonly Row<typeof securityGroupRule>[],
): HostSecurityGroup {
  const seen = rules.map((rule) => ({
    id: rule.id,
    direction: rule.direction,
    ethertype: rule.ethertype === 'IPv6' ? ('IPv6' as const) : ('IPv4' as const),
    protocol: filterProtocol(rule.protocol),
    port_range_min: rule.port_range_min,
    port_range_max: rule.port_range_max,
    remote_ip_prefix: rule.remote_ip_prefix,
    remote_group_id: rule.remote_group_id,
  }));
  return {
    kind: 'security_group',
    id: group.id,
    stateful: group.stateful,
    rules: seen.sort(byText((rule) => rule.id)),
  };
}

// A set of addresses cannot hold the prefix of everything; its two halves it can.
const halves: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['0.0.0.0/1', '128.0.0.0/1'],
  '::/0': ['::/1', '8000::/1'],
};

const bare = (prefix: string) => prefix.replace(prefix.includes(':') ? /\/128$/ : /\/32$/, '');

/** `address_set/<id>`: the fixed addresses of the members and what their address pairs allow. */
export function hostAddressSet(
  groupId: string,
  members: readonly Pick<PortRow, 'fixed_ips' | 'allowed_address_pairs'>[],
): HostAddressSet {
  const all = new Set<string>();
  for (const member of members) {
    for (const ip of ipsOf(member)) all.add(ip);
    for (const pair of member.allowed_address_pairs) {
      for (const prefix of halves[pair.ip_address] ?? [bare(pair.ip_address)]) all.add(prefix);
    }
  }
  const sorted = [...all].sort();
  return {
    kind: 'address_set',
    id: groupId,
    ipv4: sorted.filter((ip) => !ip.includes(':')),
    ipv6: sorted.filter((ip) => ip.includes(':')),
  };
}
