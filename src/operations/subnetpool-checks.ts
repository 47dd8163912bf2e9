/** What subnet pools are refused for, as far as it takes a look into the database. */
import { prefixesOverlap } from '../lib/prefix-set.ts';
import { invalidInput } from '../model/faults.ts';
import {
  addressScopePrefixConflict,
  illegalSubnetPoolUpdate,
  networkAddressScopeAffinity,
  subnetPoolVersionDiffersFromScope,
} from '../model/faults-addresses.ts';
import { addressScope, subnet, subnetpool } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { prefixesOfPool } from '../rules/subnetpool.ts';
import type { Context } from './context.ts';
import { visibleAddressScope } from './visible.ts';

type PoolRow = Row<typeof subnetpool>;

/** There is one default pool for each IP version. */
export async function checkNoDefault(c: Context, version: number): Promise<void> {
  if (!(await c.t.first(subnetpool, { is_default: true, ip_version: version }))) return;
  throw invalidInput(
    'A default subnetpool for this IP family has already been set. Only one default may exist per IP family',
  );
}

/** The pools of a scope share no address. They are few: a person makes each of them. */
async function checkScopePrefixes(c: Context, pool: PoolRow): Promise<void> {
  const others = await c.t.find(subnetpool, { address_scope_id: pool.address_scope_id });
  const own = prefixesOfPool(pool);
  const overlaps = (other: PoolRow) => other.id !== pool.id && prefixesOverlap(prefixesOfPool(other), own);
  if (others.some(overlaps)) throw addressScopePrefixConflict();
}

/** Throws the fault of a pool that cannot be in its address scope. */
export async function checkScope(c: Context, pool: PoolRow): Promise<void> {
  if (pool.address_scope_id === null) return;
  const scope = await visibleAddressScope(c, pool.address_scope_id);
  if (scope.ip_version !== pool.ip_version)
    throw subnetPoolVersionDiffersFromScope(pool.id, scope.id, scope.ip_version);
  await checkScopePrefixes(c, pool);
}

/** A network's subnets of one version stay in one scope: those of this pool have no neighbours from elsewhere. */
export async function checkNetworksFollow(c: Context, pool: PoolRow): Promise<void> {
  const own = await c.t.find(subnet, { subnetpool_id: pool.id });
  const networks = [...new Set(own.map((row) => row.network_id))];
  if (networks.length === 0) return;
  const all = await c.t.find(subnet, { network_id: networks, ip_version: pool.ip_version });
  if (all.some((row) => row.subnetpool_id !== pool.id)) throw networkAddressScopeAffinity();
}

/** A pool in a scope that another project shares is that project's to change, as in Neutron. */
export async function checkMayChange(c: Context, row: PoolRow): Promise<void> {
  if (row.address_scope_id === null || c.caller.isAdmin) return;
  const scope = await c.t.get(addressScope, row.address_scope_id);
  if (scope?.project_id === c.caller.projectId) return;
  throw illegalSubnetPoolUpdate(
    `subnetpool ${row.id} cannot be updated when associated with shared address scope ${row.address_scope_id}`,
  );
}
