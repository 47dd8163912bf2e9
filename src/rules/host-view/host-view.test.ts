import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInstancePort, type PortRow, type SubnetRow } from './addresses.ts';
import { hostDhcp } from './dhcp.ts';
import { deviceHostname } from './hostname.ts';
import { hostMetadata } from './metadata.ts';
import { hostMetering } from './metering.ts';
import { hostNetwork } from './network.ts';
import { hostAddressSet, hostSecurityGroup } from './port.ts';
import { hostRouter } from './router.ts';

type NetworkRow = Parameters<typeof hostNetwork>[0];

const network = { id: 'net', mtu: 1450, admin_state_up: true, 'provider:network_type': 'vxlan' } as NetworkRow;

function port(id: string, fixedIps: Record<string, string>, more: Partial<PortRow> = {}): PortRow {
  const fixed_ips = Object.entries(fixedIps).map(([ip_address, subnet_id]) => ({ ip_address, subnet_id }));
  const empty = { allowed_address_pairs: [], dns_name: '', extra_dhcp_opts: [], device_owner: '' };
  return { id, mac_address: `mac-${id}`, fixed_ips, network_id: 'net', ...empty, ...more } as PortRow;
}

function subnet(id: string, cidr: string, more: Partial<SubnetRow> = {}): SubnetRow {
  const ip_version = cidr.includes(':') ? 6 : 4;
  const modes = { ipv6_address_mode: null, ipv6_ra_mode: null };
  return { id, cidr, ip_version, enable_dhcp: true, gateway_ip: null, ...modes, ...more } as SubnetRow;
}

const byId = (...rows: SubnetRow[]) => new Map(rows.map((row) => [row.id, row]));

test('remote ports are sorted by MAC address, and those without an endpoint are left out', () => {
  const remote = [
    port('b', { '10.0.0.9': 's', '10.0.0.10': 's' }, { 'binding:host_id': 'beta' }),
    port('a', {}, { 'binding:host_id': 'beta' }),
    port('c', {}, { 'binding:host_id': 'gamma' }),
  ];
  const seen = hostNetwork(network, remote, new Map([['beta', '192.0.2.2']]));
  assert.deepEqual(seen.remote_ports, [
    { mac: 'mac-a', ips: [], vtep: '192.0.2.2' },
    { mac: 'mac-b', ips: ['10.0.0.10', '10.0.0.9'], vtep: '192.0.2.2' },
  ]);
});

test('DHCP serves what asks by it, and leases no address that comes from advertisements', () => {
  const advertised = { ipv6_ra_mode: 'slaac' } as const;
  const subnets = byId(
    subnet('a', '10.0.0.0/24'),
    subnet('b', '10.0.1.0/24', { enable_dhcp: false }),
    subnet('c', 'fd00:1::/64', { ipv6_address_mode: 'slaac', ...advertised }),
    subnet('d', 'fd00:2::/64', { ipv6_address_mode: 'dhcpv6-stateful' }),
    subnet('e', 'fd00:3::/64'),
    subnet('f', 'fd00:4::/64', { ipv6_address_mode: 'dhcpv6-stateless' }),
    subnet('g', 'fd00:5::/64', advertised),
    subnet('h', 'fd00:6::/60'),
  );
  const six = {
    'fd00:1::5': 'c',
    'fd00:2::5': 'd',
    'fd00:3::5': 'e',
    'fd00:4::5': 'f',
    'fd00:5::5': 'g',
    'fd00:6::5': 'h',
  };
  const vm = port('vm', { '10.0.0.5': 'a', '10.0.1.5': 'b', ...six });
  const own = port('own', { '10.0.0.2': 'a' });
  const seen = hostDhcp(network, own, [vm, own], subnets, { dnsDomain: 'example', dhcpLeaseSeconds: 60 });
  assert.deepEqual(
    seen.subnets.map((one) => one.id),
    ['a', 'd', 'e', 'f'],
  );
  assert.deepEqual(
    seen.hosts.map((host) => `${host.port_id} ${host.ip} ${host.hostname}`),
    [
      'own 10.0.0.2 host-10-0-0-2',
      'vm 10.0.0.5 host-10-0-0-5',
      'vm fd00:2::5 host-fd00-2--5',
      'vm fd00:3::5 host-fd00-3--5',
    ],
  );
  assert.deepEqual(
    seen.names?.map(({ ip, hostname }) => `${ip} ${hostname}`),
    ['fd00:1::5 host-fd00-1--5', 'fd00:4::5 host-fd00-4--5', 'fd00:5::5 host-fd00-5--5', 'fd00:6::5 host-fd00-6--5'],
    'what is not leased has a name',
  );
  assert.deepEqual([seen.domain, seen.lease_seconds], ['example', 60]);
  assert.equal(deviceHostname('10.0.0.5'), 'host-10-0-0-5');
});

