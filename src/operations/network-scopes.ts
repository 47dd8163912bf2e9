/** The address scopes of networks: those of the pools that their subnets come from. */
import { type network, type subnet, subnetpool } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { ReadContext } from './context.ts';

type Scopes = Pick<Row<typeof network>, 'ipv4_address_scope' | 'ipv6_address_scope'>;

/** By network id, from the networks' subnets; one query where a subnet is of a pool, otherwise none. */
export async function scopesOfNetworks(
  c: ReadContext,
  subnets: readonly Row<typeof subnet>[],
): Promise<(networkId: string) => Scopes> {
  const ids = [...new Set(subnets.flatMap((row) => row.subnetpool_id ?? []))];
  const pools = ids.length > 0 ? await c.r.find(subnetpool, { id: ids }) : [];
  const scopes = new Map(pools.map((pool) => [pool.id, pool.address_scope_id]));
  const found = new Map<string, string>();
  for (const row of subnets) {
    const scope = scopes.get(row.subnetpool_id ?? '');
    if (scope) found.set(`${row.network_id} ${row.ip_version}`, scope);
  }
  return (networkId) => ({
    ipv4_address_scope: found.get(`${networkId} 4`) ?? null,
    ipv6_address_scope: found.get(`${networkId} 6`) ?? null,
  });
}
