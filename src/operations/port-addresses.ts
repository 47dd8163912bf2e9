/** The addresses of ports in the database: finding free ones, taking them, giving them back. */
import {
  ipAddressAlreadyAllocated,
  ipAddressGenerationFailure,
  macAddressesExhausted,
  macAddressInUse,
} from '../model/faults.ts';
import { ipAllocation, port, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { type AddressWish, addressCandidates, type FixedIp } from '../rules/ipam.ts';
import { macCandidates } from '../rules/mac.ts';
import type { Context } from './context.ts';
import { visibleSubnet } from './visible.ts';

type PortRow = Row<typeof port>;

/** The addresses of a stored port; there each names both its subnet and itself. */
export function fixedIpsOf(row: Pick<PortRow, 'fixed_ips'>): FixedIp[] {
  return row.fixed_ips.flatMap(({ subnet_id, ip_address }) =>
    subnet_id && ip_address ? [{ subnet_id, ip_address }] : [],
  );
}

/** The subnets of a network, by id. */
export function subnetsOf(c: Context, networkId: string): Promise<Row<typeof subnet>[]> {
  return c.t.find(subnet, { network_id: networkId });
}

/** Throws SubnetNotFound for a requested subnet that does not exist; one that is on another network is the rules' matter. */
export async function checkSubnetsExist(
  c: Context,
  requests: PortRow['fixed_ips'],
  known: readonly Row<typeof subnet>[],
): Promise<void> {
  for (const { subnet_id: id } of requests) {
    if (id && !known.some((row) => row.id === id)) await visibleSubnet(c, id);
  }
}

async function freeAddress(
  c: Context,
  row: Row<typeof subnet>,
  chosen: ReadonlySet<string>,
): Promise<string | undefined> {
  for (const batch of addressCandidates(row, c.random)) {
    const used = await c.t.find(ipAllocation, { subnet_id: row.id, ip_address: batch });
    const taken = new Set(used.map((allocation) => allocation.ip_address));
    const free = batch.find((ip) => !taken.has(ip) && !chosen.has(ip));
    if (free !== undefined) return free;
  }
  return undefined;
}

async function checkFree(c: Context, { subnet_id, ip_address }: FixedIp, chosen: ReadonlySet<string>): Promise<void> {
  const used = chosen.has(ip_address) || (await c.t.first(ipAllocation, { subnet_id, ip_address })) !== undefined;
  if (used) throw ipAddressAlreadyAllocated(ip_address, subnet_id);
}

/**
 * Finds an address for each wish. An exact one that is in use is IpAddressAlreadyAllocated; no free one in any of a wish's
 * subnets is IpAddressGenerationFailure. Nothing is written: `takeAddresses` does.
 */
export async function chooseAddresses(
  c: Context,
  networkId: string,
  wishes: readonly AddressWish[],
): Promise<FixedIp[]> {
  const chosen = new Set<string>();
  const result: FixedIp[] = [];
  for (const wish of wishes) {
    let found: FixedIp | undefined;
    if (wish.kind === 'exact') {
      await checkFree(c, wish.fixedIp, chosen);
      found = wish.fixedIp;
    } else {
      for (const row of wish.subnets) {
        const ip = await freeAddress(c, row, chosen);
        if (ip === undefined) continue;
        found = { subnet_id: row.id, ip_address: ip };
        break;
      }
    }
    if (!found) throw ipAddressGenerationFailure(networkId);
    chosen.add(found.ip_address);
    result.push(found);
  }
  return result;
}

/** Writes addresses down as taken by a port that exists. */
export async function takeAddresses(c: Context, row: PortRow, fixedIps: readonly FixedIp[]): Promise<void> {
  if (fixedIps.length === 0) return;
  const allocations = fixedIps.map((fixedIp) => ({ ...fixedIp, network_id: row.network_id, port_id: row.id }));
  await c.t.insertMany(ipAllocation, allocations);
}

/** Gives addresses back. */
export async function giveBackAddresses(c: Context, fixedIps: readonly FixedIp[]): Promise<void> {
  for (const { subnet_id, ip_address } of fixedIps) await c.t.deleteMany(ipAllocation, { subnet_id, ip_address });
}

/** Throws MacAddressInUse when another port of the network has this address. */
export async function checkMacFree(c: Context, networkId: string, mac: string): Promise<void> {
  const other = await c.t.first(port, { network_id: networkId, mac_address: mac });
  if (other) throw macAddressInUse(networkId, mac);
}

/** A MAC address of the configured base that no port of the network has. */
export async function freeMac(c: Context, networkId: string): Promise<string> {
  for (const batch of macCandidates(c.settings.baseMac, c.random)) {
    const used = await c.t.find(port, { network_id: networkId, mac_address: batch });
    const free = batch.find((mac) => !used.some((row) => row.mac_address === mac));
    if (free !== undefined) return free;
  }
  throw macAddressesExhausted(networkId);
}
