/**
 * Where the subports of a trunk are: on the host of its parent port (neutron/services/trunk/rpc/server.py), as devices of the trunk
 * (TrunkPlugin._update_device_attributes); and what that makes of the trunk's status.
 */
import { deviceSuffix, type HostKey } from '../model/host-objects.ts';
import { network, port, trunk, trunkSubport } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { statusOfTrunk, subportOwner, type Wired, wiresTrunks } from '../rules/trunk.ts';
import type { Context } from './context.ts';
import { type Binding, bindingOn } from './port-binding.ts';
import { subportsOf } from './trunk-ports.ts';
import { wakePort } from './wake.ts';

type PortRow = Row<typeof port>;
type TrunkRow = Row<typeof trunk>;

/** What a port is in a trunk, and where. */
type Place = Pick<PortRow, 'binding:host_id' | 'device_owner' | 'device_id'>;

const nowhere: Place = { 'binding:host_id': '', device_owner: '', device_id: '' };

/** The place of the subports: where their parent port is wired. */
function placeBeside(parent: PortRow | undefined, row: TrunkRow): Place {
  const host = parent && wiresTrunks(parent) ? parent['binding:host_id'] : '';
  return { 'binding:host_id': host, device_owner: subportOwner, device_id: row.id };
}

function isAt(row: PortRow, place: Place): boolean {
  const same = row.device_owner === place.device_owner && row.device_id === place.device_id;
  return same && row['binding:host_id'] === place['binding:host_id'] && row['binding:vif_type'] !== 'binding_failed';
}

/** Puts ports into a place, and gives them as they are then. No person changed them: revisions stay. */
async function put(c: Context, portIds: readonly string[], place: Place): Promise<PortRow[]> {
  if (portIds.length === 0) return [];
  const host = place['binding:host_id'];
  const rows = await c.t.find(port, { id: [...portIds] });
  const networks = await c.t.find(network, { id: [...new Set(rows.map((row) => row.network_id))] });
  const bindings = new Map<string, Binding>();
  for (const on of networks) bindings.set(on.id, await bindingOn(c, host, on));
  const placed: PortRow[] = [];
  for (const row of rows) {
    const moved = row['binding:host_id'] !== host;
    const changes = { ...place, ...bindings.get(row.network_id), ...(moved ? { status: 'DOWN' as const } : {}) };
    const result = isAt(row, place) ? undefined : await c.t.update(port, row.id, changes, { quiet: true });
    if (result) await wakePort(c, row, result);
    placed.push(result ?? row);
  }
  return placed;
}

/** Puts the subports of a trunk beside its parent port, whose host is told of it. Gives the status of the trunk until that host has its say. */
export async function bindSubports(c: Context, row: TrunkRow): Promise<TrunkRow['status']> {
  const parent = await c.t.get(port, row.port_id);
  const subports = (await subportsOf(c.t, [row.id])).get(row.id) ?? [];
  const ids = subports.map((one) => one.port_id);
  const placed = await put(c, ids, placeBeside(parent, row));
  c.t.wake([`trunk/${row.id}`]);
  return statusOfTrunk(parent, placed, undefined);
}

/** These ports are no subports of the trunk any more. */
export async function releaseSubports(c: Context, row: TrunkRow, portIds: readonly string[]): Promise<void> {
  await put(c, portIds, nowhere);
  c.t.wake([`trunk/${row.id}`]);
}

/** The binding of a port as its instance is plugged in: a parent port into the bridge of its trunk, with Open vSwitch. */
export async function pluggedIn(c: Context, portId: string, binding: Binding): Promise<Binding> {
  // Most clouds have no trunk at all.
  if (binding['binding:vif_type'] !== 'ovs' || !(await c.t.first(trunk, {}))) return binding;
  const own = await c.t.first(trunk, { port_id: portId });
  if (!own) return binding;
  const bridge_name = `tbr-${deviceSuffix(own.id)}`;
  return { ...binding, 'binding:vif_details': { ...binding['binding:vif_details'], bridge_name } };
}

/** The columns of a parent port that its trunk depends on, and those of a subport. */
const seenOfParent = ['binding:host_id', 'binding:vif_type', 'mac_address', 'device_owner'] as const;

/** A port has changed: its subports follow a parent port; the trunk of either is told. */
export async function followParent(c: Context, before: PortRow, after: PortRow): Promise<void> {
  if (seenOfParent.every((column) => before[column] === after[column])) return;
  if (!(await c.t.first(trunk, {}))) return;
  const own = await c.t.first(trunk, { port_id: after.id });
  if (own) await setStatus(c, own, await bindSubports(c, own));
  const sub = await c.t.first(trunkSubport, { port_id: after.id });
  if (sub) c.t.wake([`trunk/${sub.trunk_id}`]);
}

/** A status is no change by a person: revision and time stay. */
async function setStatus(c: Context, row: TrunkRow, status: TrunkRow['status']): Promise<void> {
  if (row.status !== status) await c.t.update(trunk, row.id, { status }, { quiet: true });
}

/** A host says how far it has wired these trunks: those whose parent ports are elsewhere by now are not its to judge. */
export async function applyWiring(c: Context, host: string, wired: ReadonlyMap<string, Wired>): Promise<void> {
  if (wired.size === 0) return;
  const rows = await c.t.find(trunk, { id: [...wired.keys()] });
  const subports = await subportsOf(
    c.t,
    rows.map((row) => row.id),
  );
  for (const row of rows) {
    const parent = await c.t.get(port, row.port_id);
    if (parent?.['binding:host_id'] !== host) continue;
    const ids = (subports.get(row.id) ?? []).map((one) => one.port_id);
    const ports = ids.length > 0 ? await c.t.find(port, { id: ids }) : [];
    await setStatus(c, row, statusOfTrunk(parent, ports, wired.get(row.id)));
  }
}

/** These ports do not work (any more): trunks that were being built on them are not. */
export async function settleDown(c: Context, portIds: readonly string[]): Promise<void> {
  if (portIds.length === 0 || !(await c.t.first(trunk, { status: 'BUILD' }))) return;
  for (const row of await c.t.find(trunk, { port_id: [...portIds], status: 'BUILD' })) await setStatus(c, row, 'DOWN');
}

/** Ports that could not be wired are by now: the trunks that these are subports of are no longer in error. */
export async function healTrunks(c: Context, portIds: readonly string[]): Promise<void> {
  if (portIds.length === 0) return;
  const ids = new Set((await c.t.find(trunkSubport, { port_id: [...portIds] })).map((sub) => sub.trunk_id));
  if (ids.size === 0) return;
  const keys = [...ids].map((id): HostKey => `trunk/${id}`);
  c.t.wake(keys);
  for (const row of await c.t.find(trunk, { id: [...ids], status: 'ERROR' })) {
    const parent = await c.t.get(port, row.port_id);
    const subports = (await subportsOf(c.t, [row.id])).get(row.id) ?? [];
    const ports = await c.t.find(port, { id: subports.map((one) => one.port_id) });
    // Its host has said how it is, and says nothing new.
    await setStatus(c, row, statusOfTrunk(parent, ports, parent?.status === 'ACTIVE' ? 'ACTIVE' : 'DOWN'));
  }
}
