/** The segments of networks in the database: finding a free one, taking it, choosing the one of a host. */
import { noNetworkAvailable } from '../model/faults.ts';
import { agent, type network, segment } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { canWire, l2AgentTypes } from '../rules/schedule.ts';
import {
  type ProviderRequest,
  providerWish,
  type Segment,
  type SegmentRange,
  type SegmentWish,
  segmentCandidates,
  segmentInUse,
  tenantWishes,
} from '../rules/segments.ts';
import type { NetworkType } from '../rules/settings.ts';
import type { Reader } from '../store/store.ts';
import type { Context } from './context.ts';
import { rangesFor } from './network-segment-range.ts';
import { newStandard } from './standard.ts';

type SegmentRow = Row<typeof segment>;

/** What no two segments share; local ones never meet. */
const claimOf = ({ type, physicalNetwork, id }: Segment) =>
  type === 'local' ? null : `${type} ${physicalNetwork ?? ''} ${id ?? ''}`;

async function isTaken(c: Context, wanted: Segment): Promise<boolean> {
  const claim = claimOf(wanted);
  return claim !== null && (await c.t.first(segment, { claim })) !== undefined;
}

/** Who asks for a segment. */
interface Asker {
  /** Segments that the same request takes. */
  readonly beside?: readonly Segment[];
  /** The project of the network: ranges may be of one project alone. */
  readonly projectId?: string;
}

async function freeSegment(
  c: Context,
  wish: SegmentWish & { kind: 'any' },
  { beside = [], projectId = '' }: Asker,
): Promise<Segment | undefined> {
  for (const ranges of await rangesFor(c, wish, projectId)) {
    const free = await freeIn(c, wish.type, ranges, beside);
    if (free) return free;
  }
  return undefined;
}

async function freeIn(
  c: Context,
  type: NetworkType,
  ranges: readonly SegmentRange[],
  beside: readonly Segment[],
): Promise<Segment | undefined> {
  for (const batch of segmentCandidates(type, ranges, c.random)) {
    const used = await c.t.find(segment, { claim: batch.map(claimOf) });
    const taken = new Set([...used.map((row) => row.claim), ...beside.map(claimOf)]);
    const free = batch.find((candidate) => !taken.has(claimOf(candidate)));
    if (free) return free;
  }
  return undefined;
}

async function chosen(c: Context, wish: SegmentWish, asker: Asker): Promise<Segment | undefined> {
  if (wish.kind === 'any') return freeSegment(c, wish, asker);
  const claim = claimOf(wish.segment);
  const isBeside = claim !== null && asker.beside?.some((other) => claimOf(other) === claim);
  if (isBeside || (await isTaken(c, wish.segment))) throw segmentInUse(wish.segment);
  return wish.segment;
}

/**
 * Chooses the segment that provider attributes ask for. Faults: a 400 for what cannot be, VlanIdInUse, FlatNetworkInUse or
 * TunnelIdInUse, NoNetworkAvailable when the ranges are used up.
 */
export async function chooseProviderSegment(c: Context, request: ProviderRequest, asker: Asker): Promise<Segment> {
  const found = await chosen(c, providerWish(c.settings, request), asker);
  if (!found) throw noNetworkAvailable();
  return found;
}

/** Chooses the segment of a new network: what its provider attributes ask for, or the next of tenant_network_types. */
export async function chooseSegment(c: Context, request: ProviderRequest, asker: Asker): Promise<Segment> {
  if (request.type !== null || request.physicalNetwork !== null || request.id !== null) {
    return chooseProviderSegment(c, request, asker);
  }
  for (const wish of tenantWishes(c.settings)) {
    const found = await chosen(c, wish, asker);
    if (found) return found;
  }
  throw noNetworkAvailable();
}

/** Writes a segment down as taken by a network that exists. */
export function takeSegment(
  c: Context,
  networkId: string,
  taken: Segment,
  more: { name?: string | null; description?: string; position?: number } = {},
): Promise<SegmentRow> {
  const { id, description, created_at, updated_at, revision_number } = newStandard(c, {
    description: more.description ?? '',
  });
  return c.t.insert(segment, {
    id,
    network_id: networkId,
    network_type: taken.type,
    physical_network: taken.physicalNetwork,
    segmentation_id: taken.id,
    name: more.name ?? null,
    description,
    created_at,
    updated_at,
    revision_number,
    position: more.position ?? 0,
    claim: claimOf(taken),
  });
}

/** The segments of networks, in the order in which they came. */
export async function segmentsOf(r: Reader, networkIds: string | readonly string[]): Promise<SegmentRow[]> {
  const rows = await r.find(segment, { network_id: networkIds });
  return rows.sort((a, b) => a.position - b.position);
}

/** Those of the segments that a host's L2 agent can wire, whether it is alive or not. */
export async function segmentsOnHost<S extends Pick<SegmentRow, 'physical_network'>>(
  r: Reader,
  segments: readonly S[],
  host: string,
): Promise<S[]> {
  const agents = await r.find(agent, { host, agent_type: l2AgentTypes });
  return segments.filter((row) => agents.some((l2) => canWire(l2.configurations, row.physical_network)));
}

/** The columns by which a network shows how it travels. */
export type Travel = Pick<
  Row<typeof network>,
  'provider:network_type' | 'provider:physical_network' | 'provider:segmentation_id'
>;

/** A segment as the columns of its network. */
export function travelBy(row: Pick<SegmentRow, 'network_type' | 'physical_network' | 'segmentation_id'>): Travel {
  return {
    'provider:network_type': row.network_type,
    'provider:physical_network': row.physical_network,
    'provider:segmentation_id': row.segmentation_id,
  };
}

/** How a network travels on a host: by the first of its segments that the host can wire; by its first where none is. */
export async function travelOnHost(r: Reader, on: Row<typeof network>, host: string): Promise<Travel> {
  if (!on.several_segments) return on;
  const [usable] = await segmentsOnHost(r, await segmentsOf(r, on.id), host);
  return usable ? travelBy(usable) : on;
}
