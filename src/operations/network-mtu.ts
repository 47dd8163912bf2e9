/** The MTU that a network has: what is asked for, what its segments carry, what its subnets need (rules/mtu.ts). */
import type { network } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { checkMtuForSubnets, chooseMtu, networkMtu } from '../rules/mtu.ts';
import type { Segment } from '../rules/segments.ts';
import type { Context } from './context.ts';
import { segmentsOf } from './network-segment.ts';
import { subnetsOf } from './port-addresses.ts';

type NetworkRow = Row<typeof network>;

/** The MTU of a new network on these segments: the one asked for, or the largest. */
export function newMtu(c: Context, segments: readonly Segment[], requested: number | undefined): number {
  return chooseMtu(requested, networkMtu(c.settings.mtu, segments).mtu);
}

/** The largest MTU that the segments of a network carry now. */
async function maximumOf(c: Context, networkId: string): Promise<number> {
  const segments = await segmentsOf(c.t, networkId);
  const ways = segments.map((row) => ({ type: row.network_type, physicalNetwork: row.physical_network }));
  return networkMtu(c.settings.mtu, ways).mtu;
}

/** The MTU that a change asks for; 0 is the largest possible, which a network with subnets does not take, as in Neutron. */
export async function changedMtu(c: Context, row: NetworkRow, requested: number): Promise<number> {
  const versions = (await subnetsOf(c, row.id)).map((on) => on.ip_version);
  checkMtuForSubnets(row.id, requested, versions);
  return chooseMtu(requested, await maximumOf(c, row.id));
}

/**
 * The MTU of a network whose segments have changed: it stays as it is, and a new segment that does not carry it is refused. What a
 * segment that goes leaves is not judged (neutron/plugins/ml2/plugin.py, `_handle_segment_change`).
 */
export async function mtuOnSegments(c: Context, row: NetworkRow, change: 'added' | 'removed'): Promise<number> {
  if (change === 'removed' && row.mtu > 0) return row.mtu;
  return chooseMtu(row.mtu, await maximumOf(c, row.id));
}
