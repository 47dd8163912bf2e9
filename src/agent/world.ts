/** For tests: host objects with short names. */
import type {
  HostAddressSet,
  HostDhcp,
  HostNetwork,
  HostPort,
  HostRouter,
  HostSecurityGroup,
} from '../model/host-objects.ts';

/** A UUID that shows its number in the part that device names carry. */
export const uuid = (n: number) => `${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
/** The device of a port. */
export const tap = (n: number) => `tap${uuid(n).slice(0, 11)}`;

const mac = (n: number) => `fa:16:3e:00:00:${(n % 256).toString(16).padStart(2, '0')}`;
const address = (network: number, host: number) => ({
  ip: `10.0.${network}.${host}`,
  prefix_length: 24,
  subnet_id: uuid(network),
});

/** A VXLAN network. */
export function network(n: number, more: Partial<HostNetwork> = {}): HostNetwork {
  return {
    kind: 'network',
    id: uuid(n),
    network_type: 'vxlan',
    physical_network: null,
    segmentation_id: n,
    mtu: 1450,
    admin_state_up: true,
    remote_ports: [],
    ...more,
  };
}

/** A port on network `on`. */
export function port(n: number, on: number, more: Partial<HostPort> = {}): HostPort {
  return {
    kind: 'port',
    id: uuid(n),
    network_id: uuid(on),
    mac_address: mac(n),
    fixed_ips: [address(on, n % 200)],
    admin_state_up: true,
    device_id: 'vm',
    device_owner: 'compute:nova',
    port_security_enabled: true,
    allowed_address_pairs: [],
    security_groups: [uuid(90)],
    ...more,
  };
}

/** The security group 90; its rule with a remote group refers to address set 91. */
export function group(remote: boolean): HostSecurityGroup {
  return {
    kind: 'security_group',
    id: uuid(90),
    stateful: true,
    rules: [
      {
        id: uuid(95),
        direction: 'ingress',
        ethertype: 'IPv4',
        protocol: 'tcp',
        port_range_min: 22,
        port_range_max: 22,
        remote_ip_prefix: null,
        remote_group_id: remote ? uuid(91) : null,
        remote_address_group_id: null,
      },
    ],
  };
}

/** The address set 91. */
export function addressSet(...ipv4: string[]): HostAddressSet {
  return { kind: 'address_set', id: uuid(91), ipv4, ipv6: [] };
}

/** A router with an interface on each of the networks, and a forwarding for each number in `forwarded`. */
export function router(n: number, on: readonly number[], forwarded: readonly number[] = []): HostRouter {
  const gateway = {
    port_id: uuid(1000 + n),
    network_id: uuid(1),
    mac_address: mac(100 + n),
    fixed_ips: [address(1, n % 200)],
    mtu: 1500,
    gateway_ips: ['10.0.1.254'],
    enable_snat: true,
  };
  return {
    kind: 'router',
    id: uuid(n),
    admin_state_up: true,
    interfaces: on.map((each) => ({
      port_id: uuid(n * 256 + each),
      network_id: uuid(each),
      mac_address: mac(each),
      fixed_ips: [address(each, 1)],
      mtu: 1450,
    })),
    gateway: forwarded.length > 0 ? gateway : null,
    routes: [],
    floating_ips: [],
    port_forwardings: forwarded.map((external) => ({
      id: uuid(20000 + external),
      floatingip_id: uuid(300),
      floating_ip: '10.0.1.200',
      protocol: 'tcp',
      external_first: external,
      external_last: external,
      internal_ip: `10.0.${on[0] ?? 2}.5`,
      internal_first: 80,
      internal_last: 80,
    })),
  };
}

/** The DHCP service of network `n`. */
export function dhcp(n: number, hosts: readonly number[]): HostDhcp {
  return {
    kind: 'dhcp',
    id: uuid(n),
    port: { id: uuid(500 + n), mac_address: mac(50 + n), fixed_ips: [address(n, 2)] },
    mtu: 1450,
    domain: 'openstacklocal',
    lease_seconds: 86400,
    subnets: [
      {
        id: uuid(n),
        ip_version: 4,
        cidr: `10.0.${n}.0/24`,
        gateway_ip: `10.0.${n}.1`,
        dns_nameservers: [],
        host_routes: [],
        ipv6_address_mode: null,
        routed: true,
        dhcp_ips: [`10.0.${n}.2`],
      },
    ],
    hosts: hosts.map((host) => ({
      port_id: uuid(host),
      mac_address: mac(host),
      ip: `10.0.${n}.${host % 200}`,
      hostname: `host-${host}`,
    })),
  };
}
