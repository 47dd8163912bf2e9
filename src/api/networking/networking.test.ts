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

test('version documents lead clients to v2.0', async () => {
  for (const url of ['/', '/v2.0', '/v2.0/']) {
    const { status, body } = await api.ask('', 'GET', url);
    assert.equal(status, 200);
    assert.equal(body.versions[0].id, 'v2.0');
    assert.equal(body.versions[0].links[0].href, 'http://cloud.test:9696/v2.0/');
  }
});

test('a request without a good token is a 401, with its id', async () => {
  for (const token of ['', 'wrong']) {
    const answer = await api.ask(token, 'GET', '/v2.0/networks');
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body.error.title, 'Unauthorized');
    assert.match(String(answer.headers['x-openstack-request-id']), /^req-[0-9a-f-]{36}$/);
  }
});

test('a network is made, shown, listed, changed and deleted', async () => {
  const made = await make(api.demo, 'networks', 'network', { name: 'one' });
  assert.equal(made.name, 'one');
  assert.equal(made.tenant_id, made.project_id);
  assert.equal('provider:network_type' in made, false);
  const url = `/v2.0/networks/${made.id}`;
  assert.deepEqual((await api.ask(api.demo, 'GET', url)).body.network, made);
  assert.equal((await api.ask(api.admin, 'GET', url)).body.network['provider:network_type'], 'vxlan');
  const changed = await api.ask(api.demo, 'PUT', url, { network: { name: 'two' } });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.network.name, 'two');
  assert.ok(changed.body.network.revision_number > made.revision_number);
  assert.equal((await api.ask(api.demo, 'DELETE', url)).status, 204);
  const gone = await api.ask(api.demo, 'GET', url);
  assert.equal(gone.status, 404);
  assert.equal(gone.body.NeutronError.type, 'NetworkNotFound');
});

test('rows of another project are not there; those that are shared are, and may not be changed', async () => {
  const hidden = await make(api.admin, 'networks', 'network', { name: 'hidden' });
  const shared = await make(api.admin, 'networks', 'network', { name: 'shared', shared: true });
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/networks/${hidden.id}`)).status, 404);
  assert.equal((await api.ask(api.demo, 'DELETE', `/v2.0/networks/${hidden.id}`)).status, 404);
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/networks/${shared.id}`)).status, 200);
  const change = await api.ask(api.demo, 'PUT', `/v2.0/networks/${shared.id}`, { network: { name: 'x' } });
  assert.equal(change.status, 403);
  assert.equal(change.body.NeutronError.type, 'PolicyNotAuthorized');
  const names = (await api.ask(api.demo, 'GET', '/v2.0/networks')).body.networks.map((n: { name: string }) => n.name);
  assert.ok(names.includes('shared') && !names.includes('hidden'));
});

test('fields are for those whom the model names', async () => {
  const cases: [string, string, object, RegExp][] = [
    ['networks', 'network', { shared: true }, /rule:create_network:shared\) is disallowed by policy/],
    ['networks', 'network', { 'provider:network_type': 'vlan' }, /create_network:provider:network_type/],
  ];
  for (const [path, name, body, message] of cases) {
    const answer = await api.ask(api.demo, 'POST', `/v2.0/${path}`, { [name]: body });
    assert.equal(answer.status, 403);
    assert.match(answer.body.NeutronError.message, message);
  }
  const shared = await make(api.admin, 'networks', 'network', { shared: true });
  for (const field of [{ mac_address: 'fa:16:3e:00:00:01' }, { device_owner: 'network:dhcp' }]) {
    const answer = await api.ask(api.demo, 'POST', '/v2.0/ports', { port: { network_id: shared.id, ...field } });
    assert.equal(answer.status, 403, answer.text);
  }
  const subnet = { network_id: shared.id, ip_version: 4, cidr: '10.6.0.0/24' };
  assert.equal((await api.ask(api.demo, 'POST', '/v2.0/subnets', { subnet })).status, 403);
  const hidden = await make(api.admin, 'networks', 'network', {});
  const inHidden = { subnet: { ...subnet, network_id: hidden.id } };
  assert.equal((await api.ask(api.demo, 'POST', '/v2.0/subnets', inHidden)).status, 404, 'and not a word of it');
  const own = await make(api.demo, 'networks', 'network', {});
  await make(api.demo, 'ports', 'port', { network_id: own.id, mac_address: 'fa:16:3e:00:00:02' });
});

