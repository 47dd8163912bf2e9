import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostDhcp } from '../../model/host-objects.ts';
import { dnsmasqArguments, hostsFile, optionsFile, tagsFile } from './dhcp-files.ts';
import type { HostEnvironment } from './language.ts';

type Subnet = HostDhcp['subnets'][number];

const subnet: Subnet = {
  id: 's1',
  ip_version: 4,
  cidr: '10.0.0.0/24',
  gateway_ip: '10.0.0.1',
  dns_nameservers: [],
  host_routes: [],
  ipv6_address_mode: null,
  routed: true,
  dhcp_ips: ['10.0.0.2'],
};

const env: HostEnvironment = {
  stateDir: '/state',
  localIp: null,
  bridgeMappings: {},
  links: new Set(),
  driver: 'linuxbridge',
  natDriver: 'iptables',
};
const options = (dhcp: HostDhcp, more: Partial<HostEnvironment> = {}) => optionsFile(dhcp, { ...env, ...more });

function service(...subnets: Subnet[]): HostDhcp {
  return {
    kind: 'dhcp',
    id: 'n1',
    port: {
      id: 'p1',
      mac_address: 'fa:16:3e:00:00:02',
      fixed_ips: [{ ip: '10.0.0.2', prefix_length: 24, subnet_id: 's1' }],
    },
    mtu: 1450,
    domain: 'openstacklocal',
    lease_seconds: 86400,
    subnets,
    hosts: [
      { port_id: 'p2', mac_address: 'fa:16:3e:00:00:05', ip: '10.0.0.5', hostname: 'host-10-0-0-5' },
      { port_id: 'p3', mac_address: 'fa:16:3e:00:00:06', ip: 'fd00::6', hostname: 'six.example.org' },
    ],
  };
}

test('a subnet without name servers gets dnsmasq itself; 0.0.0.0 means none', () => {
  assert.match(options(service(subnet)), /^tag:subnet-s1,option:dns-server,10\.0\.0\.2\n/);
  const none = { ...subnet, dns_nameservers: ['0.0.0.0'] };
  assert.match(options(service(none)), /^tag:subnet-s1,option:dns-server\n/);
});

test('classless routes carry the default route along, in both options', () => {
  const routed = { ...subnet, host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }] };
  const lines = options(service(routed)).split('\n');
  const routes = '10.9.0.0/16,10.0.0.9,0.0.0.0/0,10.0.0.1';
  assert.ok(lines.includes(`tag:subnet-s1,option:classless-static-route,${routes}`));
  assert.ok(lines.includes(`tag:subnet-s1,249,${routes}`));
  assert.ok(lines.includes('tag:subnet-s1,option:router,10.0.0.1'));
  const closed = { ...subnet, gateway_ip: null };
  assert.match(options(service(closed)), /option:router\n/);
  assert.doesNotMatch(options(service(subnet)), /classless/);
});

test('a second subnet is on the link', () => {
  const other = { ...subnet, id: 's2', cidr: '10.0.1.0/24', gateway_ip: '10.0.1.1' };
  assert.match(
    options(service(subnet, other)),
    /tag:subnet-s1,249,10\.0\.1\.0\/24,0\.0\.0\.0,0\.0\.0\.0\/0,10\.0\.0\.1/,
  );
});

test('hosts carry no set: tag, which Debian 12 has a dnsmasq die of', () => {
  const text = hostsFile(service(subnet));
  assert.equal(
    text,
    'fa:16:3e:00:00:05,host-10-0-0-5.openstacklocal,10.0.0.5\nfa:16:3e:00:00:06,tag:dhcpv6,six.example.org,[fd00::6]\n',
  );
});

test('ranges are static, and the MTU is forced', () => {
  const argv = dnsmasqArguments(service(subnet), 'ns-p1', env);
  assert.ok(argv.includes('--dhcp-range=set:subnet-s1,10.0.0.0,static,255.255.255.0,86400s'));
  assert.ok(argv.includes('--dhcp-option-force=option:mtu,1450'));
  assert.ok(argv.includes('--dhcp-lease-max=256'));
});