test('DHCP knows whether a router has the gateway of a subnet, who else serves it, and by which id a client is told', () => {
  const subnets = byId(subnet('a', '10.0.0.0/24', { gateway_ip: '10.0.0.1' }), subnet('b', '10.0.1.0/24'));
  const own = port('own', { '10.0.0.3': 'a', '10.0.1.3': 'b' }, { device_owner: 'network:dhcp' });
  const ports = [
    own,
    port('other', { '10.0.0.2': 'a' }, { device_owner: 'network:dhcp' }),
    port('router', { '10.0.0.1': 'a' }, { device_owner: 'network:router_interface' }),
    port(
      'vm',
      { '10.0.0.5': 'a' },
      { extra_dhcp_opts: [{ opt_name: 'client-id', opt_value: '01:02', ip_version: 4 }] },
    ),
  ];
  const seen = hostDhcp(network, own, ports, subnets, { dnsDomain: '', dhcpLeaseSeconds: 60 });
  assert.deepEqual(
    seen.subnets.map(({ routed, dhcp_ips }) => ({ routed, dhcp_ips })),
    [
      { routed: true, dhcp_ips: ['10.0.0.2', '10.0.0.3'] },
      { routed: false, dhcp_ips: ['10.0.1.3'] },
    ],
  );
  assert.equal(seen.hosts.find(({ port_id }) => port_id === 'vm')?.client_id, '01:02');
  assert.equal(seen.options, undefined);
});

test('metadata tell of instances alone, with what the profile of their port gives, in its form or not at all', () => {
  const subnets = byId(subnet('a', '10.0.0.0/24'));
  const keys = { 'binding:profile': { public_keys: { me: 'ssh-ed25519 AAAA', odd: 7 }, user_data: 'aGk=', other: 1 } };
  const ports = [
    port('vm', { '10.0.0.5': 'a' }, { device_id: 'i-1', project_id: 'p', name: 'web', ...keys }),
    port(
      'odd',
      { '10.0.0.6': 'a' },
      { device_id: '', project_id: 'p', name: '', 'binding:profile': { public_keys: 'x' } },
    ),
    port('dhcp', { '10.0.0.2': 'a' }, { device_owner: 'network:dhcp' }),
    port('bare', {}),
  ];
  const seen = hostMetadata(network, ports, subnets, { dnsDomain: 'openstacklocal' });
  const of = (ip: string) => [{ ip, prefix_length: 24, subnet_id: 'a' }];
  assert.deepEqual(seen.instances, [
    { port_id: 'odd', device_id: '', project_id: 'p', mac_address: 'mac-odd', name: '', fixed_ips: of('10.0.0.6') },
    {
      ...{ port_id: 'vm', device_id: 'i-1', project_id: 'p', mac_address: 'mac-vm', name: 'web' },
      fixed_ips: of('10.0.0.5'),
      public_keys: { me: 'ssh-ed25519 AAAA' },
      user_data: 'aGk=',
    },
  ]);
});

test('a set of addresses has fixed addresses and pairs, each once, by family; everything in two halves', () => {
  const members = [
    port('a', { '10.0.0.5': 's', 'fd00::5': 't' }, { allowed_address_pairs: [{ ip_address: '10.0.0.5/32' }] }),
    port('b', {}, { allowed_address_pairs: [{ ip_address: '10.9.0.0/16' }, { ip_address: '::/0' }] }),
    port('c', {}, { allowed_address_pairs: [{ ip_address: '0.0.0.0/0' }, { ip_address: 'fd00::7/128' }] }),
  ];
  const seen = hostAddressSet('group', members);
  assert.deepEqual(seen.ipv4, ['0.0.0.0/1', '10.0.0.5', '10.9.0.0/16', '128.0.0.0/1']);
  assert.deepEqual(seen.ipv6, ['8000::/1', '::/1', 'fd00::5', 'fd00::7']);
});

test('rules are sorted by id and name protocols as iptables knows them without /etc/protocols', () => {
  const rule = (id: string, protocol: string | null) =>
    ({ id, protocol, ethertype: 'IPv4', direction: 'ingress' }) as Parameters<typeof hostSecurityGroup>[1][number];
  const group = { id: 'group', stateful: true } as Parameters<typeof hostSecurityGroup>[0];
  const rules = [
    rule('5', 'vrrp'),
    rule('1', 'tcp'),
    rule('4', null),
    rule('3', '47'),
    rule('2', 'ip'),
    rule('6', 'gre'),
  ];
  assert.deepEqual(
    hostSecurityGroup(group, rules).rules.map((one) => `${one.id} ${one.protocol}`),
    ['1 tcp', '2 null', '3 47', '4 null', '5 112', '6 47'],
  );
});

