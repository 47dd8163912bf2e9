/** Changing subnet pools. */
import { subnetPoolNotFound } from '../model/faults-addresses.ts';
import { subnet, subnetpool } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { addedPrefixes, boundsOf, keptPrefixes, versionOfPrefixes } from '../rules/subnetpool.ts';
import type { Context } from './context.ts';
import { checkMayChange, checkNetworksFollow, checkNoDefault, checkScope } from './subnetpool-checks.ts';
import { addSpace } from './subnetpool-space.ts';
import { wakeRouters } from './wake.ts';

type PoolRow = Row<typeof subnetpool>;

/** Changes a pool. More prefixes are more space; fewer are a fault. */
export async function updatePool(c: Context, row: PoolRow, changes: Partial<PoolRow>): Promise<PoolRow> {
  const added = changes.prefixes === undefined ? [] : addedPrefixes(row.prefixes, changes.prefixes);
  const given = { ...row, ...changes };
  const version = versionOfPrefixes(given.prefixes);
  const whole = {
    ...changes,
    ...boundsOf(given, version),
    ip_version: version,
    prefixes: keptPrefixes(given.prefixes),
  };
  const after: PoolRow = { ...row, ...whole };
  if (after.is_default && !row.is_default) await checkNoDefault(c, version);
  await checkMayChange(c, row);
  const moves = after.address_scope_id !== row.address_scope_id;
  if (moves || added.length > 0) await checkScope(c, after);
  if (moves && after.address_scope_id !== null) await checkNetworksFollow(c, row);
  const result = await c.t.update(subnetpool, row.id, whole);
  if (!result) throw subnetPoolNotFound(row.id);
  for (const prefix of added) await addSpace(c, result, prefix);
  // Routers keep scopes apart.
  if (moves) await wakeRouters(c, await c.t.find(subnet, { subnetpool_id: row.id }));
  return result;
}
