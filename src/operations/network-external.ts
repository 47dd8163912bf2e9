/** Whether a network is external, and who may use it as such. Neutron: db/external_net_db.py. */
import { externalNetworkInUse } from '../model/faults.ts';
import { defaultExternalNetworkExists } from '../model/faults-topology.ts';
import { floatingip, network, port } from '../model/index.ts';
import { ACCESS_EXTERNAL } from '../model/resources/rbac-policy.ts';
import type { Context } from './context.ts';
import { floatingipOperations } from './floatingip.ts';
import { closeTo, openToAll, type SharedObject } from './sharing.ts';

/** Throws ExternalNetworkInUse where the network has gateways or floating IPs. */
async function checkNotUsed(c: Context, id: string): Promise<void> {
  const owners = ['network:router_gateway', 'network:floatingip'];
  const used = await c.t.first(port, { network_id: id, device_owner: owners });
  if (used) throw externalNetworkInUse(id);
}

/** Deletes the floating IPs of a network that stand for nothing; those that forward ports are FipInUseByPortForwarding. */
export async function removeIdle(c: Context, networkId: string): Promise<void> {
  for (const fip of await c.t.find(floatingip, { floating_network_id: networkId, port_id: null })) {
    await floatingipOperations.remove?.(c, fip);
  }
}

/** A network that is no longer external loses its idle floating IPs; where one is in use, it stays (db/l3_db.py, _process_l3_update). */
async function closeNetwork(c: Context, networkId: string): Promise<void> {
  const fips = await c.t.find(floatingip, { floating_network_id: networkId });
  if (fips.some((fip) => fip.port_id !== null || fip.router_id !== null)) throw externalNetworkInUse(networkId);
  if (await c.t.first(port, { network_id: networkId, device_owner: 'network:router_gateway' }))
    throw externalNetworkInUse(networkId);
  await removeIdle(c, networkId);
}

/** Whether a network is the default external one; DefaultExternalNetworkExists where another is. Ordinary ones never are. */
export async function defaultOf(c: Context, id: string, external: boolean, asked: boolean): Promise<boolean> {
  if (!external || !asked) return false;
  const there = await c.t.first(network, { is_default: true });
  if (there && there.id !== id) throw defaultExternalNetworkExists(there.id);
  return true;
}

/** Makes a network external or ordinary, and leaves it to the caller who may use it; ExternalNetworkInUse where it has gateways. */
export async function setExternal(c: Context, id: string, external: boolean): Promise<void> {
  const row = await c.t.get(network, id);
  if (!row || row['router:external'] === external) return;
  if (!external) await checkNotUsed(c, id);
  await c.t.update(network, id, { 'router:external': external });
}

/**
 * What `router:external` of a request means beside the column: a network that becomes external is open to everybody, one that
 * is no longer has no policy about it. `before`: whether it was.
 */
export async function shareExternal(c: Context, row: SharedObject, before: boolean, after: boolean): Promise<void> {
  if (before === after) return;
  if (after) return openToAll(c, 'network', row, ACCESS_EXTERNAL);
  await closeNetwork(c, row.id);
  await checkNotUsed(c, row.id);
  await closeTo(c, row.id, { action: ACCESS_EXTERNAL });
}
