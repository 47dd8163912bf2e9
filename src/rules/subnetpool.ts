/**
 * What a subnet pool may be, and what may be taken from it. Faults and sentences are Neutron's (neutron/ipam/subnet_alloc.py,
 * neutron/db/db_base_plugin_v2.py, ipam_backend_mixin.py).
 */
import { type Cidr, formatCidr, type IpVersion, parseCidr } from '../lib/ip.ts';
import { commonPrefixes, compactPrefixes, coversPrefixes, subtractPrefixes } from '../lib/prefix-set.ts';
import { badRequest, invalidInput } from '../model/faults.ts';
import {
  emptySubnetPoolPrefixList,
  illegalSubnetPoolPrefixBounds,
  illegalSubnetPoolPrefixUpdate,
  maxPrefixSubnetAllocation,
  minPrefixSubnetAllocation,
  networkAddressScopeAffinity,
  networkSubnetPoolAffinity,
  prefixVersionMismatch,
  subnetPoolQuotaExceeded,
} from '../model/faults-addresses.ts';
import type { subnet, subnetpool } from '../model/index.ts';
import type { Row } from '../model/language.ts';

type PoolRow = Row<typeof subnetpool>;
type SubnetRow = Row<typeof subnet>;

/** The lengths of the subnets of a pool, as text. */
export type PoolBounds = Pick<PoolRow, 'default_prefixlen' | 'min_prefixlen' | 'max_prefixlen'>;

const widths = { 4: 32, 6: 128 } as const;
const defaultMinimum = { 4: 8, 6: 64 } as const;
/** Quota counts addresses of IPv4, and /64 prefixes of IPv6. */
const quotaUnit = { 4: 32, 6: 64 } as const;

const parsed = (prefixes: readonly string[]): Cidr[] => prefixes.flatMap((prefix) => parseCidr(prefix) ?? []);
const versioned = (version: number): IpVersion => (version === 6 ? 6 : 4);

/** The prefixes of a stored pool. */
export function prefixesOfPool(pool: Pick<PoolRow, 'prefixes'>): Cidr[] {
  return parsed(pool.prefixes);
}

/** Prefixes as they are kept: the fewest that have the same addresses, in order. */
export function keptPrefixes(prefixes: readonly string[]): string[] {
  return compactPrefixes(parsed(prefixes)).map(formatCidr);
}

/** The IP version of a pool's prefixes; faults: none at all, and both versions. */
export function versionOfPrefixes(prefixes: readonly string[]): IpVersion {
  const [first, ...others] = parsed(prefixes);
  if (!first) throw emptySubnetPoolPrefixList();
  if (others.some((other) => other.version !== first.version)) throw prefixVersionMismatch();
  return first.version;
}

/** The bounds of a pool, with what a request leaves out; a fault where they cannot be. */
export function boundsOf(given: Partial<PoolBounds>, version: IpVersion): PoolBounds {
  const min = Number(given.min_prefixlen ?? defaultMinimum[version]);
  const max = Number(given.max_prefixlen ?? widths[version]);
  const usual = Number(given.default_prefixlen ?? min);
  if (min > max) throw illegalSubnetPoolPrefixBounds('min_prefixlen', min, 'max_prefixlen', max);
  if (max > widths[version])
    throw illegalSubnetPoolPrefixBounds('max_prefixlen', max, 'ip_version_max', widths[version]);
  if (usual < min) throw illegalSubnetPoolPrefixBounds('default_prefixlen', usual, 'min_prefixlen', min);
  if (usual > max) throw illegalSubnetPoolPrefixBounds('default_prefixlen', usual, 'max_prefixlen', max);
  return { min_prefixlen: String(min), max_prefixlen: String(max), default_prefixlen: String(usual) };
}

/** What the new prefixes of a pool add to those it has; fewer than it has is a fault. */
export function addedPrefixes(before: readonly string[], after: readonly string[]): Cidr[] {
  const [has, wanted] = [parsed(before), parsed(after)];
  if (!coversPrefixes(wanted, has))
    throw illegalSubnetPoolPrefixUpdate('Existing prefixes must be a subset of the new prefixes');
  return subtractPrefixes(wanted, has);
}

