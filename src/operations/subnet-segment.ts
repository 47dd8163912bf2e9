/** Which segment a subnet may be on (neutron/db/ipam_backend_mixin.py, _validate_segment). */
import {
  networkIdsDontMatch,
  noUpdateWithSeveralSegments,
  segmentNotFound,
  subnetSegmentChangeNotAllowed,
  subnetsNotAllAssociated,
} from '../model/faults-segments.ts';
import { segment, type subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Context } from './context.ts';
import { segmentsOf } from './network-segment.ts';

type SubnetRow = Row<typeof subnet>;

/** The subnets of a network are all on segments, or none is. `others` are those beside the one that is changed. */
async function checkOwnSegment(c: Context, networkId: string, segmentId: string | null): Promise<void> {
  if (segmentId === null) return;
  const on = await c.t.get(segment, segmentId);
  if (!on) throw segmentNotFound(segmentId);
  if (on.network_id !== networkId) throw networkIdsDontMatch(networkId, segmentId);
}

/** Checks the segment of a new subnet beside the `others` of its network. */
export async function checkNewSegment(c: Context, row: SubnetRow, others: readonly SubnetRow[]): Promise<void> {
  if (others.some((other) => (other.segment_id === null) !== (row.segment_id === null))) {
    throw subnetsNotAllAssociated(row.network_id);
  }
  await checkOwnSegment(c, row.network_id, row.segment_id);
}

/** Checks a change of a subnet's segment: only the one subnet of a network with one segment comes to it later. */
export async function checkChangedSegment(
  c: Context,
  row: SubnetRow,
  after: string | null,
  others: readonly SubnetRow[],
): Promise<void> {
  if (after === row.segment_id) return;
  if (others.length > 0) throw subnetsNotAllAssociated(row.network_id);
  if (row.segment_id !== null) throw subnetSegmentChangeNotAllowed();
  if ((await segmentsOf(c.t, row.network_id)).length > 1) throw noUpdateWithSeveralSegments(row.network_id);
  await checkOwnSegment(c, row.network_id, after);
}
