/**
 * Addresses on routed networks: there the subnets belong to segments, and a port has addresses of the segments that its host
 * can wire; without a host they wait (neutron/db/ipam_backend_mixin.py, find_candidate_subnets).
 */
import { hostNotCompatibleWithFixedIps, hostNotConnectedToAnySegment } from '../model/faults-segments.ts';
import type { port, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Context } from './context.ts';
import { segmentsOf, segmentsOnHost } from './network-segment.ts';
import { subnetsOf } from './port-addresses.ts';

type PortRow = Row<typeof port>;
type SubnetRow = Row<typeof subnet>;

/** Whether the network with these subnets is routed. */
export function isRouted(subnets: readonly Pick<SubnetRow, 'segment_id'>[]): boolean {
  return subnets.some((row) => row.segment_id !== null);
}

/**
 * Those of a network's subnets that a port on this host may have addresses of: all, unless the network is routed. Throws
 * HostNotConnectedToAnySegment where the host can wire none of its segments.
 */
export async function subnetsOnHost(
  c: Context,
  networkId: string,
  subnets: readonly SubnetRow[],
  host: string,
): Promise<readonly SubnetRow[]> {
  if (host === '' || !isRouted(subnets)) return subnets;
  const usable = await segmentsOnHost(c.t, await segmentsOf(c.t, networkId), host);
  if (usable.length === 0) throw hostNotConnectedToAnySegment(host, networkId);
  const ids = new Set(usable.map((row) => row.id));
  return subnets.filter((row) => row.segment_id === null || ids.has(row.segment_id));
}

/** Throws HostNotCompatibleWithFixedIps where the addresses that a port keeps are not of its new host's segments. */
export async function checkAddressesOnHost(c: Context, row: PortRow, host: string): Promise<void> {
  if (row.fixed_ips.length === 0) return;
  const subnets = await subnetsOf(c, row.network_id);
  if (!isRouted(subnets)) return;
  const usable = new Set((await subnetsOnHost(c, row.network_id, subnets, host)).map((on) => on.id));
  if (row.fixed_ips.some(({ subnet_id }) => subnet_id !== undefined && !usable.has(subnet_id))) {
    throw hostNotCompatibleWithFixedIps(host, row.id);
  }
}
