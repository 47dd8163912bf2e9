/**
 * What a port's change means to the floating IPs and forwardings that lead to it (neutron/db/l3_db.py,
 * neutron/services/portforwarding/pf_plugin.py). Ports call this; it knows nothing of how ports are made.
 */
import { isDeepStrictEqual } from 'node:util';
import { together } from '../lib/together.ts';
import { badRequest, fipAssociated } from '../model/faults.ts';
import type { HostKey } from '../model/host-objects.ts';
import { floatingip, type port, portForwarding, router } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { GATEWAY_OWNER } from '../rules/router.ts';
import type { Context } from './context.ts';
import { routersProxying } from './wake.ts';

type PortRow = Row<typeof port>;
type Forwarding = Row<typeof portForwarding>;

const routerKey = (id: string): HostKey => `router/${id}`;

/**
 * The port has changed, and `goneIps` are the addresses that have left it: forwardings to them go. Refuses (400 BadRequest) to
 * take away an address that a floating IP stands for. A router shows the addresses of its gateway port.
 */
export async function releaseForwardings(c: Context, row: PortRow, goneIps: readonly string[]): Promise<void> {
  if (row.device_owner === GATEWAY_OWNER) await showGatewayAddresses(c, row);
  if (goneIps.length === 0) return;
  if (await c.t.first(floatingip, { port_id: row.id, fixed_ip_address: goneIps })) {
    throw badRequest(
      'port',
      `Cannot update the fixed_ips of the port ${row.id}, because its original fixed_ip has been associated to a floating ip`,
    );
  }
  const led = await c.t.find(portForwarding, { internal_port_id: row.id, internal_ip_address: goneIps });
  await deleteForwardings(c, led);
}

async function showGatewayAddresses(c: Context, row: PortRow): Promise<void> {
  const of = await c.t.get(router, row.device_id);
  if (of?.gw_port_id !== row.id || !of.external_gateway_info) return;
  if (isDeepStrictEqual(of.external_gateway_info.external_fixed_ips, row.fixed_ips)) return;
  await c.t.update(router, of.id, {
    external_gateway_info: { ...of.external_gateway_info, external_fixed_ips: row.fixed_ips },
  });
}

/**
 * The port is about to be deleted: floating IPs that stand for it are disassociated, forwardings to it go. A floating IP of
 * another project is not the caller's to change (409 FipAssociated). NDP proxies for its addresses go with it.
 */
export async function releasePort(c: Context, row: PortRow): Promise<void> {
  const [forwardings, floatingIps, proxying] = await together(
    c.t.find(portForwarding, { internal_port_id: row.id }),
    c.t.find(floatingip, { port_id: row.id }),
    routersProxying(c, row.id),
  );
  c.t.wake(proxying);
  await deleteForwardings(c, forwardings);
  for (const fip of floatingIps) {
    if (!c.caller.isAdmin && fip.project_id !== c.caller.projectId) throw fipAssociated(row.id);
    await c.t.update(floatingip, fip.id, { port_id: null, fixed_ip_address: null, router_id: null, status: 'DOWN' });
    if (fip.router_id) c.t.wake([routerKey(fip.router_id)]);
  }
}

/** Deletes forwardings, and frees the floating IPs that have none left from their routers. */
export async function deleteForwardings(c: Context, forwardings: readonly Forwarding[]): Promise<void> {
  if (forwardings.length === 0) return;
  await c.t.deleteMany(portForwarding, { id: forwardings.map((forwarding) => forwarding.id) });
  for (const id of new Set(forwardings.map((forwarding) => forwarding.floatingip_id))) {
    await freeIfUnused(c, id);
  }
}

// A floating IP without forwardings is on no router; in any case its row changed with theirs.
async function freeIfUnused(c: Context, floatingIpId: string): Promise<void> {
  const fip = await c.t.get(floatingip, floatingIpId);
  if (!fip) return;
  const isUsed = (await c.t.first(portForwarding, { floatingip_id: fip.id })) !== undefined;
  await c.t.update(floatingip, fip.id, isUsed ? {} : { router_id: null, status: 'DOWN' });
  if (fip.router_id) c.t.wake([routerKey(fip.router_id)]);
}
