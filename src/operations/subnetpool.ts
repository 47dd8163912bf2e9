/** Subnet pools. */
import { subnetPoolDeleteError, subnetPoolNotFound } from '../model/faults-addresses.ts';
import { subnet, subnetpool } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { boundsOf, keptPrefixes, prefixesOfPool, versionOfPrefixes } from '../rules/subnetpool.ts';
import type { Context, Operations } from './context.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { shareable } from './sharing.ts';
import { newStandard } from './standard.ts';
import { addPrefixes, onboardSubnets, removePrefixes } from './subnetpool-actions.ts';
import { updatePool } from './subnetpool-change.ts';
import { checkNoDefault, checkScope } from './subnetpool-checks.ts';
import { addSpace } from './subnetpool-space.ts';

type PoolRow = Row<typeof subnetpool>;

async function createPool(c: Context, draft: Draft<typeof subnetpool>): Promise<PoolRow> {
  const version = versionOfPrefixes(draft.prefixes ?? []);
  const row: PoolRow = {
    ...newStandard(c, draft),
    name: draft.name ?? '',
    prefixes: keptPrefixes(draft.prefixes ?? []),
    ip_version: version,
    ...boundsOf(draft, version),
    default_quota: draft.default_quota ?? null,
    is_default: draft.is_default ?? false,
    shared: draft.shared ?? false,
    address_scope_id: draft.address_scope_id ?? null,
  };
  if (row.is_default) await checkNoDefault(c, version);
  await checkScope(c, row);
  await consumeQuota(c, 'subnetpool', row.project_id);
  const result = await c.t.insert(subnetpool, row);
  for (const prefix of prefixesOfPool(result)) await addSpace(c, result, prefix);
  return result;
}

async function removePool(c: Context, row: PoolRow): Promise<void> {
  if (await c.t.first(subnet, { subnetpool_id: row.id }))
    throw subnetPoolDeleteError('Subnet pool has existing allocations');
  await c.t.delete(subnetpool, row.id);
  await releaseQuota(c, 'subnetpool', row.project_id);
}

/** What the API calls. */
export const subnetpoolOperations: Operations<typeof subnetpool> = shareable({
  resource: subnetpool,
  notFound: subnetPoolNotFound,
  create: createPool,
  update: updatePool,
  remove: removePool,
  actions: {
    add_prefixes: addPrefixes,
    remove_prefixes: removePrefixes,
    onboard_network_subnets: onboardSubnets,
  },
});
