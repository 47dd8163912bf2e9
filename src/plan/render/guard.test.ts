import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostPort } from '../../model/host-objects.ts';
import { guardElements, guardTable } from './guard.ts';

const port: HostPort = {
  kind: 'port',
  id: '11111111-1111-4000-8000-000000000001',
  network_id: 'n',
  mac_address: 'FA:16:3E:00:00:05',
  fixed_ips: [
    { ip: '10.0.0.5', prefix_length: 24, subnet_id: 's' },
    { ip: '2001:db8::5', prefix_length: 64, subnet_id: 's6' },
  ],
  admin_state_up: true,
  device_id: 'vm',
  device_owner: 'compute:nova',
  port_security_enabled: true,
  allowed_address_pairs: [],
  security_groups: [],
};
const elements = (members: Partial<HostPort>) => guardElements({ ...port, ...members }).elements;

test('a port sends from its MAC address and speaks for its IPv4 addresses', () => {
  assert.equal(guardElements(port).owner, 'tap11111111-11');
  assert.deepEqual(elements({}), { guarded: [''], macs: ['fa:16:3e:00:00:05'], addresses: ['10.0.0.5'] });
});

test('a port without addresses speaks for none', () => {
  assert.deepEqual(elements({ fixed_ips: [] }), { guarded: [''], macs: ['fa:16:3e:00:00:05'] });
});

test('allowed pairs add MAC addresses, addresses and prefixes, none of which holds another', () => {
  const allowed_address_pairs = [
    { ip_address: '10.0.0.9', mac_address: 'fa:16:3e:00:00:09' },
    { ip_address: '10.1.0.0/16' },
    { ip_address: '10.1.2.0/24' },
    { ip_address: '10.1.0.0/16', mac_address: 'fa:16:3e:00:00:10' },
    { ip_address: '2001:db8::/64' },
  ];
  assert.deepEqual(elements({ allowed_address_pairs }), {
    guarded: [''],
    macs: ['fa:16:3e:00:00:05', 'fa:16:3e:00:00:09', 'fa:16:3e:00:00:10'],
    addresses: ['10.0.0.5', '10.0.0.9'],
    prefixes: ['10.1.0.0/16'],
  });
});

test('a pair of all addresses is two halves', () => {
  const allowed_address_pairs = [{ ip_address: '0.0.0.0/0' }, { ip_address: '10.1.0.0/16' }];
  assert.deepEqual(elements({ allowed_address_pairs }).prefixes, ['0.0.0.0/1', '128.0.0.0/1']);
});

test('the table declares the sets that its rules and elements name', () => {
  const { sets, chains } = guardTable();
  const named = new Set(chains.flatMap(({ rules }) => rules.flatMap((rule) => /@(\w+)/.exec(rule)?.[1] ?? [])));
  assert.deepEqual([...named].sort(), sets.map(({ name }) => name).sort());
});