/** What is left of a pool's prefixes, and what goes, when these are removed. Others than the pool's do not matter. */
export function removedPrefixes(pool: PoolRow, removed: readonly string[]): { left: string[]; gone: Cidr[] } {
  const has = parsed(pool.prefixes);
  const unwanted = parsed(removed).filter((prefix) => prefix.version === versioned(pool.ip_version));
  return { left: subtractPrefixes(has, unwanted).map(formatCidr), gone: commonPrefixes(has, unwanted) };
}

/** The length that a request for a subnet comes to; a fault where the pool gives none of that length. */
export function lengthFor(pool: PoolBounds, asked: number | undefined): number {
  const length = asked ?? Number(pool.default_prefixlen);
  if (length > Number(pool.max_prefixlen)) throw maxPrefixSubnetAllocation(length, Number(pool.max_prefixlen));
  if (length < Number(pool.min_prefixlen)) throw minPrefixSubnetAllocation(length, Number(pool.min_prefixlen));
  return length;
}

/** Throws SubnetPoolQuotaExceeded where the prefixes that a project has of a pool, and one more, are above its quota. */
export function checkPoolQuota(pool: PoolRow, lengths: readonly number[]): void {
  if (!pool.default_quota) return;
  const unit = quotaUnit[versioned(pool.ip_version)];
  const used = lengths.reduce((sum, length) => sum + 2 ** (unit - length), 0);
  if (used > pool.default_quota) throw subnetPoolQuotaExceeded();
}

/** Throws the fault of a request for a subnet that names a pool, a prefix and a length that do not go together. */
export function checkPoolRequest(
  given: Partial<Pick<SubnetRow, 'cidr' | 'prefixlen' | 'subnetpool_id' | 'use_default_subnetpool'>>,
): void {
  if (given.cidr !== undefined && given.prefixlen !== undefined)
    throw badRequest('subnets', 'cidr and prefixlen must not be supplied together');
  if (given.use_default_subnetpool && given.subnetpool_id)
    throw badRequest('subnets', 'subnetpool_id and use_default_subnetpool cannot both be specified');
  if (!given.use_default_subnetpool && !given.subnetpool_id && given.cidr === undefined)
    throw badRequest('subnets', 'a subnetpool must be specified in the absence of a cidr');
}

/** Throws the fault of a pool that cannot give what is asked of it. */
export function checkPoolFits(
  pool: PoolRow,
  given: Partial<Pick<SubnetRow, 'cidr' | 'allocation_pools' | 'ip_version'>>,
): void {
  if (given.cidr === undefined && given.allocation_pools !== undefined)
    throw badRequest('subnets', 'allocation_pools allowed only for specific subnet requests.');
  if (given.ip_version !== undefined && given.ip_version !== pool.ip_version)
    throw badRequest('subnets', `Cannot allocate IPv${given.ip_version} subnet from IPv${pool.ip_version} subnet pool`);
  const cidr = given.cidr === undefined ? undefined : parseCidr(given.cidr);
  if (cidr && cidr.version !== pool.ip_version)
    throw invalidInput(`cidr '${given.cidr}' does not match the ip_version '${pool.ip_version}'`);
}

/**
 * Throws the fault of a subnet on a network whose subnets of the same IP version come from elsewhere: all of them are of one
 * pool, or of pools of one address scope. `pools` are those of `others` by id.
 */
export function checkAffinity(
  added: { readonly ip_version: number; readonly pool: PoolRow | undefined },
  others: readonly Pick<SubnetRow, 'ip_version' | 'subnetpool_id'>[],
  pools: ReadonlyMap<string, PoolRow>,
): void {
  const alike = others.filter((other) => other.ip_version === added.ip_version);
  const scopes = alike.map((other) => pools.get(other.subnetpool_id ?? '')?.address_scope_id ?? null);
  const scope = scopes.find((id) => id !== null);
  if (scope !== undefined && added.pool && added.pool.address_scope_id !== scope) throw networkAddressScopeAffinity();
  const isOther = (id: string | null) => (added.pool ? id !== added.pool.id && scope === undefined : id !== null);
  if (alike.some((other) => isOther(other.subnetpool_id))) throw networkSubnetPoolAffinity();
}
