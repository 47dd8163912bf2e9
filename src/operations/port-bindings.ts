/**
 * The bindings of a port (neutron/plugins/ml2/plugin.py): the active one is in the port's own columns, others prepare hosts that its
 * instance may move to.
 */
import { badRequest, portNotFound } from '../model/faults.ts';
import {
  portBindingAlreadyActive,
  portBindingAlreadyExists,
  portBindingError,
  portBindingNotFound,
} from '../model/faults-bindings.ts';
import { network, port, portBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Reader } from '../store/store.ts';
import type { Context, Operations } from './context.ts';
import { bindingOn, forgetBinding } from './port-binding.ts';
import { followParent, pluggedIn } from './trunk-binding.ts';
import { wakePort } from './wake.ts';

type PortRow = Row<typeof port>;
type BindingRow = Row<typeof portBinding>;

async function portOf(r: Reader, id: string): Promise<PortRow> {
  const row = await r.get(port, id);
  if (!row) throw portNotFound(id);
  return row;
}

/** Only instances move with their ports. */
function checkMovable(row: PortRow): void {
  if (row.device_owner.startsWith('compute:') || row.device_owner.startsWith('manila:')) return;
  const reason = `Invalid port ${row.id}. Operation only valid on compute and shared filesystem ports`;
  throw badRequest('port', reason);
}

const activeOf = (row: PortRow): BindingRow => ({
  port_id: row.id,
  host: row['binding:host_id'],
  vif_type: row['binding:vif_type'],
  vif_details: row['binding:vif_details'],
  vnic_type: row['binding:vnic_type'],
  profile: row['binding:profile'],
  status: 'ACTIVE',
});

const inactive = (row: BindingRow): BindingRow => ({ ...row, status: 'INACTIVE' });

/** All bindings of a port, the active one first. */
async function bindingsOf(r: Reader, portId: string): Promise<BindingRow[]> {
  const row = await portOf(r, portId);
  checkMovable(row);
  const others = await r.find(portBinding, { port_id: portId });
  return [activeOf(row), ...others.map(inactive)];
}

type Asked = Pick<BindingRow, 'host' | 'vnic_type' | 'profile'>;

/** The columns of a binding on a host. Throws PortBindingError where the host cannot wire the port. */
async function wired(c: Context, row: PortRow, asked: Asked): Promise<BindingRow> {
  const on = await c.t.get(network, row.network_id);
  const bound = on && (await bindingOn(c, asked.host, on, asked.vnic_type));
  const binding = bound && (await pluggedIn(c, row.id, bound));
  if (!binding || binding['binding:vif_type'] === 'binding_failed') throw portBindingError(asked.host, row.id);
  const { 'binding:vif_type': vif_type, 'binding:vif_details': vif_details } = binding;
  return { ...asked, port_id: row.id, vif_type, vif_details, status: 'INACTIVE' };
}

/** Makes a binding that of the port itself: the host that had the port lets it go, the other one wires it. */
async function putOnPort(c: Context, row: PortRow, binding: BindingRow): Promise<BindingRow> {
  const result = await c.t.update(port, row.id, {
    'binding:host_id': binding.host,
    'binding:vif_type': binding.vif_type,
    'binding:vif_details': binding.vif_details,
    'binding:vnic_type': binding.vnic_type,
    'binding:profile': binding.profile,
    status: 'DOWN',
  });
  if (!result) throw portNotFound(row.id);
  await wakePort(c, row, result);
  await followParent(c, row, result);
  return activeOf(result);
}

async function update(c: Context, row: BindingRow, changes: Partial<BindingRow>): Promise<BindingRow> {
  const of = await portOf(c.t, row.port_id);
  const after = await wired(c, of, { ...row, ...changes });
  if (row.status === 'ACTIVE') return putOnPort(c, of, after);
  const { vif_type, vif_details, vnic_type, profile } = after;
  const columns = { vif_type, vif_details, vnic_type, profile };
  await c.t.updateMany(portBinding, { port_id: row.port_id, host: row.host }, columns);
  return after;
}

/** A port whose active binding is deleted is on no host. */
async function remove(c: Context, row: BindingRow): Promise<void> {
  if (row.status === 'INACTIVE') return forgetBinding(c, row.port_id, row.host);
  const of = await portOf(c.t, row.port_id);
  await putOnPort(c, of, { ...row, host: '', vif_type: 'unbound', vif_details: {} });
}

async function activate(c: Context, row: BindingRow): Promise<BindingRow> {
  if (row.status === 'ACTIVE') throw portBindingAlreadyActive(row.host, row.port_id);
  const of = await portOf(c.t, row.port_id);
  const { host, ...was } = activeOf(of);
  await forgetBinding(c, row.port_id, row.host);
  // Unbound, it keeps its host, so that the way back is known.
  if (host !== '') await c.t.insert(portBinding, { ...was, host, vif_type: 'unbound', vif_details: {} });
  return putOnPort(c, of, row);
}

/** What the API calls. */
export const portBindingOperations: Operations<typeof portBinding> = {
  resource: portBinding,
  notFound: (host, portId = '') => portBindingNotFound(host, portId),
  rows: bindingsOf,
  async create(c, draft, parent) {
    const of = await portOf(c.t, String(parent?.id));
    const host = draft.host ?? '';
    if ((await bindingsOf(c.t, of.id)).some((binding) => binding.host === host)) {
      throw portBindingAlreadyExists(host, of.id);
    }
    const asked = { host, vnic_type: draft.vnic_type ?? 'normal', profile: draft.profile ?? {} };
    return inactive(await c.t.insert(portBinding, await wired(c, of, asked)));
  },
  update,
  remove,
  actions: { activate },
};
