import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { port } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { portChangeKeys } from './wake.ts';

const base: Row<typeof port> = {
  id: 'p',
  project_id: 'project',
  name: '',
  description: '',
  created_at: '',
  updated_at: '',
  revision_number: 0,
  tags: [],
  network_id: 'n',
  mac_address: 'fa:16:3e:00:00:01',
  fixed_ips: [],
  ip_allocation: 'immediate',
  extra_dhcp_opts: [],
  dns_name: '',
  dns_domain: '',
  dns_assignment: [],
  data_plane_status: null,
  propagate_uplink_status: true,
  device_id: 'r',
  device_owner: '',
  admin_state_up: true,
  status: 'DOWN',
  security_groups: ['g'],
  port_security_enabled: true,
  allowed_address_pairs: [],
  'binding:host_id': '',
  'binding:vnic_type': 'normal',
  'binding:profile': {},
  'binding:vif_type': 'unbound',
  'binding:vif_details': {},
  qos_policy_id: null,
  device_profile: null,
  numa_affinity_policy: null,
  qos_network_policy_id: null,
  trunk_details: null,
};
const ofPort = ['port/p', 'network/n', 'dhcp/n', 'metadata/n', 'security_group/g', 'address_set/g'];

test('a port that comes or goes concerns its network, its DHCP, its groups, and its router', () => {
  assert.deepEqual(portChangeKeys(undefined, base), ofPort);
  const gateway = { ...base, device_owner: 'network:router_gateway' };
  assert.deepEqual(portChangeKeys(gateway, undefined), [...ofPort, 'router/r']);
});

test('what no host sees wakes nobody; what one sees wakes for both sides of the change', () => {
  assert.deepEqual(portChangeKeys(base, { ...base, description: 'new', status: 'ACTIVE', revision_number: 5 }), []);
  assert.deepEqual(portChangeKeys(base, { ...base, name: 'new' }), ['metadata/n']);
  const moved = { ...base, security_groups: ['h'] };
  assert.deepEqual(portChangeKeys(base, moved), [...ofPort, 'security_group/h', 'address_set/h']);
  assert.deepEqual(portChangeKeys(base, { ...base, 'binding:host_id': 'host' }), ofPort);
});
