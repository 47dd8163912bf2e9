/**
 * Fixed addresses: what a request for them means on the subnets of a network, and which addresses to try. Faults are Neutron's
 * (neutron/db/ipam_backend_mixin.py, ipam_pluggable_backend.py).
 */
import { cidrContains, formatIp, type Ip, parseIp } from '../lib/ip.ts';
import { probes } from '../lib/probes.ts';
import type { Random } from '../lib/random.ts';
import {
  allocationOnAutoAddressSubnet,
  invalidInput,
  invalidIpForNetwork,
  invalidIpForSubnet,
} from '../model/faults.ts';
import { noMatchingServiceSubnet } from '../model/faults-addresses.ts';
import type { subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { isAutoAddressed, type Pool, prefixOfSubnet, usableRange } from './subnet.ts';

type SubnetRow = Row<typeof subnet>;

/** One address of a port. */
export interface FixedIp {
  readonly subnet_id: string;
  readonly ip_address: string;
}

/** One entry of a request: a subnet, an address, or both. */
export interface FixedIpRequest {
  readonly subnet_id?: string | undefined;
  readonly ip_address?: string | undefined;
}

/** What is to be allocated: one address and no other, or any free one of the first of these subnets that has one. */
export type AddressWish =
  | { readonly kind: 'exact'; readonly fixedIp: FixedIp }
  | { readonly kind: 'any'; readonly subnets: readonly SubnetRow[] };

/** What is asked about: who owns the port, and the MAC address that SLAAC addresses follow from. */
export interface AddressAsker {
  readonly networkId: string;
  readonly deviceOwner: string;
  readonly mac: string;
}

const isRouterInterface = (owner: string) => owner === 'network:router_interface';
const isRouterPort = (owner: string) => isRouterInterface(owner) || owner === 'network:router_gateway';

/** The address that an interface with this MAC address gives itself in a /64 prefix (modified EUI-64, RFC 4291). */
export function eui64Address(cidr: string, mac: string): string {
  const octets = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = octets;
  const interfaceId = [a ^ 2, b, c, 0xff, 0xfe, d, e, f].reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
  return formatIp({ version: 6, value: prefixOfSubnet({ cidr }).first + interfaceId });
}

/** Whether a port may have this address in this subnet. A router may have an IPv6 subnet's first address. */
export function mayHave(row: SubnetRow, ip: Ip, deviceOwner: string): boolean {
  const cidr = prefixOfSubnet(row);
  if (!cidrContains(cidr, ip)) return false;
  if (cidr.version === 6 && (isRouterPort(deviceOwner) || deviceOwner === '')) return true;
  const { first, last } = usableRange(cidr);
  return ip.value >= first && ip.value <= last;
}

/**
 * Those of the subnets that give addresses to the asker's port: the ones whose service_types name its owner, then the ones that
 * name none; DHCP has an address wherever it serves. Throws IpAddressGenerationFailureNoMatchingSubnet where there is none but
 * others (neutron/objects/subnet.py, SubnetServiceType).
 */
export function servingSubnets(subnets: readonly SubnetRow[], asker: AddressAsker): SubnetRow[] {
  const isOpen = (row: SubnetRow) => row.service_types.length === 0;
  const serves = (row: SubnetRow) =>
    row.service_types.includes(asker.deviceOwner) || (asker.deviceOwner === 'network:dhcp' && row.enable_dhcp);
  const found = [...subnets.filter((row) => !isOpen(row) && serves(row)), ...subnets.filter(isOpen)];
  if (found.length === 0 && subnets.length > 0) throw noMatchingServiceSubnet(asker.networkId, asker.deviceOwner);
  return found;
}

function subnetOfRequest(request: FixedIpRequest, subnets: readonly SubnetRow[], asker: AddressAsker): SubnetRow {
  if (subnets.length === 0) throw invalidInput('IP allocation requires subnets for network');
  const ip = request.ip_address === undefined ? undefined : parseIp(request.ip_address);
  if (request.subnet_id !== undefined) {
    const row = subnets.find((candidate) => candidate.id === request.subnet_id);
    if (!row) {
      throw invalidInput(
        `Failed to create port on network ${asker.networkId}, because fixed_ips included invalid subnet ${request.subnet_id}`,
      );
    }
    if (ip && !mayHave(row, ip, asker.deviceOwner)) throw invalidIpForSubnet(formatIp(ip));
    return row;
  }
  if (!ip) throw invalidInput('IP allocation requires subnet_id or ip_address');
  const row = subnets.find((candidate) => mayHave(candidate, ip, asker.deviceOwner));
  if (!row) throw invalidIpForNetwork(formatIp(ip));
  return row;
}

/** The wishes of the entries of a request. `subnets` are those of the network. */
function requestedWishes(
  requests: readonly FixedIpRequest[],
  subnets: readonly SubnetRow[],
  asker: AddressAsker,
): AddressWish[] {
  return requests.flatMap((request): AddressWish[] => {
    const row = subnetOfRequest(request, subnets, asker);
    const auto = isAutoAddressed(row) && !isRouterInterface(asker.deviceOwner);
    if (request.ip_address === undefined) return auto ? [] : [{ kind: 'any', subnets: [row] }];
    if (auto) {
      if (eui64Address(row.cidr, asker.mac) !== request.ip_address) {
        throw allocationOnAutoAddressSubnet(request.ip_address, row.id);
      }
      return [];
    }
    return [{ kind: 'exact', fixedIp: { subnet_id: row.id, ip_address: request.ip_address } }];
  });
}

/** The addresses that every port of the network but a router's has in subnets whose addresses follow from MAC addresses. */
function autoWishes(subnets: readonly SubnetRow[], asker: AddressAsker): AddressWish[] {
  if (isRouterInterface(asker.deviceOwner)) return [];
  return subnets.filter(isAutoAddressed).map((row) => ({
    kind: 'exact',
    fixedIp: { subnet_id: row.id, ip_address: eui64Address(row.cidr, asker.mac) },
  }));
}

/**
 * What a new port is to get. `requests` undefined: one of the IPv4 subnets and one of the IPv6 subnets. The automatic ones come
 * to it in any case, as in Neutron. Exact wishes come first, so that no other wish takes their address.
 */
export function wishesOfNewPort(
  requests: readonly FixedIpRequest[] | undefined,
  subnets: readonly SubnetRow[],
  asker: AddressAsker,
): AddressWish[] {
  const byVersion = [4, 6].map((version) =>
    subnets.filter((row) => row.ip_version === version && !isAutoAddressed(row)),
  );
  const chosen: AddressWish[] = requests
    ? requestedWishes(requests, subnets, asker)
    : byVersion.filter((rows) => rows.length > 0).map((rows) => ({ kind: 'any', subnets: rows }));
  return exactFirst([...chosen, ...autoWishes(subnets, asker)]);
}

const exactFirst = (wishes: readonly AddressWish[]) => [
  ...wishes.filter((wish) => wish.kind === 'exact'),
  ...wishes.filter((wish) => wish.kind === 'any'),
];

/** What a changed list of addresses keeps, adds and gives back. */
export interface AddressChange {
  readonly keep: FixedIp[];
  readonly wishes: AddressWish[];
  readonly gone: FixedIp[];
}

/** Sorts a request into the addresses that the port has and keeps, and what is new. */
function keepNamed(left: Map<string, FixedIp>, requests: readonly FixedIpRequest[]) {
  const keep: FixedIp[] = [];
  const added: FixedIpRequest[] = [];
  const take = (fixedIp: FixedIp | undefined) => {
    if (fixedIp) keep.push(fixedIp);
    return fixedIp !== undefined && left.delete(fixedIp.ip_address);
  };
  for (const request of requests) {
    if (request.ip_address !== undefined && !take(left.get(request.ip_address))) added.push(request);
  }
  for (const request of requests) {
    if (request.ip_address !== undefined) continue;
    if (!take([...left.values()].find((fixedIp) => fixedIp.subnet_id === request.subnet_id))) added.push(request);
  }
  return { keep, added };
}

/**
 * What becomes of a port's addresses. One that is named again is kept; an entry with a subnet alone keeps an address of that
 * subnet where the port has one left (Neutron's _get_changed_ips_for_port). Automatic addresses stay, and follow the MAC address.
 */
export function changeOfAddresses(
  before: readonly FixedIp[],
  requests: readonly FixedIpRequest[],
  subnets: readonly SubnetRow[],
  asker: AddressAsker,
): AddressChange {
  const auto = autoWishes(subnets, asker).flatMap((wish) => (wish.kind === 'exact' ? [wish.fixedIp] : []));
  const autoOf = (fixedIp: FixedIp) => auto.find((derived) => derived.subnet_id === fixedIp.subnet_id);
  const staying = before.filter((fixedIp) => autoOf(fixedIp)?.ip_address === fixedIp.ip_address);
  const stale = before.filter((fixedIp) => autoOf(fixedIp) && !staying.includes(fixedIp));
  const settled = new Set([...staying, ...stale].map((fixedIp) => fixedIp.ip_address));
  const left = new Map(before.filter((fixedIp) => !autoOf(fixedIp)).map((fixedIp) => [fixedIp.ip_address, fixedIp]));
  const open = requests.filter((request) => !settled.has(request.ip_address ?? ''));
  const { keep, added } = keepNamed(left, open);
  const derived: AddressWish[] = stale.flatMap((fixedIp) => {
    const now = autoOf(fixedIp);
    return now ? [{ kind: 'exact', fixedIp: now }] : [];
  });
  return {
    keep: [...keep, ...staying],
    wishes: exactFirst([...requestedWishes(added, subnets, asker), ...derived]),
    gone: [...left.values(), ...stale],
  };
}

/** How many addresses the pools hold. */
export function poolSize(pools: readonly Pool[]): bigint {
  return pools.reduce(
    (sum, pool) => sum + (parseIp(pool.end)?.value ?? -1n) - (parseIp(pool.start)?.value ?? 0n) + 1n,
    0n,
  );
}

/** Addresses of the subnet's pools in batches to be tried in order. */
export function* addressCandidates(row: SubnetRow, random: Random): Generator<string[]> {
  const version = prefixOfSubnet(row).version;
  const pools = row.allocation_pools.map((pool) => ({
    first: parseIp(pool.start)?.value ?? 0n,
    last: parseIp(pool.end)?.value ?? -1n,
  }));
  const at = (position: bigint): string[] => {
    let rest = position;
    for (const { first, last } of pools) {
      const size = last - first + 1n;
      if (rest < size) return [formatIp({ version, value: first + rest })];
      rest -= size;
    }
    return [];
  };
  for (const batch of probes(poolSize(row.allocation_pools), random)) yield batch.flatMap(at);
}
