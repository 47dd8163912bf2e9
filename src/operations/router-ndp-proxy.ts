/**
 * `enable_ndp_proxy` of a router: whether it answers outside for addresses of its inner IPv6 subnets, which only a gateway with an
 * IPv6 address in an address scope can (neutron/services/ndp_proxy/plugin.py). Neutron turns it on by any change of a router whose
 * gateway can; here it stays as it is until somebody says otherwise.
 */
import {
  routerGatewayInUseByNdpProxy,
  routerGatewayNotValid,
  routerInterfaceInUseByNdpProxy,
  routerIpv6GatewayInUse,
} from '../model/faults.ts';
import { ndpProxy, port, type router, subnet, subnetpool } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { ipv6ScopeOf, keepsIpv6, reasons } from '../rules/ndp-proxy.ts';
import { hasIpv6 } from '../rules/router.ts';
import type { Condition } from '../store/query.ts';
import type { Reader } from '../store/store.ts';
import type { Context } from './context.ts';

type RouterRow = Row<typeof router>;
type PortRow = Row<typeof port>;
type SubnetRow = Row<typeof subnet>;

/** The IPv6 address scope of the network that has these subnets. */
export async function ipv6Scope(r: Reader, subnets: readonly SubnetRow[]): Promise<string | null> {
  const ids = subnets.flatMap((on) => (on.ip_version === 6 ? (on.subnetpool_id ?? []) : []));
  const pools = ids.length > 0 ? await r.find(subnetpool, { id: [...new Set(ids)] }) : [];
  return ipv6ScopeOf(subnets, new Map(pools.map((pool) => [pool.id, pool.address_scope_id])));
}

/** What a request says of a router's gateway and of this attribute. */
interface Request {
  readonly verb: 'create' | 'update';
  /** `enable_ndp_proxy`, where it is given. */
  readonly asked: boolean | undefined;
  /** Whether the gateway is another than before. */
  readonly isNew: boolean;
  /** The subnets of the external network. */
  readonly subnets: readonly SubnetRow[];
}

/** The attribute with this gateway. 409 RouterGatewayNotValid where it is asked for and the gateway cannot. */
export async function enabledWithGateway(
  c: Context,
  row: RouterRow,
  gateway: PortRow | undefined,
  { verb, asked, isNew, subnets }: Request,
): Promise<boolean> {
  if (!gateway) {
    if (asked) throw routerGatewayNotValid(row.id, row.gw_port_id ? reasons.gatewayGoes : reasons.gatewayCannot);
    return false;
  }
  if (asked === undefined && !isNew) return row.enable_ndp_proxy;
  const wanted = asked ?? c.settings.enableNdpProxyByDefault;
  if (!wanted) return false;
  const networkCan = (await ipv6Scope(c.t, subnets)) !== null;
  if (networkCan && hasIpv6(gateway)) return true;
  if (!asked) return false;
  const why = verb === 'create' && !networkCan ? reasons.networkCannot(gateway.network_id) : reasons.gatewayCannot;
  throw routerGatewayNotValid(row.id, why);
}

/** Refuses (409 RouterGatewayNotValid) to turn it on where the gateway that is there cannot. */
export async function checkGatewayCan(c: Context, row: RouterRow): Promise<void> {
  const gateway = row.gw_port_id ? await c.t.get(port, row.gw_port_id) : undefined;
  const subnets = gateway ? await c.t.find(subnet, { network_id: gateway.network_id }) : [];
  await enabledWithGateway(c, row, gateway, { verb: 'update', asked: true, isNew: false, subnets });
}

/** Refuses to take the IPv6 addresses of a gateway while the router answers for others there: 409 RouterIPv6GatewayInUse. */
export function checkKeepsIpv6(row: RouterRow, asked: PortRow['fixed_ips'], subnets: readonly SubnetRow[]): void {
  if (row.enable_ndp_proxy && !keepsIpv6(asked, subnets)) throw routerIpv6GatewayInUse(row.id);
}

/** Refuses to take a gateway away that NDP proxies are on: 409 RouterGatewayInUseByNDPProxy. */
export async function checkGatewayNotProxied(c: Context, routerId: string): Promise<void> {
  if (await c.t.first(ndpProxy, { router_id: routerId })) throw routerGatewayInUseByNdpProxy(routerId);
}

const equals = (column: string, value: string): Condition => ({ op: 'in', column, values: [value] });

/** Refuses to take an interface away while the router answers for addresses of its subnet: 409 RouterInterfaceInUseByNDPProxy. */
export async function checkSubnetNotProxied(c: Context, routerId: string, subnetId: string): Promise<void> {
  const allocated = (column: string, select: string): Condition => {
    return { op: 'among', column, record: 'ip_allocation', select, where: equals('subnet_id', subnetId) };
  };
  const proxied = [
    equals('router_id', routerId),
    allocated('port_id', 'port_id'),
    allocated('ip_address', 'ip_address'),
  ];
  const [proxy] = await c.t.list(ndpProxy, { op: 'and', of: proxied }, { limit: 1 });
  if (proxy) throw routerInterfaceInUseByNdpProxy(routerId, subnetId);
}