test('a router shows floating IPs that stand for a port, forwardings by their floating IP, and each outside gateway once', () => {
  type Rows = Parameters<typeof hostRouter>[0];
  const subnets = byId(
    subnet('out', '203.0.113.0/24', { gateway_ip: '203.0.113.1' }),
    subnet('out6', 'fd00:9::/64', { gateway_ip: 'fd00:9::1' }),
    subnet('in', '10.0.0.0/24'),
  );
  const seen = hostRouter({
    router: {
      id: 'r',
      admin_state_up: true,
      routes: [],
      external_gateway_info: { enable_snat: false },
    } as unknown as Rows['router'],
    ports: [
      port(
        'gw',
        { '203.0.113.5': 'out', 'fd00:9::5': 'out6', '203.0.113.6': 'out' },
        { device_owner: 'network:router_gateway' },
      ),
      port('z', { '10.0.0.1': 'in' }, { device_owner: 'network:router_interface', network_id: 'inner' }),
      port('y', {}, { device_owner: 'network:router_interface', network_id: 'inner' }),
    ],
    floatingIps: [
      { id: 'f2', floating_ip_address: '203.0.113.9', port_id: null, fixed_ip_address: null },
      { id: 'f1', floating_ip_address: '203.0.113.8', port_id: 'p', fixed_ip_address: '10.0.0.5' },
    ] as unknown as Rows['floatingIps'],
    forwardings: [
      { id: 'b', floatingip_id: 'f2' },
      { id: 'a', floatingip_id: 'f2' },
    ] as unknown as Rows['forwardings'],
    subnets,
    scopes: new Map(),
    policies: new Map(),
    helpers: [],
    proxied: [],
    externalPolicy: null,
    meteringRules: [],
    mtus: new Map([['inner', 1450]]),
  });
  assert.deepEqual(
    seen.interfaces.map((one) => [one.port_id, one.mtu]),
    [
      ['y', 1450],
      ['z', 1450],
    ],
  );
  assert.deepEqual(seen.gateway?.gateway_ips, ['203.0.113.1', 'fd00:9::1']);
  assert.equal(seen.gateway?.enable_snat, false);
  assert.deepEqual(seen.floating_ips, [{ id: 'f1', floating_ip: '203.0.113.8', fixed_ip: '10.0.0.5' }]);
  assert.deepEqual(
    seen.port_forwardings.map((one) => `${one.id} ${one.floating_ip}`),
    ['a 203.0.113.9', 'b 203.0.113.9'],
  );
});

test('the ports of instances are those that the system does not own', () => {
  assert.equal(isInstancePort({ device_owner: 'compute:nova' }), true);
  assert.equal(isInstancePort({ device_owner: '' }), true);
  assert.equal(isInstancePort({ device_owner: 'network:dhcp' }), false);
});

test('a remote prefix is where traffic comes from on its way out, and goes to on its way in; a label that counts nothing is left out', () => {
  const rule = (metering_label_id: string, direction: string, more: object) => ({
    ...{ metering_label_id, direction, excluded: false },
    ...{ remote_ip_prefix: null, source_ip_prefix: null, destination_ip_prefix: null },
    ...more,
  });
  const rows = [
    rule('b', 'ingress', { remote_ip_prefix: '10.0.0.7/24' }),
    rule('b', 'ingress', { destination_ip_prefix: '10.0.0.0/24' }),
    rule('a', 'egress', { remote_ip_prefix: '10.0.0.0/24' }),
    rule('c', 'egress', { remote_ip_prefix: '10.0.0.0/24', excluded: true }),
    rule('d', 'egress', { source_ip_prefix: '10.0.0.0/24', destination_ip_prefix: 'fd00::/8' }),
    rule('a', 'egress', { source_ip_prefix: 'fd00::/8', excluded: true }),
  ] as unknown as Parameters<typeof hostMetering>[0];
  const seen = hostMetering(rows).map(({ label_id, rules }) => [
    label_id,
    ...rules.map((one) => `${one.direction} ${one.excluded} ${one.source_ip_prefix} ${one.destination_ip_prefix}`),
  ]);
  assert.deepEqual(seen, [
    ['a', 'egress false 10.0.0.0/24 null', 'egress true fd00::/8 null'],
    ['b', 'ingress false null 10.0.0.0/24'],
  ]);
  assert.deepEqual(hostMetering([...rows].reverse()), hostMetering(rows));
});
