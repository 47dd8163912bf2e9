import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
let network: Json;
before(async () => {
  api = await startTestApi({
    dnsDomain: 'example.org',
    extensionDrivers: ['port_security', 'dns_domain_ports', 'data_plane_status', 'uplink_status_propagation'],
  });
  network = await make('networks', 'network', { dns_domain: 'Cloud.example.org.' });
  await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
});
after(() => api.close());

async function make(path: string, name: string, body: object, token = api.demo): Promise<Json> {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}
const port = (body: object = {}) => make('ports', 'port', { network_id: network.id, ...body });
const change = (id: string, body: object, token = api.demo) =>
  api.ask(token, 'PUT', `/v2.0/ports/${id}`, { port: body });

test('ports have names in DNS', async () => {
  assert.equal(network.dns_domain, 'cloud.example.org.');
  const made = await port({ dns_name: 'WEB', dns_domain: 'a.example.org.' });
  const [{ ip_address }] = made.fixed_ips;
  assert.equal(made.dns_name, 'web');
  assert.equal(made.dns_domain, 'a.example.org.');
  assert.deepEqual(made.dns_assignment, [{ ip_address, hostname: 'web', fqdn: 'web.example.org.' }]);
  const unnamed = (await change(made.id, { dns_name: '' })).body.port;
  assert.match(unnamed.dns_assignment[0].hostname, /^host-10-0-0-/);
  for (const dns_name of ['-a', 'a..b', 'a_b', 'x'.repeat(64), 'a.1', 'web.example.com.', 7]) {
    assert.equal((await change(made.id, { dns_name })).status, 400, `${dns_name}`);
  }
  assert.equal((await change(made.id, { dns_domain: 'no-dot.org' })).status, 400);
});

test('domains may have keywords, and subnets say whether an external service has their names', async () => {
  const drivers = { dnsDomain: 'example.org', extensionDrivers: ['subnet_dns_publish_fixed_ip'] };
  const bed = await startTestApi(drivers);
  const post = async (path: string, name: string, body: object) =>
    bed.ask(bed.demo, 'POST', `/v2.0/${path}`, { [name]: body });
  const on = (await post('networks', 'network', { dns_domain: '<project_id>.Example.org.' })).body.network;
  assert.equal(on.dns_domain, '<project_id>.example.org.');
  for (const dns_domain of ['<project>.example.org.', 'a<project_id>.b.', '<project_id>', '<user_id><user_name>.c.'])
    assert.equal((await post('networks', 'network', { dns_domain })).status, 400, dns_domain);
  const prefix = { network_id: on.id, ip_version: 4, cidr: '10.0.0.0/24' };
  const made = await post('subnets', 'subnet', { ...prefix, dns_publish_fixed_ip: true });
  assert.equal(made.body.subnet.dns_publish_fixed_ip, true);
  const aliases = (await bed.ask(bed.demo, 'GET', '/v2.0/extensions')).body.extensions.map(({ alias }: Json) => alias);
  for (const alias of ['dns-integration', 'dns-integration-domain-keywords', 'subnet-dns-publish-fixed-ip'])
    assert.ok(aliases.includes(alias), alias);
  await bed.close();
});

