/** Routes between the subnets of a routed network, as DHCP hands them out (neutron/services/segments/plugin.py, SegmentHostRoutes). */
import { parseCidr } from '../lib/ip.ts';
import type { subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';

type SubnetRow = Row<typeof subnet>;
type HostRoute = SubnetRow['host_routes'][number];

/** Whether the routes reach all of the prefix. */
function isReached(cidr: string, routes: readonly HostRoute[]): boolean {
  const wanted = parseCidr(cidr);
  return routes.some(({ destination }) => {
    const route = parseCidr(destination);
    return (
      route?.version === wanted?.version && route && wanted && route.first <= wanted.first && wanted.last <= route.last
    );
  });
}

/** The subnets on other segments whose addresses are of the same version. */
const peersOf = (row: SubnetRow, others: readonly SubnetRow[]) =>
  others.filter(
    (other) => other.id !== row.id && other.segment_id !== row.segment_id && other.ip_version === row.ip_version,
  );

/**
 * The host routes of a subnet with one by its gateway for each subnet on another segment that they do not reach. `before`: as it
 * was, where its gateway changes; `gone`: the prefix of a subnet that is no more.
 */
export function withPeerRoutes(
  row: SubnetRow,
  others: readonly SubnetRow[],
  { before, gone }: { readonly before?: SubnetRow; readonly gone?: string } = {},
): HostRoute[] {
  const peers = peersOf(row, others);
  const isOld = ({ destination, nexthop }: HostRoute) =>
    (destination === gone && nexthop === row.gateway_ip) ||
    (before !== undefined &&
      before.gateway_ip !== row.gateway_ip &&
      nexthop === before.gateway_ip &&
      peers.some((peer) => peer.cidr === destination));
  const kept = row.host_routes.filter((route) => !isOld(route));
  const gateway = row.gateway_ip;
  if (gateway === null) return kept;
  const come = peers.filter((peer) => !isReached(peer.cidr, kept));
  return [...kept, ...come.map((peer) => ({ destination: peer.cidr, nexthop: gateway }))];
}
