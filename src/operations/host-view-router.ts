/** Loads the host objects of routers. */
import type { HostRouter } from '../model/host-objects.ts';
import { floatingip, network, portForwarding, router, routerBinding } from '../model/index.ts';
import { hostRouter } from '../rules/host-view/router.ts';
import type { Reader } from '../store/store.ts';
import { subnetsById } from './host-view-subnets.ts';
import { routerPorts } from './router-paths.ts';

/** `router/<id>` of a router that the host carries. */
export async function loadRouter(r: Reader, host: string, id: string): Promise<HostRouter | undefined> {
  if ((await r.first(routerBinding, { router_id: id }))?.host !== host) return undefined;
  const row = await r.get(router, id);
  if (!row) return undefined;
  const ports = await routerPorts(r, id);
  const floatingIps = await r.find(floatingip, { router_id: id });
  const networkIds = [...new Set(ports.map((port) => port.network_id))];
  const networks = networkIds.length > 0 ? await r.find(network, { id: networkIds }) : [];
  return hostRouter({
    router: row,
    ports,
    floatingIps,
    forwardings: await forwardingsOn(
      r,
      id,
      floatingIps.some((fip) => fip.port_id === null),
    ),
    subnets: await subnetsById(r, ports),
    mtus: new Map(networks.map((on) => [on.id, on.mtu])),
  });
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
