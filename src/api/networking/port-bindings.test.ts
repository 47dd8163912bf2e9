/** Bindings of ports as Nova asks for them in a live migration. Neutron: tests/unit/plugins/ml2/test_port_binding.py. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hostObject } from '../../operations/host-view.ts';
import { agentReport } from '../../operations/router-testing.ts';
import { defaultSettings } from '../../rules/settings.ts';
import { type Json, secrets, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
let network_id: string;
before(async () => {
  api = await startTestApi();
  for (const host of ['left', 'right']) {
    const answer = await api.ask(secrets.agent, 'POST', `/agent/v1/hosts/${host}`, agentReport(null));
    assert.ok(answer.status < 300, answer.text);
  }
  network_id = (await api.ask(api.demo, 'POST', '/v2.0/networks', { network: {} })).body.network.id;
  await api.ask(api.demo, 'POST', '/v2.0/subnets', { subnet: { network_id, ip_version: 4, cidr: '10.0.0.0/24' } });
});
after(() => api.close());

const newPort = async (more: object = {}): Promise<Json> => {
  const base = { network_id, device_owner: 'compute:nova', device_id: 'vm', 'binding:host_id': 'left' };
  const answer = await api.ask(api.admin, 'POST', '/v2.0/ports', { port: { ...base, ...more } });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.port;
};
const bindings = (id: string) => `/v2.0/ports/${id}/bindings`;
const post = (id: string, binding: object) => api.ask(api.admin, 'POST', bindings(id), { binding });
const list = async (id: string, query = '') =>
  (await api.ask(api.admin, 'GET', `${bindings(id)}${query}`)).body.bindings;
const shown = async (id: string) => (await api.ask(api.admin, 'GET', `/v2.0/ports/${id}`)).body.port;
const fault = ({ status, body }: { status: number; body: Json }) => [status, body.NeutronError.type];
const told = (host: string, id: string) => api.store.read((r) => hostObject(r, defaultSettings, host, `port/${id}`));

const onRight = {
  host: 'right',
  vif_type: 'bridge',
  vif_details: { connectivity: 'l2', port_filter: true },
  vnic_type: 'normal',
  profile: { key: 'value' },
  status: 'INACTIVE',
};

test('an instance moves: a second binding is made, activated, and the first one deleted', async () => {
  const { id } = await newPort();
  const made = await post(id, { host: 'right', profile: { key: 'value' }, project_id: 'p' });
  assert.deepEqual([made.status, made.body.binding], [201, onRight]);
  assert.deepEqual(
    (await list(id)).map(({ host, status }: Json) => [host, status]),
    [
      ['left', 'ACTIVE'],
      ['right', 'INACTIVE'],
    ],
  );
  assert.deepEqual(await list(id, '?status=INACTIVE'), [onRight]);
  assert.deepEqual(await list(id, '?host=left&fields=host'), [{ host: 'left' }]);
  assert.deepEqual((await api.ask(api.admin, 'GET', `${bindings(id)}/right`)).body, { binding: onRight });
  assert.deepEqual([(await told('left', id))?.kind, await told('right', id)], ['port', undefined]);

  // Nova sends no body.
  const activated = await api.ask(api.admin, 'PUT', `${bindings(id)}/right/activate`);
  assert.deepEqual([activated.status, activated.body], [200, { ...onRight, status: 'ACTIVE' }]);
  const port = await shown(id);
  assert.deepEqual(
    [port['binding:host_id'], port['binding:vif_type'], port['binding:profile'], port.status],
    ['right', 'bridge', { key: 'value' }, 'DOWN'],
  );
  assert.deepEqual([await told('left', id), (await told('right', id))?.kind], [undefined, 'port']);
  assert.deepEqual(
    (await list(id)).map(({ host, status, vif_type }: Json) => [host, status, vif_type]),
    [
      ['right', 'ACTIVE', 'bridge'],
      ['left', 'INACTIVE', 'unbound'],
    ],
  );
  const again = await api.ask(api.admin, 'PUT', `${bindings(id)}/right/activate`, {});
  assert.deepEqual(fault(again), [409, 'PortBindingAlreadyActive']);

  assert.equal((await api.ask(api.admin, 'DELETE', `${bindings(id)}/left`)).status, 204);
  assert.deepEqual(fault(await api.ask(api.admin, 'DELETE', `${bindings(id)}/left`)), [404, 'PortBindingNotFound']);
});

test('the way back: an unbound binding is wired anew before it is activated', async () => {
  const { id } = await newPort();
  await post(id, { host: 'right' });
  await api.ask(api.admin, 'PUT', `${bindings(id)}/right/activate`);
  const wired = await api.ask(api.admin, 'PUT', `${bindings(id)}/left`, { binding: { profile: { a: 1 } } });
  assert.deepEqual([wired.status, wired.body.binding.vif_type, wired.body.binding.profile], [200, 'bridge', { a: 1 }]);
  assert.equal((await api.ask(api.admin, 'PUT', `${bindings(id)}/left/activate`)).body.vif_type, 'bridge');
  assert.equal((await shown(id))['binding:host_id'], 'left');
});

test('a port that is moved by its own host_id takes the binding that was prepared there', async () => {
  const { id } = await newPort();
  await post(id, { host: 'right' });
  const moved = await api.ask(api.admin, 'PUT', `/v2.0/ports/${id}`, { port: { 'binding:host_id': 'right' } });
  assert.equal(moved.body.port['binding:host_id'], 'right');
  assert.deepEqual(
    (await list(id)).map(({ host, status }: Json) => [host, status]),
    [['right', 'ACTIVE']],
  );
});

test('deleting the active binding leaves the port on no host, deleting the port leaves no binding', async () => {
  const { id } = await newPort();
  await post(id, { host: 'right' });
  assert.equal((await api.ask(api.admin, 'DELETE', `${bindings(id)}/left`)).status, 204);
  const port = await shown(id);
  assert.deepEqual([port['binding:host_id'], port['binding:vif_type']], ['', 'unbound']);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/ports/${id}`)).status, 204);
  assert.deepEqual(fault(await api.ask(api.admin, 'GET', bindings(id))), [404, 'PortNotFound']);
});

test('what cannot be is refused as Neutron refuses it', async () => {
  const { id } = await newPort();
  assert.deepEqual(fault(await post(id, { host: 'left' })), [409, 'PortBindingAlreadyExists']);
  assert.deepEqual(fault(await post(id, { host: 'nowhere' })), [409, 'PortBindingError']);
  assert.deepEqual(fault(await post(id, { host: 'right', vnic_type: 'direct' })), [409, 'PortBindingError']);
  assert.deepEqual(fault(await post(id, { host: 'right', vnic_type: 'x' })), [400, 'HTTPBadRequest']);
  assert.deepEqual(fault(await post(id, {})), [400, 'HTTPBadRequest']);
  assert.deepEqual(fault(await api.ask(api.admin, 'PUT', `${bindings(id)}/a/activate`)), [404, 'PortBindingNotFound']);
  assert.deepEqual(fault(await api.ask(api.admin, 'GET', `${bindings(id)}?x=1`)), [400, 'HTTPBadRequest']);
  const plain = await newPort({ device_owner: '', 'binding:host_id': '' });
  assert.deepEqual(fault(await api.ask(api.admin, 'GET', bindings(plain.id))), [400, 'BadRequest']);
  assert.deepEqual(fault(await post(plain.id, { host: 'left' })), [400, 'BadRequest']);
});

test('only administrators see and make bindings', async () => {
  const project_id = (await api.ask(api.demo, 'GET', `/v2.0/networks/${network_id}`)).body.network.project_id;
  const { id } = await newPort({ project_id });
  assert.deepEqual((await api.ask(api.demo, 'GET', bindings(id))).body, { bindings: [] });
  assert.equal((await api.ask(api.demo, 'GET', `${bindings(id)}/left`)).status, 404);
  const refused = await api.ask(api.demo, 'POST', bindings(id), { binding: { host: 'right' } });
  assert.deepEqual(fault(refused), [403, 'PolicyNotAuthorized']);
});
