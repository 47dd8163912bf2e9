/**
 * The requests of gophercloud (openstack/networking/v2), on which Terraform's provider, Kubernetes' cloud provider and others
 * stand: its bodies, the statuses that it takes for success (provider_client.go, defaultOkCodes), and answers that its structs
 * can be decoded from: Go takes null and absence for any type, and a value of another type for none.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

type GoType = 'string' | 'int' | 'bool' | 'time' | 'strings' | 'objects' | 'object';
type Struct = Readonly<Record<string, GoType>>;

const isA: Readonly<Record<GoType, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  int: (value) => Number.isInteger(value),
  bool: (value) => typeof value === 'boolean',
  // RFC 3339, with a zone: time.Time reads nothing else.
  time: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value),
  strings: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  objects: (value) => Array.isArray(value) && value.every((item) => typeof item === 'object'),
  object: (value) => typeof value === 'object' && !Array.isArray(value),
};

const common: Struct = {
  id: 'string',
  name: 'string',
  description: 'string',
  tenant_id: 'string',
  project_id: 'string',
};
const standard: Struct = {
  ...common,
  tags: 'strings',
  revision_number: 'int',
  created_at: 'time',
  updated_at: 'time',
};

const structs: Readonly<Record<string, Struct>> = {
  network: {
    ...standard,
    admin_state_up: 'bool',
    status: 'string',
    subnets: 'strings',
    shared: 'bool',
    availability_zone_hints: 'strings',
    'router:external': 'bool',
    'provider:network_type': 'string',
    'provider:physical_network': 'string',
    'provider:segmentation_id': 'int',
    mtu: 'int',
    dns_domain: 'string',
    port_security_enabled: 'bool',
    qos_policy_id: 'string',
  },
  subnet: {
    ...standard,
    network_id: 'string',
    ip_version: 'int',
    cidr: 'string',
    gateway_ip: 'string',
    dns_nameservers: 'strings',
    dns_publish_fixed_ip: 'bool',
    service_types: 'strings',
    allocation_pools: 'objects',
    host_routes: 'objects',
    enable_dhcp: 'bool',
    ipv6_address_mode: 'string',
    ipv6_ra_mode: 'string',
    subnetpool_id: 'string',
    segment_id: 'string',
  },
  port: {
    ...standard,
    network_id: 'string',
    admin_state_up: 'bool',
    status: 'string',
    mac_address: 'string',
    fixed_ips: 'objects',
    device_owner: 'string',
    device_id: 'string',
    security_groups: 'strings',
    allowed_address_pairs: 'objects',
    propagate_uplink_status: 'bool',
    value_specs: 'object',
    extra_dhcp_opts: 'objects',
    'binding:host_id': 'string',
    'binding:vif_details': 'object',
    'binding:vif_type': 'string',
    'binding:vnic_type': 'string',
    'binding:profile': 'object',
    dns_name: 'string',
    dns_assignment: 'objects',
    port_security_enabled: 'bool',
    qos_policy_id: 'string',
  },
  router: {
    ...standard,
    status: 'string',
    external_gateway_info: 'object',
    admin_state_up: 'bool',
    distributed: 'bool',
    routes: 'objects',
    availability_zone_hints: 'strings',
  },
  floatingip: {
    ...standard,
    floating_network_id: 'string',
    floating_ip_address: 'string',
    port_id: 'string',
    fixed_ip_address: 'string',
    status: 'string',
    router_id: 'string',
    dns_name: 'string',
    dns_domain: 'string',
  },
  port_forwarding: {
    id: 'string',
    description: 'string',
    internal_port_id: 'string',
    internal_ip_address: 'string',
    internal_port: 'int',
    internal_port_range: 'string',
    external_port: 'int',
    external_port_range: 'string',
    protocol: 'string',
  },
  security_group: { ...standard, stateful: 'bool', security_group_rules: 'objects' },
  security_group_rule: {
    ...standard,
    direction: 'string',
    ethertype: 'string',
    security_group_id: 'string',
    port_range_min: 'int',
    port_range_max: 'int',
    protocol: 'string',
    remote_address_group_id: 'string',
    remote_group_id: 'string',
    remote_ip_prefix: 'string',
  },
  address_group: { ...common, addresses: 'strings' },
  address_scope: { ...common, ip_version: 'int', shared: 'bool' },
  subnetpool: {
    ...standard,
    default_quota: 'int',
    prefixes: 'strings',
    address_scope_id: 'string',
    ip_version: 'int',
    shared: 'bool',
    is_default: 'bool',
  },
  rbac_policy: {
    id: 'string',
    object_type: 'string',
    object_id: 'string',
    action: 'string',
    target_tenant: 'string',
    tenant_id: 'string',
    project_id: 'string',
  },
  policy: { ...standard, shared: 'bool', is_default: 'bool', rules: 'objects' },
  trunk: { ...standard, admin_state_up: 'bool', port_id: 'string', status: 'string', sub_ports: 'objects' },
};

let api: TestApi;
before(async () => {
  api = await startTestApi({ servicePlugins: ['router', 'port_forwarding', 'qos', 'segments', 'trunk'] });
});
after(() => api.close());

const okCodes: Readonly<Record<string, readonly number[]>> = {
  GET: [200],
  POST: [201, 202],
  PUT: [200, 201, 202],
  DELETE: [202, 204],
};

async function call(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await api.ask(api.admin, method, `/v2.0/${path}`, body, { accept: 'application/json' });
  assert.ok(okCodes[method]?.includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

function decode(name: string, row: Json): void {
  for (const [field, type] of Object.entries(structs[name] ?? {})) {
    const value = row[field];
    assert.ok(value === undefined || value === null || isA[type](value), `${name}.${field}: ${JSON.stringify(value)}`);
  }
}

/** Creates as gophercloud does, reads the answer, gets it again, finds it in the list. */
async function create(path: string, name: string, body: object): Promise<Json> {
  const row = (await call('POST', path, { [name]: body }))[name];
  decode(name, row);
  decode(name, (await call('GET', `${path}/${row.id}`))[name]);
  const listed = Object.values(await call('GET', path))[0] as Json[];
  for (const one of listed) decode(name, one);
  assert.ok(listed.some(({ id }) => id === row.id));
  return row;
}