test('options of a port go by a tag that the configuration file sets, never by one in the file of hosts', () => {
  const option = { port_id: 'p2', mac_address: 'fa:16:3e:00:00:05', ip_version: 4 as const };
  const dhcp: HostDhcp = {
    ...service(subnet),
    options: [
      { ...option, name: 'tftp-server', value: '192.0.2.1' },
      { ...option, name: '150', value: '192.0.2.2' },
      { ...option, ip_version: 6, name: '59', value: 'tftp://x' },
      { ...option, name: 'router', value: '' },
    ],
  };
  assert.equal(tagsFile(dhcp), 'dhcp-mac=set:port-p2,fa:16:3e:00:00:05\n');
  assert.deepEqual(options(dhcp).split('\n').slice(-5), [
    'tag:port-p2,option:tftp-server,192.0.2.1',
    'tag:port-p2,150,192.0.2.2',
    'tag:port-p2,option6:59,tftp://x',
    'tag:port-p2,option:router',
    '',
  ]);
  assert.doesNotMatch(hostsFile(dhcp), /set:/);
  assert.ok(dnsmasqArguments(dhcp, 'ns-p1', env).includes('--conf-file=/state/dhcp/n1/conf'));
  assert.ok(dnsmasqArguments(service(subnet), 'ns-p1', env).includes('--conf-file=/dev/null'));
});

test('the options of dhcp_agent.ini, and name servers of every service', () => {
  const chosen = {
    configFile: '/etc/dnsmasq-neutron.conf',
    dnsServers: ['192.0.2.7', '192.0.2.8'],
    localResolv: true,
    broadcastReply: true,
    renewalSeconds: 1000,
    rebindingSeconds: 2000,
    leaseMax: 100,
    logFolder: '/log',
  };
  const argv = dnsmasqArguments(service(subnet), 'ns-p1', { ...env, dhcp: chosen });
  for (const word of [
    '--conf-file=/etc/dnsmasq-neutron.conf',
    '--server=192.0.2.7',
    '--server=192.0.2.8',
    '--dhcp-broadcast',
    '--dhcp-option-force=option:T1,1000s',
    '--dhcp-option-force=option:T2,2000s',
    '--dhcp-lease-max=100',
    '--log-dhcp',
    '--log-facility=/log/n1/dhcp_dns_log',
  ])
    assert.ok(argv.includes(word), word);
  assert.ok(!argv.includes('--no-resolv') && !argv.includes('--conf-file=/dev/null'));
  const both = service({ ...subnet, dhcp_ips: ['10.0.0.2', '10.0.0.3'] });
  assert.match(options(both), /option:dns-server,10\.0\.0\.2,10\.0\.0\.3\n/);
});

test('DHCPv6: stateful and stateless have a range, name servers and a domain to search', () => {
  const six = (mode: 'dhcpv6-stateful' | 'dhcpv6-stateless'): Subnet => ({
    ...subnet,
    id: mode,
    ip_version: 6,
    cidr: 'fd00::/64',
    gateway_ip: 'fd00::1',
    ipv6_address_mode: mode,
    dns_nameservers: ['fd00:53::53'],
    dhcp_ips: [],
  });
  for (const mode of ['dhcpv6-stateful', 'dhcpv6-stateless'] as const) {
    assert.deepEqual(options(service(six(mode))).split('\n'), [
      `tag:subnet-${mode},option6:dns-server,[fd00:53::53]`,
      `tag:subnet-${mode},option6:domain-search,openstacklocal`,
      '',
    ]);
    const argv = dnsmasqArguments(service(six(mode)), 'ns-p1', env);
    assert.ok(argv.includes(`--dhcp-range=set:subnet-${mode},fd00::,static,64,86400s`));
  }
});

test('the route to metadata: by the router, by the service where there is none, by the service where it is forced', () => {
  const route = (more: Partial<Subnet>, metadata: HostEnvironment['metadata']) =>
    /249,(.*)$/m.exec(options(service({ ...subnet, ...more }), metadata ? { metadata } : {}))?.[1];
  const doors = { port: 9697, routers: true, isolated: true, force: false };
  const rest = ',0.0.0.0/0,10.0.0.1';
  assert.equal(route({}, undefined), undefined);
  assert.equal(route({}, doors), `169.254.169.254/32,10.0.0.1${rest}`);
  assert.equal(route({ routed: false }, doors), `169.254.169.254/32,10.0.0.2${rest}`);
  assert.equal(route({ routed: false }, { ...doors, isolated: false }), undefined);
  assert.equal(route({ routed: false, gateway_ip: null }, doors), '169.254.169.254/32,10.0.0.2');
  assert.equal(route({}, { ...doors, force: true }), `169.254.169.254/32,10.0.0.2${rest}`);
  assert.equal(route({}, { ...doors, routers: false, isolated: false }), undefined);
});

test('a client id is a word of a host, unless it would be more', () => {
  const [host] = service(subnet).hosts;
  assert.ok(host);
  const line = (client_id: string) => hostsFile({ ...service(subnet), hosts: [{ ...host, client_id }] });
  assert.match(line('01:02'), /^fa:16:3e:00:00:05,id:01:02,host-/);
  assert.match(line('x,10.0.0.9'), /^fa:16:3e:00:00:05,host-/);
});
