import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
const none = '00000000-0000-4000-8000-000000000000';
const driver = 'neutron.services.l3_router.service_providers.single_node.SingleNodeDriver';
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const ask = (method: string, path: string, body?: object, token = api.admin) =>
  api.ask(token, method, `/v2.0/${path}`, body);
const fault = ({ status, body }: { status: number; body: Json }) => [status, body.NeutronError.type];

test('a flavor is associated with profiles, and the first says who provides', async () => {
  const created = await ask('POST', 'flavors', { flavor: { name: 'gold', service_type: 'L3_ROUTER_NAT' } });
  assert.deepEqual(created.body.flavor, {
    id: created.body.flavor.id,
    ...{ name: 'gold', description: '', service_type: 'L3_ROUTER_NAT', service_profiles: [], enabled: true },
  });
  const path = `flavors/${created.body.flavor.id}`;
  const profile = (await ask('POST', 'service_profiles', { service_profile: { driver } })).body.service_profile;
  assert.deepEqual(fault(await ask('GET', `${path}/next_providers`)), [404, 'FlavorServiceProfileBindingNotFound']);
  const add = () => ask('POST', `${path}/service_profiles`, { service_profile: { id: profile.id } });
  assert.deepEqual((await add()).status, 201);
  assert.deepEqual(fault(await add()), [409, 'FlavorServiceProfileBindingExists']);
  assert.deepEqual((await ask('GET', path, undefined, api.demo)).body.flavor.service_profiles, [profile.id]);
  assert.deepEqual((await ask('GET', `${path}/next_providers`, undefined, api.demo)).body, {
    next_providers: [{ driver, provider: 'single_node' }],
  });
  assert.deepEqual(fault(await ask('DELETE', `service_profiles/${profile.id}`)), [409, 'ServiceProfileInUse']);
  assert.equal((await ask('DELETE', `${path}/service_profiles/${profile.id}`)).status, 204);
  assert.deepEqual(fault(await ask('DELETE', `${path}/service_profiles/${profile.id}`)), [
    404,
    'FlavorServiceProfileBindingNotFound',
  ]);
  const off = await ask('PUT', `service_profiles/${profile.id}`, { service_profile: { enabled: false } });
  assert.equal(off.body.service_profile.enabled, false);
  await add();
  assert.deepEqual(fault(await ask('GET', `${path}/next_providers`)), [503, 'ServiceProfileDisabled']);
  assert.equal((await ask('DELETE', path)).status, 204);
  assert.equal((await ask('DELETE', `service_profiles/${profile.id}`)).status, 204, 'it went with the flavor');
});

test('flavors are for everybody to see, profiles for administrators', async () => {
  assert.deepEqual(fault(await ask('POST', 'flavors', { flavor: { service_type: 'CORE' } }, api.demo)), [
    403,
    'PolicyNotAuthorized',
  ]);
  assert.equal((await ask('POST', 'flavors', { flavor: { service_type: 'PIZZA' } })).status, 400);
  assert.deepEqual((await ask('GET', 'service_profiles', undefined, api.demo)).body, { service_profiles: [] });
  const create = (service_profile: object) => ask('POST', 'service_profiles', { service_profile });
  assert.deepEqual(fault(await create({})), [400, 'ServiceProfileEmpty']);
  assert.deepEqual(fault(await create({ driver: 'no.such' })), [404, 'ServiceProfileDriverNotFound']);
  assert.equal((await create({ metainfo: '{}' })).status, 201);
  const missing = { service_profile: { id: none } };
  assert.deepEqual(fault(await ask('POST', `flavors/${none}/service_profiles`, missing)), [404, 'FlavorNotFound']);
  assert.deepEqual(fault(await ask('POST', `flavors/${none}/service_profiles`, missing, api.demo)), [
    403,
    'PolicyNotAuthorized',
  ]);
});

test('service providers are listed', async () => {
  const { body } = await ask('GET', 'service-providers', undefined, api.demo);
  assert.deepEqual(body.service_providers, [{ service_type: 'L3_ROUTER_NAT', name: 'single_node', default: true }]);
  assert.deepEqual((await ask('GET', 'service-providers?name=ha')).body, { service_providers: [] });
});

test('a router is of a flavor, which says who provides it', async () => {
  const flavor = (await ask('POST', 'flavors', { flavor: { service_type: 'L3_ROUTER_NAT' } })).body.flavor;
  const create = (flavor_id: string | null) => ask('POST', 'routers', { router: { flavor_id } }, api.demo);
  assert.deepEqual(fault(await create(none)), [404, 'FlavorNotFound']);
  assert.deepEqual(fault(await create(flavor.id)), [404, 'FlavorServiceProfileBindingNotFound']);
  const profile = (await ask('POST', 'service_profiles', { service_profile: { driver } })).body.service_profile;
  await ask('POST', `flavors/${flavor.id}/service_profiles`, { service_profile: { id: profile.id } });
  const { router } = (await create(flavor.id)).body;
  assert.equal(router.flavor_id, flavor.id);
  assert.equal((await create(null)).body.router.flavor_id, null);
  const changed = await ask('PUT', `routers/${router.id}`, { router: { flavor_id: null } }, api.demo);
  assert.match(changed.text, /Cannot update read-only attribute flavor_id/);
  assert.deepEqual(fault(await ask('DELETE', `flavors/${flavor.id}`)), [409, 'FlavorInUse']);
  assert.equal((await ask('DELETE', `routers/${router.id}`)).status, 204);
  assert.equal((await ask('DELETE', `flavors/${flavor.id}`)).status, 204);
});
