import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const make = async (path: string, name: string, body: object): Promise<Json> => {
  const answer = await api.ask(api.demo, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
};

test('a trunk, its actions and the parent port have the bodies of Neutron', async () => {
  const network_id = (await make('networks', 'network', {})).id;
  const [parent, sub] = [await make('ports', 'port', { network_id }), await make('ports', 'port', { network_id })];
  assert.equal('trunk_details' in parent, false);
  const trunk = await make('trunks', 'trunk', { port_id: parent.id, name: 't' });
  assert.deepEqual([trunk.sub_ports, trunk.tags, trunk.tenant_id], [[], [], trunk.project_id]);
  const sub_ports = [{ port_id: sub.id, segmentation_type: 'vlan', segmentation_id: 9 }];
  const url = `/v2.0/trunks/${trunk.id}`;
  const added = await api.ask(api.demo, 'PUT', `${url}/add_subports`, { sub_ports });
  assert.deepEqual([added.status, added.body.id, added.body.sub_ports], [200, trunk.id, sub_ports]);
  assert.deepEqual((await api.ask(api.demo, 'GET', `${url}/get_subports`)).body, { sub_ports });
  assert.equal((await api.ask(api.demo, 'PUT', `${url}/get_subports`, {})).status, 405);
  const port = (await api.ask(api.demo, 'GET', `/v2.0/ports/${parent.id}`)).body.port;
  assert.deepEqual(port.trunk_details, {
    trunk_id: trunk.id,
    sub_ports: [{ ...sub_ports[0], mac_address: sub.mac_address }],
  });
  const removed = await api.ask(api.demo, 'PUT', `${url}/remove_subports`, { sub_ports: [{ port_id: sub.id }] });
  assert.deepEqual([removed.status, removed.body.sub_ports], [200, []]);
  assert.equal((await api.ask(api.demo, 'DELETE', url)).status, 204);
  assert.equal((await api.ask(api.demo, 'GET', url)).body.NeutronError.type, 'TrunkNotFound');
});

test('without the plugin there are no trunks', async () => {
  const bare = await startTestApi({ servicePlugins: ['router', 'segments', 'port_forwarding'] });
  assert.equal((await bare.ask(bare.admin, 'GET', '/v2.0/trunks')).status, 404);
  await bare.close();
});
