/** The gateway of a router: setting, changing and clearing `external_gateway_info` (neutron/db/l3_db.py, l3_gwmode_db.py). */
import { badRequest, forbidden, malformedBody, routerGatewayInUseByFloatingIp } from '../model/faults.ts';
import { floatingip, type network, port, router, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { servicePluginNames } from '../rules/extensions.ts';
import { checkGatewayAddresses, checkNoOverlap, GATEWAY_OWNER, gatewayAddressesDiffer } from '../rules/router.ts';
import type { Context } from './context.ts';
import { createPort, removePort, updatePort } from './port.ts';
import { checkGatewayNotProxied, checkKeepsIpv6, enabledWithGateway } from './router-ndp-proxy.ts';
import { interfacePorts, subnetsOf } from './router-paths.ts';
import { visibleNetwork, visibleQosPolicy } from './visible.ts';

type RouterRow = Row<typeof router>;
type PortRow = Row<typeof port>;

/** `external_gateway_info` of a request. */
export type GatewayInfo = NonNullable<RouterRow['external_gateway_info']>;

// Whether addresses are hidden, and which addresses the gateway has, is an administrator's to say.
function checkPolicy(c: Context, verb: 'create' | 'update', info: GatewayInfo): void {
  if (c.caller.isAdmin) return;
  for (const member of ['enable_snat', 'external_fixed_ips'] as const) {
    if (info[member] !== undefined) throw forbidden(`rule:${verb}_router:external_gateway_info:${member}`);
  }
}

async function externalNetwork(c: Context, id: string): Promise<Row<typeof network>> {
  const row = await visibleNetwork(c, id);
  if (!row['router:external']) throw badRequest('router', `Network ${id} is not an external network`);
  return row;
}

/**
 * Makes the gateway of a router what `info` says (null: none), with `enable_ndp_proxy` as it is asked for, and returns the row. Its
 * routes are for the caller to check, and hosts for the caller to wake.
 */
export async function changeGateway(
  c: Context,
  row: RouterRow,
  info: GatewayInfo | null,
  { verb, enableNdpProxy }: { readonly verb: 'create' | 'update'; readonly enableNdpProxy: boolean | undefined },
): Promise<RouterRow> {
  if (info) checkPolicy(c, verb, info);
  const asked = info?.external_fixed_ips ?? [];
  const external = info && (await externalNetwork(c, info.network_id));
  const subnets = external ? await c.t.find(subnet, { network_id: external.id }) : [];
  checkGatewayAddresses(asked, subnets);
  let gateway = row.gw_port_id ? await c.t.get(port, row.gw_port_id) : undefined;
  if (gateway && gateway.network_id !== external?.id) {
    await removeGateway(c, row, gateway);
    gateway = undefined;
  }
  if (gateway && gatewayAddressesDiffer(gateway.fixed_ips, asked)) {
    checkKeepsIpv6(row, asked, subnets);
    gateway = await updatePort(c, gateway, { fixed_ips: asked });
  }
  const isNew = !gateway;
  if (external && !gateway) gateway = await addGateway(c, row, external.id, subnets, asked);
  const policyId = gateway ? await gatewayPolicy(c, row, info) : null;
  const request = { verb, asked: enableNdpProxy, isNew, subnets };
  return writeGateway(c, row, gateway, {
    enable_snat: info?.enable_snat ?? true,
    gw_qos_policy_id: policyId,
    enable_ndp_proxy: await enabledWithGateway(c, row, gateway, request),
  });
}

/** The QoS policy of the gateway: left out of a request it stays, as in Neutron. */
async function gatewayPolicy(c: Context, row: RouterRow, info: GatewayInfo | null): Promise<string | null> {
  const asked = info?.qos_policy_id;
  if (asked === undefined) return row.gw_qos_policy_id;
  if (!servicePluginNames(c.settings).has('qos')) {
    throw malformedBody(
      "Invalid input for external_gateway_info. Reason: unexpected key qos_policy_id, as service_plugins does not name 'qos'.",
    );
  }
  return asked === null ? null : (await visibleQosPolicy(c, asked)).id;
}

async function writeGateway(
  c: Context,
  row: RouterRow,
  gateway: PortRow | undefined,
  { enable_snat, ...columns }: Pick<RouterRow, 'enable_snat' | 'gw_qos_policy_id' | 'enable_ndp_proxy'>,
) {
  const policyId = columns.gw_qos_policy_id;
  const shown = gateway && {
    network_id: gateway.network_id,
    enable_snat,
    external_fixed_ips: gateway.fixed_ips,
    ...(policyId === null ? {} : { qos_policy_id: policyId }),
  };
  const changes = { external_gateway_info: shown ?? null, gw_port_id: gateway?.id ?? null, ...columns };
  return (await c.t.update(router, row.id, changes)) ?? { ...row, ...changes };
}

async function addGateway(
  c: Context,
  row: RouterRow,
  networkId: string,
  subnets: readonly Row<typeof subnet>[],
  asked: NonNullable<GatewayInfo['external_fixed_ips']>,
): Promise<PortRow> {
  const interfaces = await interfacePorts(c.t, row.id);
  checkNoOverlap(interfaces, await subnetsOf(c.t, interfaces), subnets);
  // The port belongs to no project: who may use the router need not see it.
  const draft = {
    project_id: '',
    network_id: networkId,
    device_id: row.id,
    device_owner: GATEWAY_OWNER,
    admin_state_up: true,
    name: '',
    ...(asked.length > 0 ? { fixed_ips: asked } : {}),
  };
  return createPort(c, draft, { owner: 'system' });
}

/** Deletes the gateway port, unless floating IPs (or forwardings of one) or NDP proxies need it: 409. The router's row is for the caller. */
export async function removeGateway(c: Context, row: RouterRow, gateway: PortRow): Promise<void> {
  if (await c.t.first(floatingip, { router_id: row.id })) {
    throw routerGatewayInUseByFloatingIp(row.id, gateway.network_id);
  }
  await checkGatewayNotProxied(c, row.id);
  await removePort(c, gateway, { force: true });
}
