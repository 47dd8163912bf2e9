import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const make = async (token: string, path: string, name: string, body: object) => {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
};
const pool = (token: string, more: object = {}) =>
  make(token, 'subnetpools', 'subnetpool', { name: 'pool', prefixes: ['10.0.0.0/16'], default_prefixlen: 24, ...more });
const ids = (rows: { id: string }[]) => rows.map((row) => row.id);

test('a pool is shown as Neutron shows it: lengths as text, what is unset as null', async () => {
  const made = await pool(api.demo, { min_prefixlen: '20' });
  const { default_prefixlen, min_prefixlen, max_prefixlen, default_quota, address_scope_id, is_default, shared } = made;
  assert.deepEqual([default_prefixlen, min_prefixlen, max_prefixlen], ['24', '20', '32']);
  assert.deepEqual([default_quota, address_scope_id, is_default, shared], [null, null, false, false]);
  assert.equal(made.ip_version, 4);
  const url = `/v2.0/subnetpools/${made.id}`;
  const changed = await api.ask(api.demo, 'PUT', url, { subnetpool: { default_prefixlen: '26', name: 'other' } });
  assert.equal(changed.body.subnetpool.default_prefixlen, '26');
  const listed = await api.ask(api.demo, 'GET', '/v2.0/subnetpools?default_prefixlen=26&ip_version=4');
  assert.deepEqual(ids(listed.body.subnetpools), [made.id]);
});

test('a subnet from a pool shows the pool, and not what the request alone has', async () => {
  const from = await pool(api.demo);
  const network_id = (await make(api.demo, 'networks', 'network', {})).id;
  const body = { network_id, ip_version: 4, subnetpool_id: from.id, prefixlen: '25' };
  const made = await make(api.demo, 'subnets', 'subnet', body);
  assert.deepEqual([made.cidr, made.subnetpool_id], ['10.0.0.0/25', from.id]);
  for (const name of ['prefixlen', 'use_default_subnetpool']) assert.equal(name in made, false, name);
  const listed = await api.ask(api.demo, 'GET', `/v2.0/subnets?subnetpool_id=${from.id}`);
  assert.deepEqual(ids(listed.body.subnets), [made.id]);
  assert.equal((await api.ask(api.demo, 'GET', '/v2.0/subnets?prefixlen=25')).status, 400);
  const gone = await api.ask(api.demo, 'DELETE', `/v2.0/subnetpools/${from.id}`);
  assert.deepEqual([gone.status, gone.body.NeutronError.type], [400, 'SubnetPoolDeleteError']);
});

test('members make pools; sharing them and the default one are an administrator’s', async () => {
  const refusal = async (body: object) => {
    const subnetpool = { name: 'x', prefixes: ['10.0.0.0/8'], ...body };
    const answer = await api.ask(api.demo, 'POST', '/v2.0/subnetpools', { subnetpool });
    return [answer.status, answer.body.NeutronError.type];
  };
  assert.deepEqual(await refusal({ shared: true }), [403, 'PolicyNotAuthorized']);
  assert.deepEqual(await refusal({ is_default: true }), [403, 'PolicyNotAuthorized']);
  const hidden = await pool(api.admin);
  const shared = await pool(api.admin, { shared: true });
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/subnetpools/${hidden.id}`)).status, 404);
  const seen = await api.ask(api.demo, 'GET', `/v2.0/subnetpools/${shared.id}`);
  assert.equal(seen.body.subnetpool.shared, true);
  const url = `/v2.0/subnetpools/${shared.id}`;
  assert.equal((await api.ask(api.demo, 'PUT', url, { subnetpool: { name: 'x' } })).status, 403);
  assert.equal((await api.ask(api.demo, 'PUT', `${url}/add_prefixes`, { prefixes: ['10.9.0.0/16'] })).status, 403);
  assert.equal((await api.ask(api.demo, 'DELETE', url)).status, 403);
});

test('prefixes are added and removed, subnets onboarded, by the actions', async () => {
  const made = await pool(api.demo);
  const url = `/v2.0/subnetpools/${made.id}`;
  const added = await api.ask(api.demo, 'PUT', `${url}/add_prefixes`, { prefixes: ['10.1.0.0/16'] });
  assert.deepEqual([added.status, added.body], [200, { prefixes: ['10.0.0.0/15'] }]);
  const removed = await api.ask(api.demo, 'PUT', `${url}/remove_prefixes`, { prefixes: ['10.0.0.0/16'] });
  assert.deepEqual(removed.body, { prefixes: ['10.1.0.0/16'] });
  const network_id = (await make(api.demo, 'networks', 'network', {})).id;
  const body = { network_id, ip_version: 4, cidr: '192.168.0.0/24' };
  const { id, cidr } = await make(api.demo, 'subnets', 'subnet', body);
  const taken = await api.ask(api.demo, 'PUT', `${url}/onboard_network_subnets`, { network_id });
  assert.deepEqual([taken.status, taken.body], [200, [{ id, cidr }]]);
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/subnets/${id}`)).body.subnet.subnetpool_id, made.id);
});

test('subnets and networks show what they are part of, and are found by it', async () => {
  const external = await make(api.admin, 'networks', 'network', { 'router:external': true, shared: true });
  const outside = { network_id: external.id, ip_version: 4, cidr: '203.0.113.0/24' };
  const made = await make(api.admin, 'subnets', 'subnet', outside);
  assert.equal(made['router:external'], true);
  const found = await api.ask(api.demo, 'GET', '/v2.0/subnets?router:external=True');
  assert.deepEqual(ids(found.body.subnets), [made.id]);
  const others = await api.ask(api.demo, 'GET', '/v2.0/subnets?router:external=False');
  assert.ok(others.body.subnets.length > 0 && !ids(others.body.subnets).includes(made.id));
  assert.ok(others.body.subnets.every((row: Record<string, unknown>) => row['router:external'] === false));
  const scope = await make(api.demo, 'address-scopes', 'address_scope', { ip_version: 4, name: 'scope' });
  assert.equal(scope.tenant_id, scope.project_id);
  assert.equal('tags' in scope, false);
  const scoped = await pool(api.demo, { address_scope_id: scope.id });
  const on = await make(api.demo, 'networks', 'network', {});
  assert.deepEqual([on.ipv4_address_scope, on.ipv6_address_scope], [null, null]);
  await make(api.demo, 'subnets', 'subnet', { network_id: on.id, ip_version: 4, subnetpool_id: scoped.id });
  const { network } = (await api.ask(api.demo, 'GET', `/v2.0/networks/${on.id}`)).body;
  assert.deepEqual([network.ipv4_address_scope, network.ipv6_address_scope], [scope.id, null]);
  const { extensions } = (await api.ask(api.demo, 'GET', '/v2.0/extensions')).body;
  const aliases = extensions.map((extension: { alias: string }) => extension.alias);
  for (const alias of ['address-scope', 'default-subnetpools', 'subnet_allocation', 'subnet_onboard'])
    assert.ok(aliases.includes(alias), alias);
});

test('service types are an administrator’s to set', async () => {
  const network_id = (await make(api.demo, 'networks', 'network', {})).id;
  const subnet = { network_id, ip_version: 4, cidr: '10.0.0.0/24', service_types: ['compute:nova'] };
  assert.equal((await api.ask(api.demo, 'POST', '/v2.0/subnets', { subnet })).status, 403);
  assert.deepEqual((await make(api.admin, 'subnets', 'subnet', subnet)).service_types, ['compute:nova']);
});
