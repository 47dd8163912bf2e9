/** How routers are connected: their ports and subnets, and which of them leads from an inside subnet to an external network. */
import { ipAllocation, port, router, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { chooseRouter, type RouterCandidate } from '../rules/floatingip.ts';
import { GATEWAY_OWNER, INTERFACE_OWNER } from '../rules/router.ts';
import type { Reader } from '../store/store.ts';

type PortRow = Row<typeof port>;
type SubnetRow = Row<typeof subnet>;

/** The interfaces of a router, without its gateway. */
export function interfacePorts(r: Reader, routerId: string): Promise<PortRow[]> {
  return r.find(port, { device_id: routerId, device_owner: INTERFACE_OWNER });
}

/** The interfaces of a router and its gateway. */
export function routerPorts(r: Reader, routerId: string): Promise<PortRow[]> {
  return r.find(port, { device_id: routerId, device_owner: [INTERFACE_OWNER, GATEWAY_OWNER] });
}

/** The subnets that these ports have addresses of. */
export async function subnetsOf(r: Reader, ports: readonly Pick<PortRow, 'fixed_ips'>[]): Promise<SubnetRow[]> {
  const ids = new Set(ports.flatMap((row) => row.fixed_ips.flatMap((fixed) => fixed.subnet_id ?? [])));
  return ids.size === 0 ? [] : r.find(subnet, { id: [...ids] });
}

const leadsTo = (row: Row<typeof router> | undefined, networkId: string) =>
  row?.gw_port_id != null && row.external_gateway_info?.network_id === networkId;

/**
 * The router with an interface on the inside subnet and its gateway on the external network; of several, the one that is the
 * subnet's gateway; `undefined`: there is none. The usual case (the subnet's gateway leads there) is three look-ups by key.
 */
export async function routerBetween(r: Reader, inside: SubnetRow, networkId: string): Promise<string | undefined> {
  const atGateway = inside.gateway_ip
    ? await r.first(ipAllocation, { subnet_id: inside.id, ip_address: inside.gateway_ip })
    : undefined;
  const gatewayPort = atGateway && (await r.get(port, atGateway.port_id));
  if (gatewayPort?.device_owner === INTERFACE_OWNER) {
    if (leadsTo(await r.get(router, gatewayPort.device_id), networkId)) return gatewayPort.device_id;
  }
  return anyRouterBetween(r, inside, networkId);
}

async function anyRouterBetween(r: Reader, inside: SubnetRow, networkId: string): Promise<string | undefined> {
  const interfaces = await r.find(port, { network_id: inside.network_id, device_owner: INTERFACE_OWNER });
  const candidates: RouterCandidate[] = interfaces.flatMap((row) =>
    row.fixed_ips.flatMap(({ subnet_id, ip_address }) =>
      subnet_id === inside.id && ip_address ? [{ routerId: row.device_id, interfaceIp: ip_address }] : [],
    ),
  );
  if (candidates.length === 0) return undefined;
  const routers = await r.find(router, { id: candidates.map((candidate) => candidate.routerId) });
  const leading = new Set(routers.filter((row) => leadsTo(row, networkId)).map((row) => row.id));
  return chooseRouter(
    candidates.filter((candidate) => leading.has(candidate.routerId)),
    inside.gateway_ip,
  );
}
