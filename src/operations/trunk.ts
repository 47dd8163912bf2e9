/** Trunks (neutron/services/trunk/plugin.py). */
import { malformedBody, portInUse } from '../model/faults.ts';
import {
  duplicateSubport,
  parentPortInUse,
  subportNotFound,
  trunkDisabled,
  trunkInErrorState,
  trunkInUse,
  trunkNotFound,
  trunkPortInUse,
} from '../model/faults-trunk.ts';
import type { HostKey } from '../model/host-objects.ts';
import { network, port, subport, trunk, trunkSubport } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import * as t from '../model/types.ts';
import { canBeParent, checkSubportList, completeSubport, type Subport, type WantedSubport } from '../rules/trunk.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { newStandard } from './standard.ts';
import { bindSubports, releaseSubports } from './trunk-binding.ts';
import { shownSubport, subportsOf } from './trunk-ports.ts';
import { visiblePort } from './visible.ts';

type TrunkRow = Row<typeof trunk>;
type PortRow = Row<typeof port>;

/** A port is in one trunk at most, on either side. */
async function checkInNoTrunk(c: Context, portId: string): Promise<void> {
  if (await c.t.first(trunkSubport, { port_id: portId })) throw trunkPortInUse(portId);
  if (await c.t.first(trunk, { port_id: portId })) throw parentPortInUse(portId);
}

async function parentPort(c: Context, portId: string): Promise<PortRow> {
  await checkInNoTrunk(c, portId);
  const row = await visiblePort(c, portId);
  if (!canBeParent(row)) throw parentPortInUse(portId);
  return row;
}

async function mtuOf(c: Context, on: PortRow): Promise<number> {
  return (await c.t.get(network, on.network_id))?.mtu ?? 0;
}

/** The subports of a request with all that they need; each of them may be one. */
async function completed(c: Context, wanted: readonly WantedSubport[], parent: PortRow): Promise<Subport[]> {
  const trunkPort = { portId: parent.id, mtu: await mtuOf(c, parent) };
  const subports: Subport[] = [];
  for (const one of wanted) {
    const row = await visiblePort(c, one.port_id);
    const on = await c.t.get(network, row.network_id);
    const complete = completeSubport(
      one,
      {
        type: on?.['provider:network_type'] ?? null,
        segmentationId: on?.['provider:segmentation_id'] ?? null,
        mtu: on?.mtu ?? 0,
      },
      trunkPort,
    );
    await checkInNoTrunk(c, row.id);
    if (row.device_id !== '') throw portInUse(row.id, row.network_id, row.device_id);
    subports.push(complete);
  }
  return subports;
}

async function insertSubports(c: Context, trunkId: string, subports: readonly Subport[]): Promise<void> {
  const there = (await subportsOf(c.t, [trunkId])).get(trunkId) ?? [];
  const tags = new Set(there.map((row) => `${row.segmentation_type} ${row.segmentation_id}`));
  for (const { segmentation_type: type, segmentation_id: id } of subports) {
    // Two that inherit may come to one tag.
    if (tags.has(`${type} ${id}`)) throw duplicateSubport(type, id, trunkId);
    tags.add(`${type} ${id}`);
  }
  await c.t.insertMany(
    trunkSubport,
    subports.map((one) => ({ ...one, trunk_id: trunkId })),
  );
  // Whatever a person has made of their owner before.
  c.t.wake(subports.map((one): HostKey => `port/${one.port_id}`));
}

async function create(c: Context, draft: Draft<typeof trunk>): Promise<TrunkRow> {
  checkSubportList(draft.sub_ports ?? []);
  const parent = await parentPort(c, draft.port_id ?? '');
  const subports = await completed(c, draft.sub_ports ?? [], parent);
  const standard = newStandard(c, draft);
  await consumeQuota(c, 'trunk', standard.project_id);
  const row = await c.t.insert(trunk, {
    ...standard,
    name: draft.name ?? '',
    admin_state_up: draft.admin_state_up ?? true,
    port_id: parent.id,
    status: 'DOWN',
    sub_ports: [],
  });
  await insertSubports(c, row.id, subports);
  const status = await bindSubports(c, row);
  return status === row.status ? row : update(c, row, { status });
}

async function update(c: Context, row: TrunkRow, changes: Partial<TrunkRow>): Promise<TrunkRow> {
  const result = await c.t.update(trunk, row.id, changes);
  if (!result) throw trunkNotFound(row.id);
  return result;
}

async function remove(c: Context, row: TrunkRow): Promise<void> {
  if (!row.admin_state_up) throw trunkDisabled(row.id);
  const parent = await c.t.get(port, row.port_id);
  if (parent && !canBeParent(parent)) throw trunkInUse(row.id);
  const subports = (await subportsOf(c.t, [row.id])).get(row.id) ?? [];
  await c.t.delete(trunk, row.id);
  await releaseSubports(
    c,
    row,
    subports.map((one) => one.port_id),
  );
  await releaseQuota(c, 'trunk', row.project_id);
}

/** `sub_ports` of the body of an action; of those to take away only the port counts. */
function wantedIn(body: Record<string, unknown>): WantedSubport[] {
  const parsed = t.list(subport, { max: 4094 }).parse(body.sub_ports);
  if (parsed instanceof t.Problem)
    throw malformedBody(
      `Invalid input for sub_ports${parsed.path}. Reason: expected ${parsed.expected}, found ${parsed.found}.`,
    );
  return parsed;
}

async function addSubports(c: Context, row: TrunkRow, body: Record<string, unknown>): Promise<TrunkRow> {
  const wanted = wantedIn(body);
  checkSubportList(wanted);
  const parent = await c.t.get(port, row.port_id);
  if (!parent) throw trunkNotFound(row.id);
  const subports = await completed(c, wanted, parent);
  if (!row.admin_state_up) throw trunkDisabled(row.id);
  if (row.status === 'ERROR') throw trunkInErrorState(row.id);
  await insertSubports(c, row.id, subports);
  return update(c, row, { status: await bindSubports(c, row) });
}

async function removeSubports(c: Context, row: TrunkRow, body: Record<string, unknown>): Promise<TrunkRow> {
  if (!row.admin_state_up) throw trunkDisabled(row.id);
  const wanted = wantedIn(body);
  checkSubportList(wanted);
  const there = new Set((await subportsOf(c.t, [row.id])).get(row.id)?.map((one) => one.port_id));
  const gone = wanted.find((one) => !there.has(one.port_id));
  if (gone) throw subportNotFound(gone.port_id, row.id);
  const portIds = wanted.map((one) => one.port_id);
  await c.t.deleteMany(trunkSubport, { trunk_id: row.id, port_id: portIds });
  await releaseSubports(c, row, portIds);
  return update(c, row, { status: await bindSubports(c, row) });
}

/** The subports of each trunk, with one query. */
async function compute(c: ReadContext, rows: readonly TrunkRow[]): Promise<Partial<TrunkRow>[]> {
  const subports = await subportsOf(
    c.r,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({ sub_ports: (subports.get(row.id) ?? []).map(shownSubport) }));
}

/** What the API calls. */
export const trunkOperations: Operations<typeof trunk> = {
  resource: trunk,
  notFound: trunkNotFound,
  create,
  update,
  remove,
  compute,
  actions: { add_subports: addSubports, remove_subports: removeSubports },
};
