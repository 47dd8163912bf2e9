import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { behindNdpProxies, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
let router_id: string;
let port_id: string;

before(async () => {
  api = await startTestApi();
  const { network_id, ...made } = await behindNdpProxies(api);
  router_id = made.router_id;
  port_id = (await api.ask(api.demo, 'POST', '/v2.0/ports', { port: { network_id } })).body.port.id;
});
after(() => api.close());

const url = '/v2.0/ndp_proxies';
const post = (body: object) => api.ask(api.demo, 'POST', url, { ndp_proxy: { router_id, port_id, ...body } });

test('a proxy is shown with the fields of the reference, found by them, and changed in its name and description', async () => {
  const { status, body } = await post({ name: null, description: 'd' });
  assert.equal(status, 201);
  const made = body.ndp_proxy;
  const { id, project_id, ip_address } = made;
  assert.deepEqual(Object.keys(made).sort(), [
    'created_at',
    'description',
    'id',
    'ip_address',
    'name',
    'port_id',
    'project_id',
    'revision_number',
    'router_id',
    'tenant_id',
    'updated_at',
  ]);
  assert.deepEqual([made.name, made.description, made.revision_number], ['', 'd', 0]);
  for (const query of [
    `router_id=${router_id}`,
    `port_id=${port_id}`,
    `ip_address=${ip_address}`,
    `project_id=${project_id}`,
  ])
    assert.deepEqual((await api.ask(api.demo, 'GET', `${url}?${query}`)).body.ndp_proxies, [made], query);
  assert.deepEqual(
    (await api.ask(api.demo, 'GET', `${url}?name=x&sort_key=ip_address&sort_dir=asc`)).body.ndp_proxies,
    [],
  );
  const change = (fields: object) => api.ask(api.demo, 'PUT', `${url}/${id}`, { ndp_proxy: fields });
  const changed = (await change({ name: 'n', description: 'e' })).body.ndp_proxy;
  assert.deepEqual([changed.name, changed.description, changed.revision_number], ['n', 'e', 1]);
  for (const name of ['ip_address', 'port_id', 'router_id'])
    assert.match((await change({ [name]: made[name] })).body.NeutronError.message, new RegExp(`attribute ${name}`));
  assert.equal((await api.ask(api.demo, 'DELETE', `${url}/${id}`)).status, 204);
  const gone = await api.ask(api.demo, 'GET', `${url}/${id}`);
  const { type, message } = gone.body.NeutronError;
  assert.deepEqual([gone.status, type, message], [404, 'NDPProxyNotFound', `Ndp proxy ${id} could not be found.`]);
});

test('projects see and touch their own alone; there is no quota, as in Neutron', async () => {
  const { id, project_id } = (await post({})).body.ndp_proxy;
  await api.ask(api.admin, 'POST', '/identity/v3/projects', { project: { name: 'else' } });
  const users = (await api.ask(api.admin, 'GET', '/identity/v3/users?name=demo')).body.users;
  const { projects } = (await api.ask(api.admin, 'GET', '/identity/v3/projects?name=else')).body;
  const { roles } = (await api.ask(api.admin, 'GET', '/identity/v3/roles?name=member')).body;
  await api.ask(api.admin, 'PUT', `/identity/v3/projects/${projects[0].id}/users/${users[0].id}/roles/${roles[0].id}`);
  const stranger = await api.logIn('demo', 'demo-password', 'else');
  assert.deepEqual((await api.ask(stranger, 'GET', url)).body.ndp_proxies, []);
  for (const method of ['GET', 'DELETE']) assert.equal((await api.ask(stranger, method, `${url}/${id}`)).status, 404);
  assert.equal((await api.ask(api.admin, 'GET', `${url}/${id}`)).status, 200);
  assert.equal('ndp_proxy' in (await api.ask(api.demo, 'GET', `/v2.0/quotas/${project_id}`)).body.quota, false);
  await api.ask(api.demo, 'DELETE', `${url}/${id}`);
});

test('without the plugin there are none, and routers have no such attribute', async () => {
  const bare = await startTestApi({ servicePlugins: ['router'] });
  assert.equal((await bare.ask(bare.demo, 'GET', url)).status, 404);
  const made = (await bare.ask(bare.demo, 'POST', '/v2.0/routers', { router: {} })).body.router;
  assert.equal('enable_ndp_proxy' in made, false);
  const asked = await bare.ask(bare.demo, 'POST', '/v2.0/routers', { router: { enable_ndp_proxy: true } });
  assert.match(asked.body.NeutronError.message, /Unrecognized attribute\(s\) 'enable_ndp_proxy'/);
  assert.equal((await bare.ask(bare.demo, 'GET', '/v2.0/extensions/l3-ndp-proxy')).status, 404);
  await bare.close();
  const listed = (await api.ask(api.demo, 'GET', '/v2.0/extensions')).body.extensions;
  const aliases = listed.map(({ alias }: { alias: string }) => alias);
  assert.deepEqual(
    ['l3-ndp-proxy', 'l3-ext-ndp-proxy'].filter((alias) => !aliases.includes(alias)),
    [],
  );
});