test('bodies that are not of the form are 400s that say why', async () => {
  const cases: [unknown, RegExp][] = [
    [{ network: { x: 1, y: 2 } }, /^Unrecognized attribute\(s\) 'x, y'$/],
    [{ network: { status: 'ACTIVE' } }, /^Attribute 'status' not allowed in POST$/],
    [{ network: { mtu: 'many' } }, /^Invalid input for mtu\. Reason: expected an integer .*, found "many"\.$/],
    [{ port: {} }, /^Unable to find 'network' in request body$/],
    ['{"network": {"name": "a", "name": "b"}}', /"name" stands twice/],
    ['{"network": {"__proto__": {}}}', /"__proto__" is not allowed/],
    ['{"network": ', /not JSON/],
    [Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
    ['['.repeat(100_000), /nested more than/],
    ['null', /not an object/],
    ['', /^Resource body required$/],
    [{ networks: [] }, /at least one/],
    [{ networks: [1] }, /list of objects/],
    [{ network: { name: 'a\u0000b' } }, /^Invalid input for name/],
    ['{"network": {"name": "\\ud800"}}', /^Invalid input for name/],
    [{ network: { project_id: 'a', tenant_id: 'b' } }, /do not match/],
    [{ network: { project_id: 'a' } }, /requires admin privileges/],
  ];
  for (const [body, message] of cases) {
    const answer = await api.ask(api.demo, 'POST', '/v2.0/networks', body);
    assert.equal(answer.status, 400, `${String(body).slice(0, 80)}: ${answer.text}`);
    assert.match(answer.body.NeutronError.message, message);
  }
  const required = await api.ask(api.demo, 'POST', '/v2.0/ports', { port: {} });
  assert.match(required.body.NeutronError.message, /Required attribute 'network_id' not specified/);
  const big = await api.ask(api.demo, 'POST', '/v2.0/networks', `{"network": {"name": "${'x'.repeat(1024 * 1024)}"}}`);
  assert.equal(big.status, 413);
  assert.equal(big.body.NeutronError.type, 'HTTPRequestEntityTooLarge');
});

test('URLs that are not of the form are 4xx', async () => {
  const cases: [string, number][] = [
    ['/v2.0/networks?name=%00', 400],
    ['/v2.0/networks/%00', 400],
    ['/v2.0/networks?name=%ff', 400],
    ['/v2.0/networks/%ff', 400],
    [`/v2.0/networks?name=${'x'.repeat(40_000)}`, 414],
    ['/v2.0/nothing', 404],
    ['/v2.0/networks/x/y', 404],
    ['/v2.0/networks/not-a-uuid', 404],
  ];
  for (const [url, status] of cases) {
    const answer = await api.ask(api.demo, 'GET', url);
    assert.equal(answer.status, status, `${url.slice(0, 60)}: ${answer.text}`);
    assert.ok(answer.body.NeutronError.type);
  }
  const patch = await api.ask(api.demo, 'PATCH', '/v2.0/networks');
  assert.equal(patch.status, 405);
  assert.equal(patch.headers.allow, 'GET, POST');
});

test('many are made at once, or none', async () => {
  const bulk = await api.ask(api.demo, 'POST', '/v2.0/networks', { networks: [{ name: 'b1' }, { name: 'b2' }] });
  assert.equal(bulk.status, 201);
  assert.deepEqual(
    bulk.body.networks.map((n: { name: string }) => n.name),
    ['b1', 'b2'],
  );
  const body = { networks: [{ name: 'b3' }, { name: 'b4', shared: true }] };
  assert.equal((await api.ask(api.demo, 'POST', '/v2.0/networks', body)).status, 403);
  assert.equal((await api.ask(api.demo, 'GET', '/v2.0/networks?name=b3')).body.networks.length, 0);
});

test('lists are filtered', async () => {
  const net = await make(api.demo, 'networks', 'network', { name: 'filter-a', admin_state_up: false });
  await make(api.demo, 'networks', 'network', { name: 'filter-b' });
  const names = async (query: string) => {
    const answer = await api.ask(api.demo, 'GET', `/v2.0/networks?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.networks.map((n: { name: string }) => n.name).sort();
  };
  assert.deepEqual(await names('name=filter-a&name=filter-b'), ['filter-a', 'filter-b']);
  assert.deepEqual(await names('name=filter-a&name=filter-b&admin_state_up=False'), ['filter-a']);
  assert.deepEqual(await names(`id=${net.id}`), ['filter-a']);
  assert.deepEqual(await names(`tenant_id=${net.project_id}&name=filter-b`), ['filter-b']);
  assert.deepEqual(await names('name='), await names('name=&name='));
  assert.deepEqual(await names('id=not-a-uuid'), []);
  for (const [query, message] of [
    ['nope=1&x=2', /\['nope', 'x'\] is invalid attribute for filtering/],
    ['admin_state_up=maybe', /Invalid input for admin_state_up/],
    ['provider:network_type=vlan', /invalid attribute for filtering/],
    ['changed_since=yesterday', /changed_since/],
  ] as const) {
    const answer = await api.ask(api.demo, 'GET', `/v2.0/networks?${query}`);
    assert.equal(answer.status, 400, query);
    assert.match(answer.body.NeutronError.message, message);
  }
});

test('ports are filtered by address, subnet, part of an address, and group', async () => {
  const net = await make(api.demo, 'networks', 'network', { name: 'addresses' });
  const subnet = await make(api.demo, 'subnets', 'subnet', { network_id: net.id, ip_version: 4, cidr: '10.7.0.0/24' });
  const fixed_ips = [{ ip_address: '10.7.0.77' }];
  const port = await make(api.demo, 'ports', 'port', { network_id: net.id, fixed_ips });
  await make(api.demo, 'ports', 'port', { network_id: net.id });
  const ids = async (query: string) => {
    const answer = await api.ask(api.demo, 'GET', `/v2.0/ports?network_id=${net.id}&${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.ports.map((p: { id: string }) => p.id);
  };
  assert.deepEqual(await ids('fixed_ips=ip_address=10.7.0.77'), [port.id]);
  assert.deepEqual(await ids(`fixed_ips=ip_address%3D10.7.0.77&fixed_ips=subnet_id%3D${subnet.id}`), [port.id]);
  assert.deepEqual(await ids('fixed_ips=ip_address_substr=0.77'), [port.id]);
  assert.equal((await ids(`fixed_ips=subnet_id=${subnet.id}`)).length, 2);
  assert.equal((await ids(`security_groups=${port.security_groups[0]}`)).length, 2);
  assert.equal((await api.ask(api.demo, 'GET', '/v2.0/ports?fixed_ips=10.7.0.77')).status, 400);
});

test('lists are sorted, paged and cut to fields', async () => {
  for (const name of ['p1', 'p2', 'p3']) await make(api.demo, 'networks', 'network', { name, description: 'paged' });
  const query = 'description=paged&sort_key=name&sort_dir=desc&fields=name&fields=tenant_id';
  const all = (await api.ask(api.demo, 'GET', `/v2.0/networks?${query}`)).body;
  assert.deepEqual(
    all.networks.map((n: { name: string }) => n.name),
    ['p3', 'p2', 'p1'],
  );
  assert.deepEqual(Object.keys(all.networks[0]).sort(), ['name', 'tenant_id']);
  assert.equal('networks_links' in all, false);
  const seen: string[] = [];
  let url = '/v2.0/networks?description=paged&sort_key=name&sort_dir=asc&limit=2';
  for (let pages = 0; pages < 5; pages++) {
    const { body } = await api.ask(api.demo, 'GET', url);
    seen.push(...body.networks.map((n: { name: string }) => n.name));
    const next = (body.networks_links as { rel: string; href: string }[]).find((l) => l.rel === 'next');
    if (!next) break;
    url = next.href.replace('http://cloud.test:9696', '');
  }
  assert.deepEqual(seen, ['p1', 'p2', 'p3']);
  for (const [bad, status] of [
    ['sort_key=nope&sort_dir=asc', 400],
    ['sort_key=name', 400],
    ['sort_key=name&sort_dir=up', 400],
    ['sort_key=name&sort_key=id&sort_dir=asc', 400],
    ['limit=-1', 400],
    ['limit=two', 400],
    ['limit=1&marker=00000000-0000-4000-8000-000000000000', 404],
  ] as const) {
    assert.equal((await api.ask(api.demo, 'GET', `/v2.0/networks?${bad}`)).status, status, bad);
  }
});

test('tags are set, asked for and taken away', async () => {
  const net = await make(api.demo, 'networks', 'network', { name: 'tagged' });
  const url = `/v2.0/networks/${net.id}/tags`;
  assert.equal((await api.ask(api.demo, 'PUT', `${url}/red`)).status, 201);
  assert.deepEqual((await api.ask(api.demo, 'PUT', url, { tags: ['red', 'green'] })).body, { tags: ['red', 'green'] });
  assert.equal((await api.ask(api.demo, 'GET', `${url}/red`)).status, 204);
  const blue = await api.ask(api.demo, 'GET', `${url}/blue`);
  assert.equal(blue.status, 404);
  assert.equal(blue.body.NeutronError.type, 'TagNotFound');
  const count = async (query: string) =>
    (await api.ask(api.demo, 'GET', `/v2.0/networks?id=${net.id}&${query}`)).body.networks.length;
  assert.equal(await count('tags=red,green'), 1);
  assert.equal(await count('tags=red,blue'), 0);
  assert.equal(await count('tags-any=red,blue'), 1);
  assert.equal(await count('not-tags=red,green'), 0);
  assert.equal(await count('not-tags-any=blue'), 1);
  assert.equal((await api.ask(api.demo, 'DELETE', `${url}/red`)).status, 204);
  assert.deepEqual((await api.ask(api.demo, 'GET', url)).body, { tags: ['green'] });
  assert.equal((await api.ask(api.demo, 'PUT', url, { tags: ['x'.repeat(256)] })).status, 400);
  assert.equal((await api.ask(api.demo, 'DELETE', url)).status, 204);
  assert.deepEqual((await api.ask(api.demo, 'GET', url)).body, { tags: [] });
});

test('a change may demand a revision', async () => {
  const net = await make(api.demo, 'networks', 'network', { name: 'revised' });
  const put = (revision: string) =>
    api.ask(api.demo, 'PUT', `/v2.0/networks/${net.id}`, { network: { name: 'n' } }, { 'if-match': revision });
  const stale = await put(`revision_number=${net.revision_number + 7}`);
  assert.equal(stale.status, 412);
  assert.equal(stale.body.NeutronError.type, 'RevisionNumberConstraintFailed');
  assert.equal((await put(`revision_number=${net.revision_number}`)).status, 200);
  assert.equal((await put(`"revision_number=${net.revision_number}"`)).status, 412);
  assert.equal((await put('revision_number=abc')).status, 400);
  assert.equal((await put('"revision_number=1", "revision_number=2"')).status, 400);
  assert.equal((await put('"abc"')).status, 200, 'other tags demand nothing');
});

test('quotas are shown, set and enforced', async () => {
  const project = (await make(api.demo, 'networks', 'network', {})).project_id;
  const own = await api.ask(api.demo, 'GET', `/v2.0/quotas/${project}`);
  assert.equal(own.body.quota.network, 100);
  assert.equal((await api.ask(api.demo, 'GET', '/v2.0/quotas/other')).status, 403);
  assert.equal((await api.ask(api.demo, 'PUT', `/v2.0/quotas/${project}`, { quota: { router: 9 } })).status, 403);
  const low = (more: object) =>
    api.ask(api.admin, 'PUT', `/v2.0/quotas/${project}`, { quota: { network: 0, ...more } });
  const checked = await low({});
  assert.equal(checked.status, 400);
  assert.equal((await low({ check_limit: true })).status, 400);
  assert.equal((await low({ force: true })).body.quota.network, 0);
  assert.match(checked.body.NeutronError.message, /must be greater than or equal to already used/);
  const set = await api.ask(api.admin, 'PUT', `/v2.0/quotas/${project}`, { quota: { router: 1 } });
  assert.equal(set.body.quota.router, 1);
  await make(api.demo, 'routers', 'router', {});
  const over = await api.ask(api.demo, 'POST', '/v2.0/routers', { router: {} });
  assert.equal(over.status, 409);
  assert.equal(over.body.NeutronError.type, 'OverQuota');
  for (const path of ['details', 'details.json']) {
    const details = await api.ask(api.demo, 'GET', `/v2.0/quotas/${project}/${path}`);
    assert.deepEqual(details.body.quota.router, { limit: 1, used: 1, reserved: 0 });
  }
  assert.equal((await api.ask(api.admin, 'GET', '/v2.0/quotas')).body.quotas[0].tenant_id, project);
  assert.deepEqual((await api.ask(api.demo, 'GET', '/v2.0/quotas/project')).body, { project: { project_id: project } });
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/quotas/${project}`)).status, 204);
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/quotas/${project}/default`)).body.quota.router, 10);
});
