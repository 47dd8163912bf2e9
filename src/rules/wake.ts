/**
 * Which host objects a change concerns. Naming one too many costs a comparison, one too few a host that is out of date; what
 * no host sees (a name, a description) names none.
 */

import type { HostKey } from '../model/host-objects.ts';
import type { port, securityGroupRule, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';

/** The device owners of the ports that a router has. */
export const routerOwners: readonly string[] = ['network:router_interface', 'network:router_gateway'];

/** The device owners of the ports by which requests for metadata come in: those of routers on inner networks, and of DHCP. */
export const metadataOwners: readonly string[] = ['network:router_interface', 'network:dhcp'];

/** The columns of a port that a host object is built from. */
const seenOfPort = [
  'network_id',
  'mac_address',
  'fixed_ips',
  'device_id',
  'device_owner',
  'admin_state_up',
  'security_groups',
  'port_security_enabled',
  'allowed_address_pairs',
  'binding:host_id',
  'dns_name',
  'extra_dhcp_opts',
  'qos_policy_id',
] as const satisfies readonly (keyof Row<typeof port>)[];

/** The columns of a port that only the metadata service tells of. */
const seenOfMetadata = ['name', 'binding:profile'] as const satisfies readonly (keyof Row<typeof port>)[];

/** The columns of a subnet that a host object is built from. */
const seenOfSubnet = [
  'gateway_ip',
  'dns_nameservers',
  'host_routes',
  'enable_dhcp',
] as const satisfies readonly (keyof Row<typeof subnet>)[];

function differs<T extends object>(before: T, after: T, columns: readonly (keyof T)[]): boolean {
  return columns.some((column) => JSON.stringify(before[column]) !== JSON.stringify(after[column]));
}

/** Whether a port has other addresses than before. */
export function addressesDiffer(before: Row<typeof port>, after: Row<typeof port>): boolean {
  return differs(before, after, ['fixed_ips']);
}

/** The objects that a port stands in: itself, its network with its DHCP and metadata, its groups, its router. */
export function portKeys(row: Row<typeof port>): HostKey[] {
  const keys: HostKey[] = [`port/${row.id}`, ...networkKeys(row.network_id)];
  for (const group of row.security_groups) keys.push(`security_group/${group}`, `address_set/${group}`);
  if (routerOwners.includes(row.device_owner)) keys.push(`router/${row.device_id}`);
  return keys;
}

/** The objects that a port's creation (`before` undefined), removal (`after` undefined) or change concerns. */
export function portChangeKeys(before: Row<typeof port> | undefined, after: Row<typeof port> | undefined): HostKey[] {
  if (before && after && !differs(before, after, seenOfPort))
    return differs(before, after, seenOfMetadata) ? [`metadata/${after.network_id}`] : [];
  return [...new Set([before, after].flatMap((row) => (row ? portKeys(row) : [])))];
}

/** The objects of a network itself; those of the routers on it come from their ports. */
export function networkKeys(networkId: string): HostKey[] {
  return [`network/${networkId}`, `dhcp/${networkId}`, `metadata/${networkId}`];
}

/** The objects that a subnet's change concerns, `[]` when no host sees it; `routers` have a port on its network. */
export function subnetChangeKeys(
  before: Row<typeof subnet> | undefined,
  after: Row<typeof subnet> | undefined,
  routers: readonly string[],
): HostKey[] {
  if (before && after && !differs(before, after, seenOfSubnet)) return [];
  const networkId = (after ?? before)?.network_id;
  return networkId ? [...networkKeys(networkId), ...routers.map((id): HostKey => `router/${id}`)] : [];
}

/** The objects of a security group: its rules, and its members' addresses. */
export function securityGroupKeys(groupId: string): HostKey[] {
  return [`security_group/${groupId}`, `address_set/${groupId}`];
}

/** The sets of addresses that these rules refer to, each once. */
export function setsOf(
  rules: readonly Pick<Row<typeof securityGroupRule>, 'remote_group_id' | 'remote_address_group_id'>[],
): HostKey[] {
  const ids = rules.flatMap((rule) => rule.remote_group_id ?? rule.remote_address_group_id ?? []);
  return [...new Set(ids)].map((id): HostKey => `address_set/${id}`);
}
