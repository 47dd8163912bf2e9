/** Tells hosts what a change concerns: the keys of rules/wake.ts, with the relatives that only the database knows. */
import type { HostKey } from '../model/host-objects.ts';
import {
  floatingip,
  type meteringLabel,
  ndpProxy,
  network,
  port,
  router,
  securityGroupRule,
  type subnet,
} from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { GATEWAY_OWNER } from '../rules/router.ts';
import {
  addressesDiffer,
  networkKeys,
  portChangeKeys,
  routerOwners,
  securityGroupKeys,
  setsOf,
  subnetChangeKeys,
} from '../rules/wake.ts';
import type { Context } from './context.ts';

/**
 * The sets of addresses that the rules of these groups refer to: a host needs them from its first port of a group to its last.
 */
async function referredSets(c: Context, groupIds: readonly string[]): Promise<HostKey[]> {
  if (groupIds.length === 0) return [];
  const ofGroups = { op: 'in', column: 'security_group_id', values: groupIds } as const;
  const noGroup = { op: 'in', column: 'remote_group_id', values: [null] } as const;
  // None is null: an index leads to the rules that refer to a set, and passes over all others.
  const some = (column: string) => ({ op: 'gt', column, value: '' }) as const;
  const toGroups = await c.t.list(securityGroupRule, { op: 'and', of: [ofGroups, some('remote_group_id')] });
  const toAddresses = await c.t.list(securityGroupRule, {
    op: 'and',
    of: [ofGroups, noGroup, some('remote_address_group_id')],
  });
  return setsOf([...toGroups, ...toAddresses]);
}

/** The routers that answer outside for addresses of a port. */
export async function routersProxying(c: Context, portId: string): Promise<HostKey[]> {
  const proxies = await c.t.find(ndpProxy, { port_id: portId });
  return proxies.map(({ router_id }): HostKey => `router/${router_id}`);
}

/** Wakes the hosts for a port's creation (`before` undefined), removal (`after` undefined) or change. */
export async function wakePort(
  c: Context,
  before: Row<typeof port> | undefined,
  after: Row<typeof port> | undefined,
): Promise<void> {
  const keys = portChangeKeys(before, after);
  if (keys.length === 0) return;
  // Only a port on a host makes that host enforce the rules of its groups.
  const enforced = [before, after].flatMap((row) => (row?.['binding:host_id'] ? row.security_groups : []));
  c.t.wake([...keys, ...(await referredSets(c, [...new Set(enforced)]))]);
  // Proxies that a port had go with it: whoever removes it wakes their routers before.
  if (before && after && addressesDiffer(before, after)) c.t.wake(await routersProxying(c, after.id));
}

/** The routers that have a port on this network. */
export async function routersOn(c: Context, networkId: string): Promise<string[]> {
  const ports = await c.t.find(port, { network_id: networkId, device_owner: routerOwners });
  return [...new Set(ports.map((row) => row.device_id))];
}

/** Wakes the hosts for a change of a network that every device on it sees (its MTU, its state). */
export async function wakeNetwork(c: Context, networkId: string): Promise<void> {
  const routers = await routersOn(c, networkId);
  c.t.wake([...networkKeys(networkId), ...routers.map((id): HostKey => `router/${id}`)]);
}

/** Wakes the hosts for a subnet's creation (`before` undefined), removal (`after` undefined) or change. */
export async function wakeSubnet(
  c: Context,
  before: Row<typeof subnet> | undefined,
  after: Row<typeof subnet> | undefined,
): Promise<void> {
  if (subnetChangeKeys(before, after, []).length === 0) return;
  const routers = await routersOn(c, (after ?? before)?.network_id ?? '');
  c.t.wake(subnetChangeKeys(before, after, routers));
}

/** Wakes the routers on the networks of these subnets. */
export async function wakeRouters(
  c: Context,
  subnets: readonly Pick<Row<typeof subnet>, 'network_id'>[],
): Promise<void> {
  const networks = [...new Set(subnets.map(({ network_id }) => network_id))];
  if (networks.length === 0) return;
  const ports = await c.t.find(port, { network_id: networks, device_owner: routerOwners });
  c.t.wake([...new Set(ports.map((row) => row.device_id))].map((id): HostKey => `router/${id}`));
}

/** Wakes the hosts for a change of a group or of its rules, with the sets that its rules refer to. */
export async function wakeSecurityGroup(c: Context, groupId: string): Promise<void> {
  c.t.wake([...securityGroupKeys(groupId), ...(await referredSets(c, [groupId]))]);
}

/** The ports of this network that have its QoS policy, since they have none of their own, and the routers with a gateway on it. */
export async function wakeNetworkPolicy(c: Context, networkIds: readonly string[]): Promise<void> {
  if (networkIds.length === 0) return;
  const ports = await c.t.find(port, { network_id: [...networkIds], qos_policy_id: null });
  // A gateway goes by its router's policy or the network's, whatever its port has.
  const gateways = await c.t.find(port, { network_id: [...networkIds], device_owner: GATEWAY_OWNER });
  c.t.wake([...onHosts(ports), ...gateways.map((row): HostKey => `router/${row.device_id}`)]);
}

/** Wakes the hosts for a change of what a QoS policy asks for. */
export async function wakePolicy(c: Context, policyId: string): Promise<void> {
  c.t.wake(onHosts(await c.t.find(port, { qos_policy_id: policyId })));
  const floatingIps = await c.t.find(floatingip, { qos_policy_id: policyId });
  const routers = await c.t.find(router, { gw_qos_policy_id: policyId });
  const ids = [...floatingIps.map((row) => row.router_id), ...routers.map((row) => row.id)];
  c.t.wake(ids.flatMap((id): HostKey[] => (id ? [`router/${id}`] : [])));
  const networks = await c.t.find(network, { qos_policy_id: policyId });
  await wakeNetworkPolicy(
    c,
    networks.map((row) => row.id),
  );
}

/** The routers on hosts that a metering label counts on, once it has rules. */
export async function wakeMetering(c: Context, label: Pick<Row<typeof meteringLabel>, 'project_id' | 'shared'>) {
  const routers = await c.t.find(router, label.shared ? {} : { project_id: label.project_id });
  const counting = routers.filter((row) => row.gw_port_id !== null);
  c.t.wake(counting.map((row): HostKey => `router/${row.id}`));
}

function onHosts(ports: readonly Row<typeof port>[]): HostKey[] {
  return ports.flatMap((row) => (row['binding:host_id'] ? [`port/${row.id}` as const] : []));
}
