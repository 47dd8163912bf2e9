/**
 * What a subnet may be: its prefix, gateway, pools, routes and modes. Faults and sentences are Neutron's
 * (neutron/db/db_base_plugin_v2.py, ipam_backend_mixin.py, neutron/ipam/utils.py).
 */
import { type Cidr, cidrContains, cidrsOverlap, formatCidr, formatIp, type Ip, parseCidr, parseIp } from '../lib/ip.ts';
import {
  dnsNameserversExhausted,
  gatewayConflictWithAllocationPools,
  hostRoutesExhausted,
  invalidAllocationPool,
  invalidInput,
  outOfBoundsAllocationPool,
  overlappingAllocationPools,
} from '../model/faults.ts';
import { invalidSubnetServiceType } from '../model/faults-addresses.ts';
import type { subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { NetworkingSettings } from './settings.ts';

/** A range of addresses as the API writes it. */
export interface Pool {
  readonly start: string;
  readonly end: string;
}

type SubnetRow = Row<typeof subnet>;

/** The columns that decide whether a subnet is possible. */
export type SubnetShape = Pick<
  SubnetRow,
  | 'ip_version'
  | 'cidr'
  | 'gateway_ip'
  | 'allocation_pools'
  | 'dns_nameservers'
  | 'host_routes'
  | 'enable_dhcp'
  | 'ipv6_ra_mode'
  | 'ipv6_address_mode'
>;

/** The prefix of a stored subnet. */
export function prefixOfSubnet(row: { readonly cidr: string }): Cidr {
  const cidr = parseCidr(row.cidr);
  if (!cidr) throw invalidInput(`'${row.cidr}' is not a valid IP subnet`);
  return cidr;
}

/** The first and last address that a host may have: without the network and broadcast address where the prefix has them. */
export function usableRange(cidr: Cidr): { first: bigint; last: bigint } {
  if (cidr.version === 6) return { first: cidr.length === 128 ? cidr.first : cidr.first + 1n, last: cidr.last };
  return cidr.length <= 30 ? { first: cidr.first + 1n, last: cidr.last - 1n } : { first: cidr.first, last: cidr.last };
}

/** The gateway of a request that names none: the first address after the network's, where the prefix has one. */
export function defaultGateway(cidr: Cidr): string | null {
  const value = cidr.first + 1n;
  return value > cidr.last ? null : formatIp({ version: cidr.version, value });
}

/** The pools of a request that names none: all usable addresses but the gateway. */
export function defaultPools(cidr: Cidr, gateway: string | null): Pool[] {
  const { first, last } = usableRange(cidr);
  const pool = (from: bigint, to: bigint): Pool[] =>
    from > to
      ? []
      : [
          {
            start: formatIp({ version: cidr.version, value: from }),
            end: formatIp({ version: cidr.version, value: to }),
          },
        ];
  const ip = gateway === null ? undefined : parseIp(gateway);
  if (!ip || ip.version !== cidr.version || ip.value < first || ip.value > last) return pool(first, last);
  return [...pool(first, ip.value - 1n), ...pool(ip.value + 1n, last)];
}

function checkVersion(version: number, address: string, name: string): void {
  const cidr = parseCidr(address);
  if (cidr?.version !== version) {
    throw invalidInput(`${name} '${address}' does not match the ip_version '${version}'`);
  }
}

/** 127.0.0.0/8, ::1 and multicast: what DHCP cannot serve. */
function checkServable(cidr: Cidr): void {
  const within = (prefix: string) => cidrsOverlap(cidr, parseCidr(prefix) ?? cidr);
  if (cidr.length > (cidr.version === 4 ? 30 : 126)) {
    throw invalidInput('Subnet has a prefix length that is incompatible with DHCP service enabled');
  }
  if (within(cidr.version === 4 ? '224.0.0.0/4' : 'ff00::/8')) {
    throw invalidInput('Multicast IP subnet is not supported if enable_dhcp is True');
  }
  if (within(cidr.version === 4 ? '127.0.0.0/8' : '::1/128')) {
    throw invalidInput('Loopback IP subnet is not supported if enable_dhcp is True');
  }
  if (cidr.version === 4 && cidr.first === 0n) {
    throw invalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.");
  }
}

function checkPrefix(shape: SubnetShape, cidr: Cidr): void {
  if (shape.ip_version !== 4 && shape.ip_version !== 6) {
    throw invalidInput(`'${shape.ip_version}' is not in [4, 6]: ip_version`);
  }
  checkVersion(shape.ip_version, shape.cidr, 'cidr');
  if (cidr.length === 0) throw invalidInput('0 is not allowed as CIDR prefix length');
  if (cidr.version === 6 && cidr.first === 0n) throw invalidInput("IPv6 subnet '::' is not supported");
}

/** The gateway must be of the version; inside the prefix it is neither the network's nor the broadcast address. */
export function checkGateway(shape: SubnetShape, cidr: Cidr): void {
  if (shape.gateway_ip === null) return;
  checkVersion(shape.ip_version, shape.gateway_ip, 'gateway_ip');
  const ip = parseIp(shape.gateway_ip);
  if (!ip || !cidrContains(cidr, ip)) return;
  const { first, last } = usableRange(cidr);
  if (cidr.version === 4 && (ip.value < first || ip.value > last)) throw invalidInput('Gateway is not valid on subnet');
}

function parsePool(pool: Pool, cidr: Cidr): { first: Ip; last: Ip; text: string } {
  const text = `${pool.start}-${pool.end}`;
  const first = parseIp(pool.start);
  const last = parseIp(pool.end);
  if (!first || !last || first.version !== cidr.version || last.version !== cidr.version || first.value > last.value) {
    throw invalidAllocationPool(text);
  }
  return { first, last, text };
}

/** Pools must lie in the prefix, share no address, and leave the gateway out. */
export function checkPools(shape: SubnetShape, cidr: Cidr): void {
  const { first, last } = usableRange(cidr);
  const pools = shape.allocation_pools.map((pool) => parsePool(pool, cidr));
  for (const pool of pools) {
    if (pool.first.value < first || pool.last.value > last)
      throw outOfBoundsAllocationPool(pool.text, formatCidr(cidr));
  }
  const sorted = pools.toSorted((a, b) => (a.first.value < b.first.value ? -1 : 1));
  for (const [index, pool] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next && next.first.value <= pool.last.value) {
      throw overlappingAllocationPools(pool.text, next.text, formatCidr(cidr));
    }
  }
  const gateway = shape.gateway_ip === null ? undefined : parseIp(shape.gateway_ip);
  if (gateway?.version !== cidr.version) return;
  const conflict = pools.find((pool) => gateway.value >= pool.first.value && gateway.value <= pool.last.value);
  if (conflict) throw gatewayConflictWithAllocationPools(formatIp(gateway), conflict.text);
}

