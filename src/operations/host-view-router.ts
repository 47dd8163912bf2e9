/** Loads the host objects of routers. */
import type { HostQos, HostRouter } from '../model/host-objects.ts';
import {
  conntrackHelper,
  floatingip,
  ipAllocation,
  meteringLabelRule,
  ndpProxy,
  network,
  portForwarding,
  router,
  routerBinding,
  subnetpool,
} from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { servicePluginNames } from '../rules/extensions.ts';
import type { Subnets } from '../rules/host-view/addresses.ts';
import { hostRouter, policiesOf } from '../rules/host-view/router.ts';
import { GATEWAY_OWNER } from '../rules/router.ts';
import type { NetworkingSettings } from '../rules/settings.ts';
import type { Reader } from '../store/store.ts';
import { loadQos } from './host-view-qos.ts';
import { subnetsById } from './host-view-subnets.ts';
import { routerPorts } from './router-paths.ts';

/** `router/<id>` of a router that the host carries. */
export async function loadRouter(
  r: Reader,
  settings: NetworkingSettings,
  host: string,
  id: string,
): Promise<HostRouter | undefined> {
  if ((await r.first(routerBinding, { router_id: id }))?.host !== host) return undefined;
  const row = await r.get(router, id);
  if (!row) return undefined;
  const ports = await routerPorts(r, id);
  const floatingIps = await r.find(floatingip, { router_id: id });
  const networkIds = [...new Set(ports.map((port) => port.network_id))];
  const subnets = await subnetsById(r, ports);
  const networks = networkIds.length > 0 ? await r.find(network, { id: networkIds }) : [];
  const outside = ports.find((port) => port.device_owner === GATEWAY_OWNER)?.network_id;
  const externalPolicy = networks.find((on) => on.id === outside)?.qos_policy_id ?? null;
  // Only what passes a gateway is counted.
  const meters = outside !== undefined && servicePluginNames(settings).has('metering');
  return hostRouter({
    router: row,
    ports,
    floatingIps,
    externalPolicy,
    meteringRules: meters ? await meteringRules(r, row.project_id) : [],
    helpers: await r.find(conntrackHelper, { router_id: id }),
    proxied: row.enable_ndp_proxy ? await proxiedBy(r, id) : [],
    policies: await loadPolicies(r, policiesOf({ router: row, floatingIps, externalPolicy })),
    forwardings: await forwardingsOn(
      r,
      id,
      floatingIps.some((fip) => fip.port_id === null),
    ),
    subnets,
    scopes: await scopesOfPools(r, subnets),
    mtus: new Map(networks.map((on) => [on.id, on.mtu])),
  });
}

/** The addresses of a router's NDP proxies that their ports have. */
async function proxiedBy(r: Reader, routerId: string): Promise<Row<typeof ipAllocation>[]> {
  const proxies = await r.find(ndpProxy, { router_id: routerId });
  const wanted = new Set(proxies.map(({ port_id, ip_address }) => `${port_id} ${ip_address}`));
  const ofRouter = { op: 'in', column: 'router_id', values: [routerId] } as const;
  const among = { op: 'among', column: 'port_id', record: 'ndp_proxy', select: 'port_id', where: ofRouter } as const;
  const had = proxies.length > 0 ? await r.list(ipAllocation, among) : [];
  return had.filter(({ port_id, ip_address }) => wanted.has(`${port_id} ${ip_address}`));
}

/** The rules of a project's metering labels, and of those that count for all projects; labels without rules cost nothing. */
async function meteringRules(r: Reader, projectId: string): Promise<Row<typeof meteringLabelRule>[]> {
  const ofLabels = (column: 'project_id' | 'shared', value: string | boolean) =>
    r.list(meteringLabelRule, {
      op: 'among',
      column: 'metering_label_id',
      record: 'metering_label',
      select: 'id',
      where: { op: 'in', column, values: [value] },
    });
  const rules = [...(await ofLabels('project_id', projectId)), ...(await ofLabels('shared', true))];
  return [...new Map(rules.map((rule) => [rule.id, rule])).values()];
}

/** What QoS policies ask for, by id. */
async function loadPolicies(r: Reader, ids: readonly string[]): Promise<Map<string, HostQos>> {
  const policies = new Map<string, HostQos>();
  for (const id of ids) {
    const qos = await loadQos(r, id);
    if (qos) policies.set(id, qos);
  }
  return policies;
}

/** The address scopes of the pools that subnets come from. */
async function scopesOfPools(r: Reader, subnets: Subnets): Promise<Map<string, string>> {
  const ids = [...new Set([...subnets.values()].flatMap((row) => row.subnetpool_id ?? []))];
  const pools = ids.length > 0 ? await r.find(subnetpool, { id: ids }) : [];
  return new Map(pools.flatMap((pool) => (pool.address_scope_id ? [[pool.id, pool.address_scope_id]] : [])));
}

// A floating IP that stands for a port has no forwardings: a router with only such asks for none.
async function forwardingsOn(r: Reader, routerId: string, mayHaveSome: boolean) {
  if (!mayHaveSome) return [];
  return r.list(portForwarding, {
    op: 'among',
    column: 'floatingip_id',
    record: 'floatingip',
    select: 'id',
    where: { op: 'in', column: 'router_id', values: [routerId] },
  });
}
