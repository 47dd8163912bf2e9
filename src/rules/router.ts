/** What a router may be connected to, and which routes it may have (neutron/db/l3_db.py, extraroute_db.py). */
import { cidrContains, cidrsOverlap, parseCidr, parseIp } from '../lib/ip.ts';
import { badRequest, type Fault, invalidRoutes } from '../model/faults.ts';
import { type FixedIp, quoted } from './port-forwarding.ts';

/** A subnet, as far as routers are concerned. */
export interface RoutedSubnet {
  readonly id: string;
  readonly network_id: string;
  readonly project_id: string;
  readonly ip_version: number;
  readonly cidr: string;
  readonly gateway_ip: string | null;
  readonly allocation_pools: readonly { readonly start: string; readonly end: string }[];
  readonly ipv6_ra_mode: string | null;
  readonly ipv6_address_mode: string | null;
}

/** A port, as far as routers are concerned. */
export interface RoutedPort {
  readonly id: string;
  readonly network_id: string;
  readonly device_owner: string;
  readonly fixed_ips: readonly FixedIp[];
}

/** A route as the API has it. */
export interface Route {
  readonly destination: string;
  readonly nexthop: string;
}

/** The device owners of a router's ports. */
export const INTERFACE_OWNER = 'network:router_interface';
export const GATEWAY_OWNER = 'network:router_gateway';
export const FLOATING_IP_OWNER = 'network:floatingip';

const refused = (reason: string): Fault => badRequest('router', reason);

/**
 * Refuses subnets that a router cannot be connected to beside what it has: one that it is on already, or whose prefix overlaps.
 * `reachable` are the subnets of its interfaces, and all subnets of its gateway's network.
 */
export function checkNoOverlap(
  ports: readonly RoutedPort[],
  reachable: readonly RoutedSubnet[],
  added: readonly RoutedSubnet[],
): void {
  const addedIds = new Set(added.map((subnet) => subnet.id));
  for (const fixed of ports.flatMap((port) => port.fixed_ips)) {
    if (fixed.subnet_id !== undefined && addedIds.has(fixed.subnet_id)) {
      throw refused(`Router already has a port on subnet ${fixed.subnet_id}`);
    }
  }
  for (const existing of reachable) {
    for (const subnet of added) {
      if (!overlap(existing.cidr, subnet.cidr)) continue;
      throw refused(
        `Cidr ${subnet.cidr} of subnet ${subnet.id} overlaps with cidr ${existing.cidr} of subnet ${existing.id}`,
      );
    }
  }
}

function overlap(a: string, b: string): boolean {
  const [left, right] = [parseCidr(a), parseCidr(b)];
  return left !== undefined && right !== undefined && cidrsOverlap(left, right);
}

/** Refuses an IPv6 subnet whose advertisements come from a router outside of the cloud. */
export function checkAddressMode(subnet: RoutedSubnet): void {
  if (subnet.ip_version === 6 && subnet.ipv6_ra_mode === null && subnet.ipv6_address_mode !== null) {
    throw refused(
      `IPv6 subnet ${subnet.id} configured to receive RAs from an external router cannot be added to Neutron Router.`,
    );
  }
}

/** Whether a port has an IPv6 address. */
export function hasIpv6(port: RoutedPort): boolean {
  return port.fixed_ips.some((fixed) => fixed.ip_address?.includes(':'));
}

/** Refuses a second IPv6 port of one router on one network: further prefixes go onto the first. */
export function checkOneIpv6PortPerNetwork(ports: readonly RoutedPort[], added: RoutedPort): void {
  if (!hasIpv6(added)) return;
  const other = ports.find((port) => port.id !== added.id && port.network_id === added.network_id && hasIpv6(port));
  if (!other) return;
  throw refused(
    `Router already contains IPv6 port ${other.id} belonging to network id ${other.network_id}. Only one IPv6 port from the same network subnet can be connected to a router.`,
  );
}