function checkModes(shape: SubnetShape, cidr: Cidr): void {
  const { ipv6_ra_mode: ra, ipv6_address_mode: address } = shape;
  if (cidr.version === 4) {
    if (ra !== null) throw invalidInput('ipv6_ra_mode is not valid when ip_version is 4');
    if (address !== null) throw invalidInput('ipv6_address_mode is not valid when ip_version is 4');
    return;
  }
  if ((ra !== null || address !== null) && !shape.enable_dhcp) {
    throw invalidInput('ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False');
  }
  if (ra !== null && address !== null && ra !== address) {
    throw invalidInput(
      `ipv6_ra_mode set to '${ra}' with ipv6_address_mode set to '${address}' is not valid. If both attributes are set, they must be the same value`,
    );
  }
  if (isAutoAddressed(shape) && cidr.length !== 64) {
    throw invalidInput(
      `Invalid CIDR ${shape.cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`,
    );
  }
}

function checkHandedOut(settings: NetworkingSettings, shape: SubnetShape, name: string): void {
  const { dns_nameservers: servers, host_routes: routes } = shape;
  if (servers.length > settings.maxDnsNameservers) throw dnsNameserversExhausted(name, settings.maxDnsNameservers);
  for (const server of servers) checkVersion(shape.ip_version, server, 'dns_nameserver');
  if (routes.length > settings.maxSubnetHostRoutes) throw hostRoutesExhausted(name, settings.maxSubnetHostRoutes);
  for (const route of routes) {
    checkVersion(shape.ip_version, route.nexthop, 'nexthop');
    checkVersion(shape.ip_version, route.destination, 'destination');
  }
}

/** Throws InvalidSubnetServiceType for one that no device owner can be (neutron_lib/api/validators). */
export function checkServiceTypes(serviceTypes: readonly string[]): void {
  const wrong = serviceTypes.find(
    (type) => !['compute:', 'network:', 'neutron:'].some((prefix) => type.startsWith(prefix)),
  );
  if (wrong !== undefined) throw invalidSubnetServiceType(wrong);
}

/** Whether addresses follow from MAC addresses: SLAAC and stateless DHCPv6 (Neutron's is_auto_address_subnet). */
export function isAutoAddressed(shape: Pick<SubnetRow, 'ipv6_ra_mode' | 'ipv6_address_mode'>): boolean {
  const auto = (mode: string | null) => mode === 'slaac' || mode === 'dhcpv6-stateless';
  return auto(shape.ipv6_address_mode) || (shape.ipv6_address_mode === null && auto(shape.ipv6_ra_mode));
}

/** Throws the fault of a new subnet that cannot be. `others` are the prefixes of its network's subnets. */
export function checkNewSubnet(
  settings: NetworkingSettings,
  shape: SubnetShape,
  networkId: string,
  others: readonly string[],
): void {
  const cidr = prefixOfSubnet(shape);
  checkPrefix(shape, cidr);
  if (shape.enable_dhcp) checkServable(cidr);
  checkGateway(shape, cidr);
  checkHandedOut(settings, shape, 'new subnet');
  checkModes(shape, cidr);
  if (others.some((other) => cidrsOverlap(prefixOfSubnet({ cidr: other }), cidr))) {
    throw invalidInput(
      `Requested subnet with cidr: ${shape.cidr} for network: ${networkId} overlaps with another subnet`,
    );
  }
  checkPools(shape, cidr);
}

/** Throws the fault of a change that cannot be. */
export function checkChangedSubnet(
  settings: NetworkingSettings,
  before: SubnetShape,
  after: SubnetShape,
  id: string,
): void {
  const cidr = prefixOfSubnet(after);
  if (after.enable_dhcp && !before.enable_dhcp) checkServable(cidr);
  checkGateway(after, cidr);
  checkHandedOut(settings, after, id);
  if (!after.enable_dhcp && (after.ipv6_ra_mode !== null || after.ipv6_address_mode !== null)) {
    throw invalidInput('Cannot disable enable_dhcp with ipv6 attributes set');
  }
  checkPools(after, cidr);
}
