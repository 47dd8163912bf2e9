/** What host objects are made of: addresses with their prefix, members of groups, the order of lists. */
import { parseCidr } from '../../lib/ip.ts';
import type { HostAddress, HostSubnet } from '../../model/host-objects.ts';
import type { port, subnet } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';

export type PortRow = Row<typeof port>;
export type SubnetRow = Row<typeof subnet>;

/** Subnets by id. */
export type Subnets = ReadonlyMap<string, SubnetRow>;

/** Compares by code units: the same order on every machine. */
export function byText<T>(key: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

/** The addresses of a port, in the order of the port, each with the length of its subnet's prefix. */
export function hostAddresses(row: Pick<PortRow, 'fixed_ips'>, subnets: Subnets): HostAddress[] {
  return row.fixed_ips.flatMap(({ subnet_id, ip_address }) => {
    const on = subnet_id === undefined ? undefined : subnets.get(subnet_id);
    const prefix = on && parseCidr(on.cidr);
    return on && prefix && ip_address ? [{ ip: ip_address, prefix_length: prefix.length, subnet_id: on.id }] : [];
  });
}

/** A subnet as hosts are told of it. */
export function hostSubnet(row: SubnetRow): HostSubnet {
  return {
    id: row.id,
    ip_version: row.ip_version === 6 ? 6 : 4,
    cidr: row.cidr,
    gateway_ip: row.gateway_ip,
    dns_nameservers: row.dns_nameservers,
    host_routes: row.host_routes,
  };
}

/** The addresses of a port as text. */
export function ipsOf(row: Pick<PortRow, 'fixed_ips'>): string[] {
  return row.fixed_ips.flatMap((fixed) => fixed.ip_address ?? []);
}

/** Ports of the system's own (routers, DHCP, floating IPs) are no ports of instances. */
export function isInstancePort(row: Pick<PortRow, 'device_owner'>): boolean {
  return !row.device_owner.startsWith('network:');
}