test('a router keeps the IPv4 addresses of its interfaces, whatever their ports are asked', async () => {
  const on = await make('networks', 'network', {});
  const v4 = await make('subnets', 'subnet', { network_id: on.id, ip_version: 4, cidr: '10.7.0.0/24' });
  await make('subnets', 'subnet', { network_id: on.id, ip_version: 6, cidr: 'fd07::/64' });
  const router = await make('routers', 'router', {});
  const added = await api.ask(api.demo, 'PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: v4.id });
  const { port_id } = added.body;
  const kept = { subnet_id: v4.id, ip_address: '10.7.0.1' };
  const other = await change(port_id, { fixed_ips: [{ subnet_id: v4.id, ip_address: '10.7.0.9' }] });
  assert.deepEqual([other.status, other.body.NeutronError.type], [400, 'IPAddressChangeNotAllowed']);
  assert.equal((await change(port_id, { fixed_ips: [kept, { subnet_id: v4.id }] })).status, 400);
  assert.equal((await change(port_id, { fixed_ips: [kept], name: 'same' })).status, 200);
});

test('without the driver there are no names; with the default domain they are not kept', async () => {
  const bare = await startTestApi({ dnsDomain: 'example.org' });
  const refused = await bare.ask(bare.demo, 'POST', '/v2.0/networks', { network: { dns_domain: 'a.b.' } });
  assert.match(refused.text, /Unrecognized attribute/);
  await bare.close();
  const local = await startTestApi({ extensionDrivers: ['dns'] });
  const on = (await local.ask(local.demo, 'POST', '/v2.0/networks', { network: {} })).body.network;
  const body = { port: { network_id: on.id, dns_name: 'web' } };
  assert.equal((await local.ask(local.demo, 'POST', '/v2.0/ports', body)).body.port.dns_name, '');
  const domain = { port: { network_id: on.id, dns_domain: 'a.b.' } };
  assert.equal((await local.ask(local.demo, 'POST', '/v2.0/ports', domain)).status, 400);
  await local.close();
});

test('DHCP options of a port are added, changed and taken away', async () => {
  const tftp = { opt_name: 'tftp-server', opt_value: '192.0.2.1' };
  const made = await port({ extra_dhcp_opts: [tftp, { opt_name: 'bootfile-name', opt_value: 'x', ip_version: '6' }] });
  assert.deepEqual(made.extra_dhcp_opts, [
    { ...tftp, ip_version: 4 },
    { opt_name: 'bootfile-name', opt_value: 'x', ip_version: 6 },
  ]);
  const changed = await change(made.id, { extra_dhcp_opts: [{ ...tftp, opt_value: null }] });
  assert.deepEqual(changed.body.port.extra_dhcp_opts, [{ opt_name: 'bootfile-name', opt_value: 'x', ip_version: 6 }]);
  assert.deepEqual((await port()).extra_dhcp_opts, []);
  assert.deepEqual((await port({ extra_dhcp_opts: null })).extra_dhcp_opts, []);
  for (const wrong of [
    { opt_name: 'x' },
    { ...tftp, opt_value: 'a\nb' },
    { ...tftp, ip_version: 5 },
    { ...tftp, more: 1 },
  ])
    assert.equal((await change(made.id, { extra_dhcp_opts: [wrong] })).status, 400, JSON.stringify(wrong));
});

test('a port gets a new MAC address for null, unless it is wired', async () => {
  const made = await make('ports', 'port', { network_id: network.id, mac_address: null });
  assert.match(made.mac_address, /^fa:16:3e/);
  const other = (await change(made.id, { mac_address: null }, api.admin)).body.port;
  assert.match(other.mac_address, /^fa:16:3e/);
  assert.notEqual(other.mac_address, made.mac_address);
  assert.equal((await change(made.id, { mac_address: '' }, api.admin)).status, 400);
  assert.equal((await change(made.id, { mac_address: null })).status, 403);
});

test('the state of the wires is for administrators to say', async () => {
  const made = await port({ propagate_uplink_status: false });
  assert.deepEqual([made.data_plane_status, made.propagate_uplink_status], [null, false]);
  assert.equal((await change(made.id, { data_plane_status: 'DOWN' })).status, 403);
  assert.equal((await change(made.id, { data_plane_status: 'DOWN' }, api.admin)).body.port.data_plane_status, 'DOWN');
  const fixed = await change(made.id, { propagate_uplink_status: true });
  assert.match(fixed.text, /Cannot update read-only attribute propagate_uplink_status/);
});

test('static routes come and go one by one', async () => {
  const subnet = await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.5.0.0/24' });
  const router = await make('routers', 'router', {});
  assert.equal(router.enable_snat, true);
  await api.ask(api.demo, 'PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const act = (action: string, body: unknown) =>
    api.ask(api.demo, 'PUT', `/v2.0/routers/${router.id}/${action}`, body as object);
  const to = (destination: string, nexthop = '10.5.0.9') => ({ destination, nexthop });
  const a = to('192.0.2.0/25');
  const b = to('192.0.2.128/25');
  const first = await act('add_extraroutes', { router: { routes: [a] } });
  assert.equal(first.status, 200, first.text);
  assert.deepEqual(first.body.router.routes, [a]);
  assert.equal(first.body.router.tenant_id, router.project_id);
  assert.deepEqual((await act('add_extraroutes', { router: { routes: [a, b] } })).body.router.routes, [a, b]);
  const bad = await act('add_extraroutes', { router: { routes: [to('0.0.0.0/0', '172.16.0.1')] } });
  assert.deepEqual([bad.status, bad.body.NeutronError.type], [400, 'InvalidRoutes']);
  const gone = await act('remove_extraroutes', { router: { routes: [a, to('198.51.100.0/24')] } });
  assert.deepEqual(gone.body.router.routes, [b]);
  for (const body of [{}, { router: {} }, { router: { routes: 'x' } }, { router: { routes: [{}] } }])
    assert.equal((await act('add_extraroutes', body)).status, 400, JSON.stringify(body));
});

test('pools of floating IPs are the IPv4 subnets of external networks', async () => {
  const outside = await make('networks', 'network', { 'router:external': true }, api.admin);
  const on = { network_id: outside.id, name: 'out' };
  const subnet = await make('subnets', 'subnet', { ...on, ip_version: 4, cidr: '203.0.113.0/24' }, api.admin);
  await make('subnets', 'subnet', { ...on, ip_version: 6, cidr: 'fd00::/64' }, api.admin);
  const { body } = await api.ask(api.demo, 'GET', '/v2.0/floatingip_pools');
  assert.deepEqual(
    body.floatingip_pools.map((pool: Json) => [pool.subnet_id, pool.cidr, pool.network_id]),
    [[subnet.id, '203.0.113.0/24', outside.id]],
  );
  assert.equal(body.floatingip_pools[0].project_id, network.project_id);
  const names = await api.ask(api.demo, 'GET', '/v2.0/floatingip_pools?fields=subnet_name');
  assert.deepEqual(names.body, { floatingip_pools: [{ subnet_name: 'out' }] });
  const named = { floating_network_id: outside.id, dns_name: 'a' };
  assert.equal((await api.ask(api.demo, 'POST', '/v2.0/floatingips', { floatingip: named })).status, 400);
  const fip = await make('floatingips', 'floatingip', { ...named, dns_domain: 'example.org.' });
  assert.equal(fip.dns_name, '', 'nothing is published');
});
