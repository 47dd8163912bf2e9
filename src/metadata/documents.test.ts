import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostMetadata } from '../model/host-objects.ts';
import { ec2Folders } from './ec2.ts';
import { factsOf, hostLabel } from './facts.ts';
import { entry, network, subnet } from './fixtures.ts';
import type { Instance } from './instances.ts';
import { openstackFolder } from './openstack.ts';
import { documentAt, folder } from './tree.ts';

function instance(port: HostMetadata['instances'][number], on = network('n', [port])): Instance {
  const asking = { port, network: on };
  return { id: port.device_id, projectId: port.project_id, asking, ports: [asking] };
}

function ask(of: Instance, path: string): string | undefined {
  const facts = factsOf(of, 'nova');
  const root = folder({ ...ec2Folders(of, facts), openstack: openstackFolder(of, facts, 'seed') });
  return documentAt(root, path)?.toString();
}

test('a name that people gave becomes one that a host can have', () => {
  for (const [given, label] of [
    ['Web 1', 'web-1'],
    ['--x_y--', 'x-y'],
    ['例', ''],
    ['', ''],
    [`${'a'.repeat(62)}-b`, 'a'.repeat(62)],
  ] as const)
    assert.equal(hostLabel(given), label);
  const named = (name: string, domain = 'openstacklocal') => {
    const port = entry('p', ['10.0.0.5'], { name });
    return ask(instance(port, network('n', [port], { domain })), '/latest/meta-data/hostname');
  };
  assert.equal(named('Web 1'), 'web-1.openstacklocal');
  assert.equal(named('web.example.org.'), 'web.example.org');
  assert.equal(named(''), 'host-10-0-0-5.openstacklocal');
  assert.equal(named('web', ''), 'web');
});

test('folders list what is in them, with or without a slash behind; nothing is below a document', () => {
  const one = instance(entry('p', ['10.0.0.5'], { public_keys: { me: 'ssh-rsa A\n', you: 'ssh-rsa B' } }));
  assert.match(ask(one, '/') ?? '', /^2009-04-04\/$/m);
  assert.equal(ask(one, '/latest'), 'meta-data/');
  assert.equal(ask(one, '/latest/meta-data/public-keys'), '0=me\n1=you');
  assert.equal(ask(one, '/latest/meta-data/public-keys/1/'), 'openssh-key');
  assert.equal(ask(one, '/latest/meta-data/public-keys/0/openssh-key'), 'ssh-rsa A\n');
  assert.equal(ask(one, '/latest/meta-data/mac/x'), undefined);
  assert.equal(ask(one, '/latest/meta-data/../../x'), undefined);
  assert.equal(ask(one, '/latest/user-data'), undefined);
  assert.equal(ask(one, '/latest/meta-data/__proto__'), undefined);
  assert.match(ask(one, '/openstack') ?? '', /^2018-08-27\nlatest$/m);
});

test('without a device the port is the instance', () => {
  assert.equal(ask(instance(entry('p', ['10.0.0.5'], { device_id: '' })), '/latest/meta-data/instance-id'), 'p');
});

test('network_data.json says how each address comes, and tells all of one that nothing gives', () => {
  const subnets = [
    subnet('s', '10.0.0.0/24', {
      gateway_ip: '10.0.0.1',
      enable_dhcp: false,
      dns_nameservers: ['192.0.2.53'],
      host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
    }),
    subnet('s6', 'fd00::/64', { ipv6_address_mode: 'slaac' }),
  ];
  const port = entry('11111111-2222', ['10.0.0.5', 'fd00::5']);
  const told = JSON.parse(
    ask(instance(port, network('n', [port], { subnets })), '/openstack/latest/network_data.json') ?? '',
  );
  assert.deepEqual(told, {
    links: [
      {
        id: 'tap11111111-22',
        vif_id: '11111111-2222',
        type: 'phy',
        mtu: 1450,
        ethernet_mac_address: 'fa:16:3e:00:00:05',
      },
    ],
    networks: [
      {
        id: 'network0',
        type: 'ipv4',
        link: 'tap11111111-22',
        network_id: 'n',
        ip_address: '10.0.0.5',
        netmask: '255.255.255.0',
        routes: [
          { network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.0.1' },
          { network: '10.9.0.0', netmask: '255.255.0.0', gateway: '10.0.0.9' },
        ],
        services: [{ type: 'dns', address: '192.0.2.53' }],
      },
      { id: 'network1', type: 'ipv6_slaac', link: 'tap11111111-22', network_id: 'n' },
    ],
    services: [{ type: 'dns', address: '192.0.2.53' }],
  });
});

test('an IPv6 address that nothing gives has its mask as an address', () => {
  const subnets = [subnet('s6', 'fd00:0:0:8::/61', { enable_dhcp: false, gateway_ip: 'fd00:0:0:8::1' })];
  const port = entry('p', ['fd00:0:0:8::5']);
  const told = JSON.parse(
    ask(instance(port, network('n', [port], { subnets })), '/openstack/latest/network_data.json') ?? '',
  );
  assert.equal(told.networks[0].type, 'ipv6');
  assert.equal(told.networks[0].netmask, 'ffff:ffff:ffff:fff8::');
  assert.deepEqual(told.networks[0].routes, [{ network: '::', netmask: '::', gateway: 'fd00:0:0:8::1' }]);
});
