/** Routers: creating, changing and deleting them. Interfaces and gateway have modules of their own. */
import { routerGatewayNotValid, routerInUse, routerNotFound, routesExhausted } from '../model/faults.ts';
import { port, router } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { reasons } from '../rules/ndp-proxy.ts';
import { checkRoutes } from '../rules/router.ts';
import { helpersOf } from './conntrack-helper.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { nextProvider } from './flavor.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { routesIn, withoutRoutes, withRoutes } from './router-extraroutes.ts';
import { changeGateway, removeGateway } from './router-gateway.ts';
import { addInterface, removeInterface } from './router-interface.ts';
import { checkGatewayCan } from './router-ndp-proxy.ts';
import { interfacePorts, routerPorts, subnetsOf } from './router-paths.ts';
import { scheduleRouter } from './schedule.ts';
import { newStandard } from './standard.ts';
import { checkHints, zonesOfRouters } from './zones.ts';

type RouterRow = Row<typeof router>;

async function create(c: Context, draft: Draft<typeof router>): Promise<RouterRow> {
  const standard = newStandard(c, draft);
  await checkHints(c, 'router', draft.availability_zone_hints ?? []);
  if (draft.flavor_id) await nextProvider(c.t, draft.flavor_id);
  await consumeQuota(c, 'router', standard.project_id);
  const row = await c.t.insert(router, {
    ...standard,
    name: draft.name ?? '',
    admin_state_up: draft.admin_state_up ?? true,
    status: 'ACTIVE',
    external_gateway_info: null,
    routes: [],
    gw_port_id: null,
    // Shown from its gateway.
    enable_snat: true,
    gw_qos_policy_id: null,
    enable_ndp_proxy: false,
    conntrack_helpers: [],
    flavor_id: draft.flavor_id ?? null,
    availability_zones: [],
    availability_zone_hints: draft.availability_zone_hints ?? [],
    withdrawn: false,
  });
  const enableNdpProxy = draft.enable_ndp_proxy;
  if (!draft.external_gateway_info) {
    if (enableNdpProxy) throw routerGatewayNotValid(row.id, reasons.noGateway);
    return row;
  }
  const connected = await changeGateway(c, row, draft.external_gateway_info, { verb: 'create', enableNdpProxy });
  await scheduleRouter(c, row.id);
  c.t.wake([`router/${row.id}`]);
  return connected;
}

async function update(c: Context, row: RouterRow, changes: Partial<RouterRow>): Promise<RouterRow> {
  const { external_gateway_info: info, ...others } = changes;
  const { enable_ndp_proxy: enableNdpProxy, ...rest } = others;
  const routes = changes.routes ?? row.routes;
  if (routes.length > c.settings.maxRoutes) throw routesExhausted(row.id, c.settings.maxRoutes);
  let changed = row;
  if (info !== undefined) {
    changed = await changeGateway(c, row, info, { verb: 'update', enableNdpProxy });
    if (info) await scheduleRouter(c, row.id);
  } else if (enableNdpProxy) await checkGatewayCan(c, row);
  if (routes.length > 0 && (changes.routes !== undefined || info !== undefined))
    await validateRoutes(c, row.id, routes);
  const plain = info === undefined ? others : rest;
  if (Object.keys(plain).length > 0 || info === undefined) {
    changed = (await c.t.update(router, row.id, plain)) ?? changed;
  }
  // A name or a description is nothing to a host.
  const seen = [info, enableNdpProxy, changes.routes, changes.admin_state_up];
  if (seen.some((value) => value !== undefined)) c.t.wake([`router/${row.id}`]);
  return changed;
}

async function validateRoutes(c: Context, routerId: string, routes: RouterRow['routes']): Promise<void> {
  const ports = await routerPorts(c.t, routerId);
  const ownIps = ports.flatMap((row) => row.fixed_ips.flatMap((fixed) => fixed.ip_address ?? []));
  checkRoutes(routes, await subnetsOf(c.t, ports), ownIps);
}

async function remove(c: Context, row: RouterRow): Promise<void> {
  const attached = await interfacePorts(c.t, row.id);
  if (attached.length > 0) {
    throw routerInUse(
      row.id,
      `has ports still attached: ${attached.map((attachedPort) => attachedPort.id).join(', ')}`,
    );
  }
  const gateway = row.gw_port_id ? await c.t.get(port, row.gw_port_id) : undefined;
  if (gateway) await removeGateway(c, row, gateway);
  await c.t.delete(router, row.id);
  await releaseQuota(c, 'router', row.project_id);
  c.t.wake([`router/${row.id}`]);
}

/** Whether each hides the inside addresses, the zones of its agents, and its conntrack helpers. */
async function compute(c: ReadContext, rows: readonly RouterRow[]): Promise<Partial<RouterRow>[]> {
  const zones = await zonesOfRouters(
    c.r,
    rows.map((row) => row.id),
  );
  const helpers = await helpersOf(
    c.r,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({
    conntrack_helpers: helpers.get(row.id) ?? [],
    enable_snat: row.external_gateway_info?.enable_snat ?? true,
    availability_zones: zones.get(row.id) ?? [],
  }));
}

/** What the API calls. */
export const routerOperations: Operations<typeof router> = {
  resource: router,
  notFound: routerNotFound,
  create,
  update,
  remove,
  actions: {
    add_router_interface: addInterface,
    remove_router_interface: removeInterface,
    add_extraroutes: (c, row, body) => update(c, row, { routes: withRoutes(row.routes, routesIn(body)) }),
    remove_extraroutes: (c, row, body) => update(c, row, { routes: withoutRoutes(row.routes, routesIn(body)) }),
  },
  compute,
};
