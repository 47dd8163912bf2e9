/** Keeps the host routes between the subnets of a routed network (segments-peer-subnet-host-routes). */
import { subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { servicePluginNames } from '../rules/extensions.ts';
import { withPeerRoutes } from '../rules/peer-routes.ts';
import type { Context } from './context.ts';
import { subnetsOf } from './port-addresses.ts';
import { wakeSubnet } from './wake.ts';

type SubnetRow = Row<typeof subnet>;

const isRouted = (c: Context, row: SubnetRow) =>
  row.segment_id !== null && servicePluginNames(c.settings).has('segments');

const isSame = (a: SubnetRow['host_routes'], b: SubnetRow['host_routes']) => JSON.stringify(a) === JSON.stringify(b);

/** A new subnet with its routes to the others of its network. */
export function routedRow(c: Context, row: SubnetRow, others: readonly SubnetRow[]): SubnetRow {
  return isRouted(c, row) ? { ...row, host_routes: withPeerRoutes(row, others) } : row;
}

/** The routes of a subnet whose gateway or routes change. */
export async function routedChanges(c: Context, before: SubnetRow, after: SubnetRow): Promise<Partial<SubnetRow>> {
  const isTouched = after.gateway_ip !== before.gateway_ip || !isSame(after.host_routes, before.host_routes);
  if (!isTouched || !isRouted(c, after)) return {};
  return { host_routes: withPeerRoutes(after, await subnetsOf(c, after.network_id), { before }) };
}

/** Brings the routes of the `others` in line with a subnet that came; `gone` is the prefix of one that went. */
export async function routePeers(
  c: Context,
  row: SubnetRow,
  others: readonly SubnetRow[],
  gone?: string,
): Promise<void> {
  if (!isRouted(c, row)) return;
  const all = gone === undefined ? [...others, row] : others;
  for (const other of others) {
    const host_routes = withPeerRoutes(other, all, gone === undefined ? {} : { gone });
    if (isSame(host_routes, other.host_routes)) continue;
    const result = await c.t.update(subnet, other.id, { host_routes });
    if (result) await wakeSubnet(c, other, result);
  }
}
