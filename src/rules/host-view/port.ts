/** Host objects of instances' ports and of what filters them. */
import type { HostAddressSet, HostLocalIp, HostPort, HostQos, HostSecurityGroup } from '../../model/host-objects.ts';
import type { addressGroup, localIp, localIpAssociation, securityGroup, securityGroupRule } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { protocolNumber } from '../security-group.ts';
import { byText, hostAddresses, ipsOf, type PortRow, type Subnets } from './addresses.ts';

/** The rows by which a local IP leads to a port. */
export type LocalIpRows = readonly {
  readonly association: Row<typeof localIpAssociation>;
  readonly localIp: Row<typeof localIp> | undefined;
}[];

/** The local IPs of IPv4 that lead to a port; others are kept, and no host knows them. */
function hostLocalIps(rows: LocalIpRows): HostLocalIp[] {
  const isFour = (ip: string) => ip !== '' && !ip.includes(':');
  return rows
    .flatMap(({ association, localIp }): HostLocalIp[] => {
      const [ip, fixed] = [localIp?.local_ip_address ?? '', association.fixed_ip ?? ''];
      return isFour(ip) && isFour(fixed) ? [{ ip, fixed_ip: fixed }] : [];
    })
    .sort(byText(({ ip }) => ip));
}

/** What a port is made of beside its own row; what is left out it has none of. */
export interface PortParts {
  readonly qos?: HostQos | undefined;
  readonly localIps?: LocalIpRows;
  readonly trunk?: HostPort['trunk'] | undefined;
}

/** `port/<id>`. */
export function hostPort(row: PortRow, subnets: Subnets, { qos, localIps = [], trunk }: PortParts = {}): HostPort {
  const local = hostLocalIps(localIps);
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
    ...(trunk ? { trunk } : {}),
    ...(qos ? { qos } : {}),
    ...(local.length > 0 ? { local_ips: local } : {}),
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
    remote_ip_prefix: rule.normalized_cidr,
    remote_group_id: rule.remote_group_id,
    remote_address_group_id: rule.remote_address_group_id,
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
  return addressSet(
    groupId,
    members.flatMap((member) => [...ipsOf(member), ...member.allowed_address_pairs.map((pair) => pair.ip_address)]),
  );
}

/** `address_set/<id>` of an address group: its prefixes. */
export function hostAddressGroup(group: Pick<Row<typeof addressGroup>, 'id' | 'addresses'>): HostAddressSet {
  return addressSet(group.id, group.addresses);
}

function addressSet(id: string, prefixes: readonly string[]): HostAddressSet {
  const sorted = [...new Set(prefixes.flatMap((prefix) => halves[prefix] ?? [bare(prefix)]))].sort();
  return {
    kind: 'address_set',
    id,
    ipv4: sorted.filter((ip) => !ip.includes(':')),
    ipv6: sorted.filter((ip) => ip.includes(':')),
  };
}