/** Refuses a port that cannot be an interface: without an address, or with addresses of several IPv4 subnets. */
export function checkInterfacePort(port: RoutedPort, subnets: readonly RoutedSubnet[]): void {
  if (port.fixed_ips.length === 0) throw refused('Router port must have at least one fixed IP');
  for (const subnet of subnets) checkAddressMode(subnet);
  if (subnets.filter((subnet) => subnet.ip_version === 4).length > 1) {
    throw refused('Cannot have multiple IPv4 subnets on router port');
  }
}

/** Refuses a port whose address a project could not have been given: outside of the pools of a subnet of another project. */
export function checkInPools(port: RoutedPort, subnets: readonly RoutedSubnet[], projectId: string): void {
  for (const fixed of port.fixed_ips) {
    const subnet = subnets.find((candidate) => candidate.id === fixed.subnet_id);
    if (!subnet || subnet.project_id === projectId || inPools(subnet, fixed.ip_address ?? '')) continue;
    throw refused(
      `Cannot add interface to router because specified port ${port.id} has an IP address out of the allocation pool of subnet ${subnet.id}, which is not owned by the project making the request`,
    );
  }
}

function inPools(subnet: RoutedSubnet, address: string): boolean {
  const ip = parseIp(address);
  return subnet.allocation_pools.some((pool) => {
    const [start, end] = [parseIp(pool.start), parseIp(pool.end)];
    return ip && start && end && ip.version === start.version && start.value <= ip.value && ip.value <= end.value;
  });
}

/** Refuses a gateway address that is the address of the router outside. */
export function checkGatewayAddresses(asked: readonly FixedIp[], subnets: readonly RoutedSubnet[]): void {
  for (const { ip_address } of asked) {
    if (ip_address !== undefined && subnets.some((subnet) => subnet.gateway_ip === ip_address)) {
      throw refused(`External IP ${ip_address} is the same as the gateway IP`);
    }
  }
}

/**
 * Refuses routes whose next hop is on no subnet that the router is connected to, or is the router itself.
 * `ownIps` are the addresses of its ports.
 */
export function checkRoutes(
  routes: readonly Route[],
  connected: readonly RoutedSubnet[],
  ownIps: readonly string[],
): void {
  const prefixes = connected.map((subnet) => parseCidr(subnet.cidr));
  const shown = () => `[${routes.map((route) => quoted({ ...route })).join(', ')}]`;
  for (const { nexthop } of routes) {
    const ip = parseIp(nexthop);
    if (!ip || !prefixes.some((prefix) => prefix && cidrContains(prefix, ip))) {
      throw invalidRoutes(shown(), 'the nexthop is not connected with router');
    }
    if (ownIps.includes(nexthop)) throw invalidRoutes(shown(), 'the nexthop is used by router');
  }
}

/** Whether a route's next hop is on the subnet. */
export function routeNeedsSubnet(routes: readonly Route[], subnet: { readonly cidr: string }): boolean {
  const prefix = parseCidr(subnet.cidr);
  return routes.some(({ nexthop }) => {
    const ip = parseIp(nexthop);
    return prefix !== undefined && ip !== undefined && cidrContains(prefix, ip);
  });
}

/**
 * Whether the addresses asked for differ from what a gateway port has (Neutron compares subnets first, then addresses; nothing
 * asked for is no change).
 */
export function gatewayAddressesDiffer(current: readonly FixedIp[], asked: readonly FixedIp[]): boolean {
  if (asked.length === 0) return false;
  const values = (ips: readonly FixedIp[], key: keyof FixedIp) =>
    new Set(ips.map((fixed) => fixed[key]).filter((value) => value !== undefined));
  const same = (a: Set<unknown>, b: Set<unknown>) => a.size === b.size && [...a].every((value) => b.has(value));
  return (
    !same(values(current, 'subnet_id'), values(asked, 'subnet_id')) ||
    !same(values(current, 'ip_address'), values(asked, 'ip_address'))
  );
}
