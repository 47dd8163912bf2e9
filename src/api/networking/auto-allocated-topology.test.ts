import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

async function make(path: string, name: string, body: object, token = api.admin): Promise<Json> {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}
const topology = (token = api.demo, more = '') => api.ask(token, 'GET', `/v2.0/auto-allocated-topology/None${more}`);
const fault = ({ status, body }: { status: number; body: Json }) => [status, body.NeutronError.type];
const count = async (path: string) =>
  (await api.ask(api.demo, 'GET', `/v2.0/${path}?name=auto_allocated_${path.slice(0, -1)}`)).body[path].length;

test('a project gets a network, subnets and a router by one call, once', async () => {
  assert.deepEqual(fault(await topology(api.demo, '?fields=dry-run')), [409, 'AutoAllocationFailure']);
  const outside = await make('networks', 'network', { 'router:external': true, is_default: true });
  assert.equal(outside.is_default, true);
  await make('subnets', 'subnet', { network_id: outside.id, ip_version: 4, cidr: '203.0.113.0/24' });
  assert.match((await topology()).text, /Deployment error: Unable to provide project private network/);
  assert.match((await topology(api.demo, '?fields=dry-run')).text, /No default subnetpools defined/);
  const pool = { name: 'p', prefixes: ['10.0.0.0/16'], default_prefixlen: 24, is_default: true, shared: true };
  await make('subnetpools', 'subnetpool', pool);
  const dry = (await topology(api.demo, '?fields=dry-run')).body.auto_allocated_topology;
  assert.equal(dry.id, 'dry-run=pass');
  assert.equal(await count('networks'), 0);

  const made = (await topology()).body.auto_allocated_topology;
  assert.equal(made.project_id, dry.project_id);
  assert.equal((await topology()).body.auto_allocated_topology.id, made.id);
  assert.deepEqual([await count('networks'), await count('routers')], [1, 1]);
  const network = (await api.ask(api.demo, 'GET', `/v2.0/networks/${made.id}`)).body.network;
  assert.equal(network.subnets.length, 1);
  assert.equal('is_default' in network, false);
  const [router] = (await api.ask(api.demo, 'GET', '/v2.0/routers?name=auto_allocated_router')).body.routers;
  assert.equal(router.external_gateway_info.network_id, outside.id);
  const ports = await api.ask(api.demo, 'GET', `/v2.0/ports?device_id=${router.id}&network_id=${made.id}`);
  assert.equal(ports.body.ports.length, 1);
  assert.equal((await topology(api.demo, '?fields=id')).status, 400);

  const foreign = await api.ask(api.demo, 'DELETE', '/v2.0/auto-allocated-topology/other');
  assert.deepEqual(fault(foreign), [403, 'PolicyNotAuthorized']);
  const port = await make('ports', 'port', { network_id: made.id }, api.demo);
  const path = '/v2.0/auto-allocated-topology/None';
  assert.deepEqual(fault(await api.ask(api.demo, 'DELETE', path)), [409, 'NetworkInUse']);
  assert.equal(await count('routers'), 1, 'all of it or nothing');
  await api.ask(api.demo, 'DELETE', `/v2.0/ports/${port.id}`);
  assert.equal((await api.ask(api.demo, 'DELETE', path)).status, 204);
  assert.equal((await api.ask(api.demo, 'DELETE', path)).status, 204);
  assert.deepEqual([await count('networks'), await count('routers')], [0, 0]);
  const byAdmin = await api.ask(api.admin, 'GET', `/v2.0/auto-allocated-topology/${made.project_id}`);
  assert.equal(byAdmin.body.auto_allocated_topology.project_id, made.project_id);
  assert.equal(await count('networks'), 1, "made for the project, by an administrator's call");
});

test('there is one default external network', async () => {
  const second = await make('networks', 'network', { 'router:external': true });
  assert.equal(second.is_default, false);
  const change = (id: string, body: object) => api.ask(api.admin, 'PUT', `/v2.0/networks/${id}`, { network: body });
  assert.deepEqual(fault(await change(second.id, { is_default: true })), [409, 'DefaultExternalNetworkExists']);
  const [first] = (await api.ask(api.admin, 'GET', '/v2.0/networks?is_default=true')).body.networks;
  assert.equal((await change(first.id, { is_default: false })).body.network.is_default, false);
  assert.equal((await change(second.id, { is_default: true })).body.network.is_default, true);
  const ordinary = await make('networks', 'network', { is_default: true });
  assert.equal('is_default' in ordinary, false, 'only external networks are');
  const refused = await api.ask(api.demo, 'POST', '/v2.0/networks', { network: { is_default: true } });
  assert.equal(refused.status, 403);
  await change(second.id, { 'router:external': false });
  assert.equal((await change(first.id, { is_default: true })).status, 200);
});

test('floating IPs that stand for nothing go with the outside of their network', async () => {
  const outside = await make('networks', 'network', { 'router:external': true });
  const subnet = await make('subnets', 'subnet', { network_id: outside.id, ip_version: 4, cidr: '198.51.100.0/24' });
  const fip = await make('floatingips', 'floatingip', { floating_network_id: outside.id }, api.demo);
  const inside = await make('networks', 'network', {}, api.demo);
  const on = await make('subnets', 'subnet', { network_id: inside.id, ip_version: 4, cidr: '10.1.0.0/24' }, api.demo);
  const router = await make('routers', 'router', { external_gateway_info: { network_id: outside.id } }, api.demo);
  const act = (action: string) =>
    api.ask(api.demo, 'PUT', `/v2.0/routers/${router.id}/${action}`, { subnet_id: on.id });
  await act('add_router_interface');
  const close = () =>
    api.ask(api.admin, 'PUT', `/v2.0/networks/${outside.id}`, { network: { 'router:external': false } });
  assert.deepEqual(fault(await close()), [409, 'ExternalNetworkInUse']);
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/floatingips/${fip.id}`)).status, 200);
  await act('remove_router_interface');
  await api.ask(api.demo, 'DELETE', `/v2.0/routers/${router.id}`);
  assert.equal((await close()).status, 200);
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/floatingips/${fip.id}`)).status, 404);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/subnets/${subnet.id}`)).status, 204);
});
