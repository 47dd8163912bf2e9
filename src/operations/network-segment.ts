/** The segments of networks in the database: finding a free one, taking it. */
import { noNetworkAvailable } from '../model/faults.ts';
import { networkSegment } from '../model/index.ts';
import {
  type ProviderRequest,
  providerWish,
  type Segment,
  type SegmentWish,
  segmentCandidates,
  segmentInUse,
  tenantWishes,
} from '../rules/segments.ts';
import type { Context } from './context.ts';

/** A segment's number as the table has it: flat networks have 0, so that the constraint sees them; local ones never meet. */
const columnId = (segment: Segment) => (segment.type === 'flat' ? 0 : segment.id);

async function isTaken(c: Context, segment: Segment): Promise<boolean> {
  if (segment.type === 'local') return false;
  const match = {
    network_type: segment.type,
    physical_network: segment.physicalNetwork ?? '',
    segmentation_id: columnId(segment),
  };
  return (await c.t.first(networkSegment, match)) !== undefined;
}

const keyOf = (physicalNetwork: string | null, id: number | null) => `${physicalNetwork ?? ''} ${id}`;

async function freeSegment(c: Context, wish: SegmentWish & { kind: 'any' }): Promise<Segment | undefined> {
  for (const batch of segmentCandidates(wish.type, wish.ranges, c.random)) {
    const used = await c.t.find(networkSegment, {
      network_type: wish.type,
      physical_network: [...new Set(batch.map((segment) => segment.physicalNetwork ?? ''))],
      segmentation_id: [...new Set(batch.map((segment) => segment.id))],
    });
    const taken = new Set(used.map((row) => keyOf(row.physical_network, row.segmentation_id)));
    const free = batch.find((segment) => !taken.has(keyOf(segment.physicalNetwork, segment.id)));
    if (free) return free;
  }
  return undefined;
}

/**
 * Chooses the segment of a new network: what its provider attributes ask for, or the next of tenant_network_types. Faults: a
 * 400 for what cannot be, VlanIdInUse, FlatNetworkInUse or TunnelIdInUse, NoNetworkAvailable when the ranges are used up.
 */
export async function chooseSegment(c: Context, request: ProviderRequest): Promise<Segment> {
  const isProvider = request.type !== null || request.physicalNetwork !== null || request.id !== null;
  for (const wish of isProvider ? [providerWish(c.settings, request)] : tenantWishes(c.settings)) {
    if (wish.kind === 'exact') {
      if (await isTaken(c, wish.segment)) throw segmentInUse(wish.segment);
      return wish.segment;
    }
    const free = await freeSegment(c, wish);
    if (free) return free;
  }
  throw noNetworkAvailable();
}

/** Writes a segment down as taken by a network that exists. */
export async function takeSegment(c: Context, networkId: string, segment: Segment): Promise<void> {
  await c.t.insert(networkSegment, {
    id: c.random.uuid(),
    network_id: networkId,
    network_type: segment.type,
    physical_network: segment.physicalNetwork ?? '',
    segmentation_id: columnId(segment),
  });
}
