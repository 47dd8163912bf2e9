/**
 * How many addresses subnets and networks have and use. What is counted is Neutron's (neutron/db/network_ip_availability_db.py,
 * network_ip_availability_details_db.py); IPv6 has more addresses than a number of JavaScript can say, so sums are bigints.
 */
import { parseIp } from '../lib/ip.ts';
import type { subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { defaultPools, type Pool, prefixOfSubnet } from './subnet.ts';

type SubnetRow = Row<typeof subnet>;

/** Addresses by prefix and by allocation pool. */
export interface Details {
  readonly total_ips_in_subnet: bigint;
  readonly total_ips_in_allocation_pool: bigint;
  readonly used_ips_in_subnet: bigint;
  readonly used_ips_in_allocation_pool: bigint;
}

/** What is known of a subnet's use. */
export interface Use {
  readonly used: number;
  /** How many of them lie in the allocation pools. */
  readonly usedInPools: number;
}

function sizeOfPools(pools: readonly Pool[]): bigint {
  return pools.reduce((sum, { start, end }) => {
    const [first, last] = [parseIp(start), parseIp(end)];
    return first && last ? sum + last.value - first.value + 1n : sum;
  }, 0n);
}

/** Whether an address lies in one of the pools. */
export function isInPools(address: string, pools: readonly Pool[]): boolean {
  const ip = parseIp(address);
  return pools.some(({ start, end }) => {
    const [first, last] = [parseIp(start), parseIp(end)];
    return ip && first && last && first.value <= ip.value && ip.value <= last.value;
  });
}

/** Whether the pools leave out nothing of the usable addresses but the gateway. */
export function hasDefaultPools(row: SubnetRow): boolean {
  return JSON.stringify(row.allocation_pools) === JSON.stringify(defaultPools(prefixOfSubnet(row), row.gateway_ip));
}

/** How many addresses a subnet gives: its allocation pools', or its prefix's where it has none. */
export function totalIps(row: SubnetRow): bigint {
  const { first, last } = prefixOfSubnet(row);
  return row.allocation_pools.length > 0 ? sizeOfPools(row.allocation_pools) : last - first + 1n;
}

/** The details of one subnet. Of an IPv4 prefix the first and the last address do not count. */
export function detailsOf(row: SubnetRow, { used, usedInPools }: Use): Details {
  const { first, last } = prefixOfSubnet(row);
  return {
    total_ips_in_subnet: last - first + 1n - (row.ip_version === 4 ? 2n : 0n),
    total_ips_in_allocation_pool: sizeOfPools(row.allocation_pools),
    used_ips_in_subnet: BigInt(used),
    used_ips_in_allocation_pool: BigInt(usedInPools),
  };
}

/** The details of several subnets as one. */
export function sumOfDetails(all: readonly Details[]): Details {
  const sum = (name: keyof Details) => all.reduce((total, one) => total + one[name], 0n);
  return {
    total_ips_in_subnet: sum('total_ips_in_subnet'),
    total_ips_in_allocation_pool: sum('total_ips_in_allocation_pool'),
    used_ips_in_subnet: sum('used_ips_in_subnet'),
    used_ips_in_allocation_pool: sum('used_ips_in_allocation_pool'),
  };
}
