/** For tests of the firewall: ports with rules of every kind, and what they make of the flow tables. */
import type { HostAddressSet, HostKey, HostObject, HostPort, HostSecurityGroup } from '../../model/host-objects.ts';
import type { Flow } from '../flow-text.ts';
import type { HostEnvironment, Lookup } from './language.ts';
import { portFirewallFlows, type SwitchedPort } from './ovs-firewall.ts';
import type { GroupRule } from './security.ts';

/** The local VLAN of the network that the ports are on. */
export const tag = 5;
/** The port of the integration bridge by which frames leave the host. */
export const uplink = 'patch-tun';

/** A UUID with a number in front. */
export const uuid = (n: number) => `${n.toString(16).padStart(8, '0')}-aaaa-4bbb-8ccc-00000000000${n % 10}`;
export const deviceOf = (n: number) => `tap${uuid(n).slice(0, 11)}`;
export const macOf = (n: number) => `fa:16:3e:00:00:${n.toString(16).padStart(2, '0')}`;

/** A port with the addresses 10.0.0.N and fd00::N. */
export function port(n: number, more: Partial<HostPort> = {}): HostPort {
  const fixed = (ip: string, prefix_length: number) => ({ ip, prefix_length, subnet_id: 's' });
  return {
    kind: 'port',
    id: uuid(n),
    network_id: uuid(500),
    mac_address: macOf(n),
    fixed_ips: [fixed(`10.0.0.${n}`, 24), fixed(`fd00::${n.toString(16)}`, 64)],
    admin_state_up: true,
    device_id: 'vm',
    device_owner: 'compute:nova',
    port_security_enabled: true,
    allowed_address_pairs: [],
    security_groups: [uuid(90)],
    ...more,
  };
}

/** A rule that lets IPv4 in, but for what is said otherwise. */
export function rule(more: Partial<GroupRule> = {}): GroupRule {
  return {
    id: uuid(95),
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
    remote_address_group_id: null,
    ...more,
  };
}

/** A security group. */
export function group(n: number, rules: readonly GroupRule[], stateful = true): HostSecurityGroup {
  return { kind: 'security_group', id: uuid(n), stateful, rules };
}

/** A set of addresses of either family. */
export function addressSet(n: number, ...addresses: string[]): HostAddressSet {
  const six = (text: string) => text.includes(':');
  return {
    kind: 'address_set',
    id: uuid(n),
    ipv4: addresses.filter((text) => !six(text)),
    ipv6: addresses.filter(six),
  };
}

/** Finds these objects. */
export function lookInto(objects: readonly HostObject[]): Lookup {
  const byKey = new Map(objects.map((object): [HostKey, HostObject] => [`${object.kind}/${object.id}`, object]));
  return (key) => byKey.get(key);
}

/** A host with Open vSwitch. */
export const env: HostEnvironment = {
  stateDir: '/var/lib/neutrino',
  localIp: '192.0.2.1',
  bridgeMappings: {},
  links: new Set(),
  driver: 'openvswitch',
  natDriver: 'iptables',
  ovs: {
    integrationBridge: 'br-int',
    tunnelBridge: 'br-tun',
    datapath: 'netdev',
    tunnelTypes: ['vxlan'],
    arpResponder: true,
  },
};

/** A port as the integration bridge has it. */
export function switched(on: HostPort): SwitchedPort {
  const network = {
    kind: 'network',
    id: on.network_id,
    network_type: 'vxlan',
    admin_state_up: true,
  } as SwitchedPort['network'];
  return { port: on, network, device: `tap${on.id.slice(0, 11)}`, tag };
}

/** The flows of a port among these objects. */
export function flowsOf(on: HostPort, objects: readonly HostObject[]): readonly Flow[] {
  return portFirewallFlows(switched(on), lookInto(objects), env).flows;
}

/** Rules of every kind. */
export const everyRule: readonly GroupRule[] = [
  rule(),
  rule({ ethertype: 'IPv6' }),
  rule({ direction: 'egress' }),
  rule({ direction: 'egress', ethertype: 'IPv6', remote_ip_prefix: 'fd00::/64' }),
  rule({ protocol: 'tcp', port_range_min: 22, port_range_max: 22, remote_ip_prefix: '10.0.0.0/8' }),
  rule({ protocol: 'tcp', port_range_min: 0, port_range_max: 1023 }),
  rule({ protocol: 'udp', port_range_min: 1000, port_range_max: 2000, remote_ip_prefix: '192.0.2.1/32' }),
  rule({ protocol: 'udp', port_range_min: 0, port_range_max: 65535 }),
  rule({ protocol: 'sctp', port_range_min: 80, port_range_max: 80, ethertype: 'IPv6' }),
  rule({ protocol: '6', port_range_min: 1, port_range_max: 65535, ethertype: 'IPv6', remote_ip_prefix: '::/0' }),
  rule({ protocol: 'udplite' }),
  rule({ protocol: '112' }),
  rule({ protocol: 'icmp' }),
  rule({ protocol: 'icmp', port_range_min: 8 }),
  rule({ protocol: 'icmp', port_range_min: 3, port_range_max: 4 }),
  rule({ protocol: 'icmp', port_range_min: 128, port_range_max: 0, ethertype: 'IPv6' }),
  rule({ protocol: 'ipv6-icmp', ethertype: 'IPv6' }),
  rule({ protocol: 'tcp', port_range_min: 443, port_range_max: 443, remote_group_id: uuid(91) }),
  rule({ remote_address_group_id: uuid(92), ethertype: 'IPv6', direction: 'egress' }),
  rule({ remote_group_id: uuid(91), direction: 'egress', protocol: 'esp' }),
];
