/** Segments as administrators see them (neutron/services/segments). */
import { networkNotFound } from '../model/faults.ts';
import { segmentInUse, segmentNotFound } from '../model/faults-segments.ts';
import { network, port, segment, subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import type { Context, Operations } from './context.ts';
import { mtuOnSegments } from './network-mtu.ts';
import { chooseProviderSegment, segmentsOf, takeSegment, travelBy, travelOnHost } from './network-segment.ts';
import { wakeNetwork } from './wake.ts';

type SegmentRow = Row<typeof segment>;

/** A network shows its first segment; with another first one, or more than one, hosts wire it otherwise. */
async function showOn(c: Context, networkId: string, change: 'added' | 'removed'): Promise<void> {
  const on = await c.t.get(network, networkId);
  if (!on) throw networkNotFound(networkId);
  const segments = await segmentsOf(c.t, networkId);
  const [first] = segments;
  const none = { 'provider:network_type': null, 'provider:physical_network': null, 'provider:segmentation_id': null };
  const travel = first ? travelBy(first) : none;
  const mtu = await mtuOnSegments(c, on, change);
  await c.t.update(network, networkId, { ...travel, mtu, several_segments: segments.length > 1 });
  await wakeNetwork(c, networkId);
}

async function create(c: Context, draft: Draft<typeof segment>): Promise<SegmentRow> {
  const on = await c.t.get(network, draft.network_id ?? '');
  if (!on) throw networkNotFound(draft.network_id ?? '');
  const request = {
    type: draft.network_type ?? null,
    physicalNetwork: draft.physical_network ?? null,
    id: draft.segmentation_id ?? null,
  };
  const taken = await chooseProviderSegment(c, request, { projectId: on.project_id });
  const others = await segmentsOf(c.t, on.id);
  const row = await takeSegment(c, on.id, taken, {
    name: draft.name ?? null,
    description: draft.description ?? '',
    position: (others.at(-1)?.position ?? -1) + 1,
  });
  await showOn(c, on.id, 'added');
  return row;
}

async function update(c: Context, row: SegmentRow, changes: Partial<SegmentRow>): Promise<SegmentRow> {
  const result = await c.t.update(segment, row.id, changes);
  if (!result) throw segmentNotFound(row.id);
  return result;
}

/** The ports that are wired by this segment: those on hosts where the network travels by it. */
async function boundPorts(c: Context, row: SegmentRow): Promise<string[]> {
  const on = await c.t.get(network, row.network_id);
  if (!on) return [];
  const bound = {
    op: 'not',
    of: { op: 'in', column: 'binding:vif_type', values: ['unbound', 'binding_failed'] },
  } as const;
  const here = { op: 'in', column: 'network_id', values: [row.network_id] } as const;
  const ports = await c.t.list(port, { op: 'and', of: [here, bound] });
  const own = JSON.stringify(travelBy(row));
  const users = new Set<string>();
  for (const host of new Set(ports.map((each) => each['binding:host_id']))) {
    const travel = await travelOnHost(c.t, on, host);
    const { 'provider:network_type': type, 'provider:physical_network': name, 'provider:segmentation_id': id } = travel;
    const used = { 'provider:network_type': type, 'provider:physical_network': name, 'provider:segmentation_id': id };
    if (JSON.stringify(used) === own) users.add(host);
  }
  return ports.filter((each) => users.has(each['binding:host_id'])).map((each) => each.id);
}

async function remove(c: Context, row: SegmentRow): Promise<void> {
  const subnets = await c.t.find(subnet, { segment_id: row.id });
  if (subnets.length > 0) {
    const ids = subnets.map((on) => on.id).join(', ');
    throw segmentInUse(row.id, `The segment is still associated with subnet(s) ${ids}`);
  }
  const ports = await boundPorts(c, row);
  if (ports.length > 0)
    throw segmentInUse(row.id, `The segment is still bound with port(s) ${ports.slice(0, 10).join(', ')}`);
  await c.t.delete(segment, row.id);
  await showOn(c, row.network_id, 'removed');
}

/** What the API calls. */
export const segmentOperations: Operations<typeof segment> = {
  resource: segment,
  notFound: segmentNotFound,
  create,
  update,
  remove,
};
