/** For tests: a network with instances. */
import type { HostMetadata } from '../model/host-objects.ts';

type Entry = HostMetadata['instances'][number];
type Subnet = HostMetadata['subnets'][number];

/** A subnet; IPv6 where its prefix is. */
export function subnet(id: string, cidr: string, more: Partial<Subnet> = {}): Subnet {
  return {
    id,
    ip_version: cidr.includes(':') ? 6 : 4,
    cidr,
    gateway_ip: null,
    dns_nameservers: [],
    host_routes: [],
    enable_dhcp: true,
    ipv6_address_mode: null,
    ...more,
  };
}

/** A port of an instance, with the addresses of subnet `s`. */
export function entry(id: string, ips: readonly string[], more: Partial<Entry> = {}): Entry {
  return {
    port_id: id,
    device_id: `vm-${id}`,
    project_id: 'project',
    mac_address: 'fa:16:3e:00:00:05',
    name: 'Web 1',
    fixed_ips: ips.map((ip) => ({ ip, prefix_length: 24, subnet_id: ip.includes(':') ? 's6' : 's' })),
    ...more,
  };
}

/** A network with a subnet `s`. */
export function network(id: string, instances: readonly Entry[], more: Partial<HostMetadata> = {}): HostMetadata {
  const subnets = [subnet('s', '10.0.0.0/24', { gateway_ip: '10.0.0.1' })];
  return { kind: 'metadata', id, mtu: 1450, domain: 'openstacklocal', subnets, instances, ...more };
}
