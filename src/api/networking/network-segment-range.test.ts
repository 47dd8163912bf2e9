import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultSettings } from '../../rules/settings.ts';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

const settings = {
  ...defaultSettings,
  servicePlugins: ['router', 'network_segment_range'],
  typeDrivers: ['vxlan', 'vlan', 'flat'] as const,
  vxlanRanges: [{ first: 100, last: 103 }],
  vlanRanges: { left: [{ first: 10, last: 12 }] },
};
let api: TestApi;
before(async () => {
  api = await startTestApi(settings);
});
after(() => api.close());

const list = async (query = '') =>
  (await api.ask(api.admin, 'GET', `/v2.0/network_segment_ranges${query}`)).body.network_segment_ranges;
const post = (body: object) =>
  api.ask(api.admin, 'POST', '/v2.0/network_segment_ranges', { network_segment_range: body });
const one = (method: string, id: string, body?: object) =>
  api.ask(api.admin, method, `/v2.0/network_segment_ranges/${id}`, body && { network_segment_range: body });
const fault = ({ status, body }: { status: number; body: Json }) => [status, body.NeutronError.type];
const network = (token: string, body: object = {}) => api.ask(token, 'POST', '/v2.0/networks', { network: body });

test('the ranges of the configuration are there from the start, and read only', async () => {
  const [vlan] = await list('?network_type=vlan');
  assert.deepEqual(
    [vlan.default, vlan.shared, vlan.physical_network, vlan.minimum, vlan.maximum],
    [true, true, 'left', 10, 12],
  );
  assert.deepEqual([vlan.project_id, vlan.used, vlan.available], [null, {}, [10, 11, 12]]);
  assert.deepEqual(fault(await one('DELETE', vlan.id)), [400, 'NetworkSegmentRangeDefaultReadOnly']);
  assert.deepEqual(fault(await one('PUT', vlan.id, { name: 'x' })), [400, 'NetworkSegmentRangeDefaultReadOnly']);
  assert.equal((await list()).length, 2);
});

test("a project's own range goes first, and nobody else has its numbers", async () => {
  const project_id = (await network(api.demo)).body.network.project_id;
  const own = { name: 'own', network_type: 'vxlan', shared: false, project_id, minimum: 102, maximum: 105 };
  const range = (await post(own)).body.network_segment_range;
  assert.deepEqual([range.project_id, range.default], [project_id, false]);
  const vni = async (token: string) => {
    const made = (await network(token)).body.network;
    if (!made) return 'none';
    return (await api.ask(api.admin, 'GET', `/v2.0/networks/${made.id}`)).body.network['provider:segmentation_id'];
  };
  const of = async (token: string, times: number) => {
    const ids: unknown[] = [];
    for (let n = 0; n < times; n++) ids.push(await vni(token));
    return ids;
  };
  const own4 = await of(api.demo, range.available.length);
  assert.ok(
    own4.every((id) => Number(id) >= 102 && Number(id) <= 105),
    String(own4),
  );
  const others = await of(api.admin, 3);
  assert.ok(others.includes('none'), '102 and 103 are of another project alone');
  assert.ok(
    others.every((id) => id === 'none' || Number(id) <= 101),
    String(others),
  );

  const shown = (await one('GET', range.id)).body.network_segment_range;
  assert.deepEqual(shown.available, []);
  assert.equal(shown.used['102'] !== undefined, true);
  assert.deepEqual(fault(await one('DELETE', range.id)), [409, 'NetworkSegmentRangeReferencedByProject']);
  assert.deepEqual(fault(await one('PUT', range.id, { maximum: 103 })), [
    409,
    'NetworkSegmentRangeReferencedByProject',
  ]);
  const wider = await one('PUT', range.id, { maximum: 106, name: 'wider' });
  assert.deepEqual(
    [wider.body.network_segment_range.maximum, wider.body.network_segment_range.available],
    [106, [106]],
  );
  assert.equal(await vni(api.demo), 106);
});

test('a range that cannot be is refused', async () => {
  const vxlan = { network_type: 'vxlan', minimum: 2000, maximum: 2009 };
  const range = (await post(vxlan)).body.network_segment_range;
  assert.deepEqual(fault(await post({ ...vxlan, minimum: 2009, maximum: 2020 })), [409, 'NetworkSegmentRangeOverlaps']);
  assert.deepEqual(fault(await post({ ...vxlan, minimum: 9, maximum: 8 })), [400, 'NetworkTunnelRangeError']);
  assert.deepEqual(fault(await post({ ...vxlan, minimum: 16777215, maximum: 16777216 })), [
    400,
    'NetworkTunnelRangeError',
  ]);
  const vlan = { network_type: 'vlan', physical_network: 'left', minimum: 4000, maximum: 4095 };
  assert.deepEqual(fault(await post(vlan)), [400, 'NetworkVlanRangeError']);
  assert.deepEqual(fault(await post({ ...vlan, physical_network: null, maximum: 4090 })), [
    400,
    'NetworkVlanRangeError',
  ]);
  assert.deepEqual(fault(await post({ ...vxlan, network_type: 'gre' })), [
    400,
    'NetworkSegmentRangeNetTypeNotSupported',
  ]);
  assert.equal((await post({ network_type: 'vxlan', minimum: 1 })).status, 400);
  assert.equal((await one('DELETE', range.id)).status, 204);
  assert.deepEqual(fault(await one('GET', range.id)), [404, 'NetworkSegmentRangeNotFound']);
  const refused = await api.ask(api.demo, 'POST', '/v2.0/network_segment_ranges', { network_segment_range: vxlan });
  assert.equal(refused.status, 403);
});

test('without the plugin the configuration alone says which numbers there are', async () => {
  const bare = await startTestApi({ ...settings, servicePlugins: ['router'] });
  assert.equal((await bare.ask(bare.admin, 'GET', '/v2.0/network_segment_ranges')).status, 404);
  assert.equal((await bare.ask(bare.demo, 'POST', '/v2.0/networks', { network: {} })).status, 201);
  await bare.close();
});
