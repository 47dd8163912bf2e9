/** Prefixes of subnets: given in the request, or taken from a subnet pool. */
import { type Cidr, formatCidr, parseCidr } from '../lib/ip.ts';
import { badRequest } from '../model/faults.ts';
import { subnetAllocationError } from '../model/faults-addresses.ts';
import { subnet, subnetpool } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { checkAffinity, checkPoolFits, checkPoolQuota, checkPoolRequest, lengthFor } from '../rules/subnetpool.ts';
import { prefixAround } from '../rules/subnetpool-space.ts';
import type { Context } from './context.ts';
import { addSpace, findSpace, takeSpace } from './subnetpool-space.ts';
import { sees, visibleSubnetPool } from './visible.ts';

type SubnetDraft = Draft<typeof subnet>;
type SubnetRow = Row<typeof subnet>;
type PoolRow = Row<typeof subnetpool>;

/** The prefix of a new subnet and the pool that it was taken from. */
export interface Allocated {
  readonly cidr: string;
  readonly subnetpool_id: string | null;
}

async function defaultPool(c: Context, draft: SubnetDraft): Promise<PoolRow> {
  const version = parseCidr(draft.cidr ?? '')?.version ?? draft.ip_version ?? 4;
  const pool = await c.t.first(subnetpool, { is_default: true, ip_version: version });
  if (!pool || !(await sees(c, pool))) throw badRequest('subnets', `No default subnetpool found for IPv${version}`);
  return pool;
}

async function poolOf(c: Context, draft: SubnetDraft): Promise<PoolRow | undefined> {
  checkPoolRequest(draft);
  if (draft.subnetpool_id) return visibleSubnetPool(c, draft.subnetpool_id);
  return draft.use_default_subnetpool ? defaultPool(c, draft) : undefined;
}

/** What the project has of the pool, and the new one: looked up only where there is a quota, which bounds it. */
async function checkQuota(c: Context, pool: PoolRow, projectId: string, length: number): Promise<void> {
  if (!pool.default_quota) return;
  const own = await c.t.find(subnet, { subnetpool_id: pool.id, project_id: projectId });
  const lengths = own.flatMap((row) => parseCidr(row.cidr)?.length ?? []);
  checkPoolQuota(pool, [...lengths, length]);
}

/** The one prefix that a request asks for, by itself or by a gateway in it; `undefined`: any. */
function exactPrefix(draft: SubnetDraft, length: number): Cidr | undefined {
  if (draft.cidr !== undefined) return parseCidr(draft.cidr);
  return draft.gateway_ip ? prefixAround(draft.gateway_ip, length) : undefined;
}

async function take(c: Context, pool: PoolRow, draft: SubnetDraft, projectId: string): Promise<string> {
  const length = lengthFor(pool, parseCidr(draft.cidr ?? '')?.length ?? draft.prefixlen);
  await checkQuota(c, pool, projectId, length);
  const exact = exactPrefix(draft, length);
  const prefix = exact ?? (await findSpace(c, pool, length));
  if (!prefix) throw subnetAllocationError(`Insufficient prefix space to allocate subnet size /${length}`);
  if (!(await takeSpace(c, pool, prefix)))
    throw subnetAllocationError('Cannot allocate requested subnet from the available set of prefixes');
  return formatCidr(prefix);
}

/**
 * The prefix of a new subnet of a project, taken from the pool that the request names. `others` are the subnets of its network.
 *
 * Faults: BadRequest for what does not go together, SubnetPoolNotFound, Min- and MaxPrefixSubnetAllocationError,
 * SubnetPoolQuotaExceeded, SubnetAllocationError, and those of subnets that come from elsewhere than their neighbours.
 */
export async function allocatePrefix(
  c: Context,
  draft: SubnetDraft,
  projectId: string,
  others: readonly SubnetRow[],
): Promise<Allocated> {
  const pool = await poolOf(c, draft);
  const poolIds = [...new Set(others.flatMap((other) => other.subnetpool_id ?? []))];
  const pools = poolIds.length > 0 ? await c.t.find(subnetpool, { id: poolIds }) : [];
  if (pool) checkPoolFits(pool, draft);
  const ip_version = pool?.ip_version ?? draft.ip_version ?? 4;
  checkAffinity({ ip_version, pool }, others, new Map(pools.map((each) => [each.id, each])));
  if (!pool) return { cidr: draft.cidr ?? '', subnetpool_id: null };
  return { cidr: await take(c, pool, draft, projectId), subnetpool_id: pool.id };
}

/** Gives the prefix of a subnet that goes back to its pool. */
export async function releasePrefix(c: Context, row: SubnetRow): Promise<void> {
  const prefix = row.subnetpool_id === null ? undefined : parseCidr(row.cidr);
  if (prefix && row.subnetpool_id !== null)
    await addSpace(c, { id: row.subnetpool_id, ip_version: row.ip_version }, prefix);
}