async function update(path: string, name: string, id: string, body: object): Promise<Json> {
  const row = (await call('PUT', `${path}/${id}`, { [name]: body }))[name];
  decode(name, row);
  return row;
}

/** Terraform deletes, and then asks until the row is gone. */
async function destroy(path: string, id: string): Promise<void> {
  await call('DELETE', `${path}/${id}`);
  assert.equal((await api.ask(api.admin, 'GET', `/v2.0/${path}/${id}`)).status, 404);
}

test('what Terraform builds is built, changed and taken away', async () => {
  const provider = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' };
  const outside = await create('networks', 'network', { name: 'public', 'router:external': true, ...provider });
  assert.ok(['ACTIVE', 'DOWN'].includes(outside.status), 'Terraform waits for one of these');
  const pools = [{ start: '203.0.113.10', end: '203.0.113.99' }];
  const publicV4 = { network_id: outside.id, cidr: '203.0.113.0/24', ip_version: 4, enable_dhcp: false };
  await create('subnets', 'subnet', { ...publicV4, allocation_pools: pools, gateway_ip: '203.0.113.1' });

  const net = await create('networks', 'network', { name: 'n', admin_state_up: true, description: 'd', mtu: 1400 });
  await update('networks', 'network', net.id, { name: 'n2', description: '', shared: false });
  const inside = { network_id: net.id, cidr: '10.0.0.0/24', ip_version: 4, gateway_ip: null, enable_dhcp: true };
  const bare = await create('subnets', 'subnet', { ...inside, dns_nameservers: ['8.8.8.8'] });
  assert.equal(bare.gateway_ip, null);
  const allocation_pools = [{ start: '10.0.0.2', end: '10.0.0.254' }];
  const routed = { gateway_ip: '10.0.0.1', allocation_pools, dns_nameservers: [], host_routes: [] };
  await update('subnets', 'subnet', bare.id, routed);
  const v6 = { ip_version: 6, cidr: 'fd00::/64', ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' };
  const subnet6 = await create('subnets', 'subnet', { network_id: net.id, ...v6 });

  const group = await create('security-groups', 'security_group', { name: 'web', description: 'd', stateful: true });
  await update('security-groups', 'security_group', group.id, { name: 'www', description: '' });
  const rule = { direction: 'ingress', ethertype: 'IPv4', security_group_id: group.id };
  const tcp = { protocol: 'tcp', port_range_min: 80, port_range_max: 90, remote_ip_prefix: '0.0.0.0/0' };
  const made = await create('security-group-rules', 'security_group_rule', { ...rule, ...tcp });
  await create('security-group-rules', 'security_group_rule', { ...rule, remote_group_id: group.id });
  const addresses = await create('address-groups', 'address_group', { name: 'a', addresses: ['10.0.0.0/8'] });
  const byGroup = { ...rule, protocol: 'udp', remote_address_group_id: addresses.id };
  const byAddresses = await create('security-group-rules', 'security_group_rule', byGroup);

  const fixed_ips = [{ subnet_id: bare.id, ip_address: '10.0.0.5' }];
  const bound = { 'binding:host_id': 'h', 'binding:vnic_type': 'normal', 'binding:profile': {} };
  const port = await create('ports', 'port', {
    network_id: net.id,
    admin_state_up: true,
    fixed_ips,
    security_groups: [group.id],
    allowed_address_pairs: [{ ip_address: '10.0.0.77' }],
    extra_dhcp_opts: [{ opt_name: 'mtu', opt_value: '1400' }],
    ...bound,
  });
  const changes = { security_groups: [], allowed_address_pairs: [], 'binding:host_id': '', device_id: 'x' };
  assert.deepEqual((await update('ports', 'port', port.id, changes)).security_groups, []);
  assert.deepEqual(await call('PUT', `ports/${port.id}/tags`, { tags: ['b', 'a'] }), { tags: ['b', 'a'] });

  const router = await create('routers', 'router', {
    name: 'r',
    admin_state_up: true,
    external_gateway_info: { network_id: outside.id, enable_snat: true },
  });
  assert.equal(router.status, 'ACTIVE');
  const info = await call('PUT', `routers/${router.id}/add_router_interface`, { subnet_id: bare.id });
  for (const member of ['id', 'port_id', 'subnet_id', 'tenant_id']) assert.equal(typeof info[member], 'string', member);
  const routes = [{ destination: '10.9.0.0/16', nexthop: '10.0.0.5' }];
  await call('PUT', `routers/${router.id}/add_extraroutes`, { router: { routes } });
  const without = await call('PUT', `routers/${router.id}/remove_extraroutes`, { router: { routes } });
  assert.deepEqual(without.router.routes, []);
  assert.deepEqual((await update('routers', 'router', router.id, { routes })).routes, routes);
  await update('routers', 'router', router.id, { routes: [] });

  const fip = await create('floatingips', 'floatingip', { floating_network_id: outside.id, description: 'd' });
  await update('floatingips', 'floatingip', fip.id, { port_id: port.id, fixed_ip_address: '10.0.0.5' });
  assert.equal((await update('floatingips', 'floatingip', fip.id, { port_id: null })).router_id, null);
  const path = `floatingips/${fip.id}/port_forwardings`;
  const forwarded = { internal_port_id: port.id, internal_ip_address: '10.0.0.5', internal_port: 25, protocol: 'tcp' };
  const forwarding = await create(path, 'port_forwarding', { ...forwarded, external_port: 2230 });
  await update(path, 'port_forwarding', forwarding.id, { internal_port: 26 });
  await destroy(path, forwarding.id);
  await destroy('floatingips', fip.id);

  const trunk = await create('trunks', 'trunk', { name: 't', port_id: port.id, admin_state_up: true, sub_ports: [] });
  await destroy('trunks', trunk.id);
  await call('PUT', `routers/${router.id}/remove_router_interface`, { subnet_id: bare.id });
  await update('routers', 'router', router.id, { external_gateway_info: {} });
  await destroy('routers', router.id);
  await destroy('ports', port.id);
  for (const { id } of [made, byAddresses]) await destroy('security-group-rules', id);
  await destroy('address-groups', addresses.id);
  await destroy('security-groups', group.id);
  for (const { id } of [bare, subnet6]) await destroy('subnets', id);
  await destroy('networks', net.id);
});

test('pools, scopes, policies and quotas as gophercloud sends them', async () => {
  const scope = await create('address-scopes', 'address_scope', { name: 's', ip_version: 4 });
  const pool = await create('subnetpools', 'subnetpool', {
    name: 'p',
    prefixes: ['10.0.0.0/8'],
    default_prefixlen: 24,
    min_prefixlen: 20,
    max_prefixlen: 28,
    address_scope_id: scope.id,
  });
  // gophercloud reads the lengths as numbers or as text.
  for (const name of ['default', 'min', 'max']) assert.ok(Number(pool[`${name}_prefixlen`]) > 0);
  await update('subnetpools', 'subnetpool', pool.id, { name: 'q', prefixes: ['10.0.0.0/8', '172.16.0.0/16'] });
  const net = await create('networks', 'network', { name: 'pooled' });
  const pooled = { network_id: net.id, ip_version: 4, subnetpool_id: pool.id, prefixlen: 26 };
  assert.match((await create('subnets', 'subnet', pooled)).cidr, /\/26$/);

  const other = '0123456789abcdef0123456789abcdef';
  const shared = { action: 'access_as_shared', object_type: 'network', object_id: net.id, target_tenant: other };
  const rbac = await create('rbac-policies', 'rbac_policy', shared);
  await update('rbac-policies', 'rbac_policy', rbac.id, { target_tenant: other.replace('0', '1') });
  await destroy('rbac-policies', rbac.id);

  const policy = await create('qos/policies', 'policy', { name: 'q', shared: true });
  const limits = `qos/policies/${policy.id}/bandwidth_limit_rules`;
  const limit = await create(limits, 'bandwidth_limit_rule', { max_kbps: 3000, max_burst_kbps: 300 });
  await update(limits, 'bandwidth_limit_rule', limit.id, { max_kbps: 500, direction: 'ingress' });
  await create(`qos/policies/${policy.id}/dscp_marking_rules`, 'dscp_marking_rule', { dscp_mark: 26 });
  await destroy('qos/policies', policy.id);

  const quota = (await call('PUT', `quotas/${other}`, { quota: { network: 5, rbac_policy: 6, subnetpool: 7 } })).quota;
  assert.deepEqual([quota.network, quota.rbac_policy, quota.subnetpool], [5, 6, 7]);
  const details = (await call('GET', `quotas/${other}/details.json`)).quota;
  for (const [name, detail] of Object.entries<Json>(details)) {
    for (const member of ['used', 'reserved', 'limit'])
      assert.ok(Number.isInteger(detail[member]), `${name}.${member}: ${detail[member]}`);
  }
});
