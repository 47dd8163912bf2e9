import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SeededRandom } from '../../lib/random.ts';
import { applyAgentReport } from '../../operations/agent.ts';
import { agentReport, admin as operator } from '../../operations/router-testing.ts';
import { defaultSettings } from '../../rules/settings.ts';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

const settings = {
  ...defaultSettings,
  servicePlugins: ['router', 'segments', 'port_forwarding'],
  vlanRanges: { left: [{ first: 100, last: 109 }], right: [{ first: 200, last: 209 }] },
};
let api: TestApi;
const random = new SeededRandom(5);

const report = (host: string, bridge: string) =>
  api.store.transact((t) =>
    applyAgentReport({ t, caller: operator, settings, clock: api.clock, random }, host, {
      ...agentReport(null),
      bridge_mappings: { [bridge]: `br-${bridge}` },
    }),
  );

before(async () => {
  api = await startTestApi(settings);
  await report('on-left', 'left');
  await report('on-right', 'right');
});
after(() => api.close());

const post = (path: string, name: string, body: object) =>
  api.ask(api.admin, 'POST', `/v2.0/${path}`, { [name]: body });
async function make(path: string, name: string, body: object): Promise<Json> {
  const answer = await post(path, name, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}
async function refused(answer: Promise<{ status: number; body: Json }>, status: number, type: string) {
  const { status: found, body } = await answer;
  assert.deepEqual([found, body.NeutronError.type], [status, type], JSON.stringify(body));
}
const vlan = (name: string, id?: number) => ({
  'provider:network_type': 'vlan',
  'provider:physical_network': name,
  ...(id === undefined ? {} : { 'provider:segmentation_id': id }),
});

test('a network has one segment from the start, and may be given more', async () => {
  const network = await make('networks', 'network', vlan('left', 101));
  const list = async () => (await api.ask(api.admin, 'GET', `/v2.0/segments?network_id=${network.id}`)).body.segments;
  const [first] = await list();
  assert.deepEqual(Object.keys(first), [
    ...['id', 'network_id', 'network_type', 'physical_network', 'segmentation_id', 'name'],
    ...['description', 'created_at', 'updated_at', 'revision_number'],
  ]);
  assert.deepEqual([first.network_type, first.physical_network, first.segmentation_id], ['vlan', 'left', 101]);
  await refused(
    post('segments', 'segment', {
      network_id: network.id,
      network_type: 'vlan',
      physical_network: 'left',
      segmentation_id: 101,
    }),
    409,
    'VlanIdInUse',
  );
  const more = { network_id: network.id, network_type: 'vlan', physical_network: 'right', name: 'second' };
  const second = await make('segments', 'segment', more);
  assert.ok(second.segmentation_id >= 200 && second.segmentation_id <= 209);
  const shown = (await api.ask(api.admin, 'GET', `/v2.0/networks/${network.id}`)).body.network;
  assert.deepEqual(shown.segments, [vlan('left', 101), vlan('right', second.segmentation_id)]);
  assert.equal(shown['provider:network_type'], null);
  const named = await api.ask(api.admin, 'PUT', `/v2.0/segments/${second.id}`, {
    segment: { name: 'b', description: 'c' },
  });
  assert.deepEqual([named.body.segment.name, named.body.segment.description], ['b', 'c']);
  assert.ok(named.body.segment.revision_number > second.revision_number);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/segments/${first.id}`)).status, 204);
  const left = (await api.ask(api.admin, 'GET', `/v2.0/networks/${network.id}`)).body.network;
  assert.equal('segments' in left, false);
  assert.equal(left['provider:physical_network'], 'right');
  await make('networks', 'network', vlan('left', 101));
  await refused(api.ask(api.admin, 'GET', `/v2.0/segments/${first.id}`), 404, 'SegmentNotFound');
});

test('segments are for administrators, and part of the plugin', async () => {
  const list = await api.ask(api.demo, 'GET', '/v2.0/segments');
  assert.deepEqual(list.body, { segments: [] });
  await refused(
    api.ask(api.demo, 'POST', '/v2.0/segments', { segment: { network_id: api.demo, network_type: 'vlan' } }),
    400,
    'HTTPBadRequest',
  );
  const network = await make('networks', 'network', {});
  const body = { segment: { network_id: network.id, network_type: 'vxlan' } };
  await refused(api.ask(api.demo, 'POST', '/v2.0/segments', body), 403, 'PolicyNotAuthorized');
  const mine = await api.ask(api.demo, 'POST', '/v2.0/networks', { network: {} });
  assert.equal(mine.body.network.l2_adjacency, true);
  assert.equal('segments' in mine.body.network, false);
  const bare = await startTestApi({ servicePlugins: ['router'] });
  assert.equal((await bare.ask(bare.admin, 'GET', '/v2.0/segments')).status, 404);
  const made = (await bare.ask(bare.admin, 'POST', '/v2.0/networks', { network: {} })).body.network;
  assert.equal('l2_adjacency' in made, false);
  await bare.close();
});

test('a network may be made of several segments', async () => {
  const network = await make('networks', 'network', { segments: [vlan('left'), vlan('left'), vlan('right', 204)] });
  assert.equal(network.segments.length, 3);
  assert.notEqual(network.segments[0]['provider:segmentation_id'], network.segments[1]['provider:segmentation_id']);
  const create = (body: object) => post('networks', 'network', body);
  await refused(create({ segments: [vlan('left')], ...vlan('right') }), 400, 'SegmentsSetInConjunctionWithProviders');
  await refused(create({ segments: [vlan('left', 105), vlan('left', 105)] }), 400, 'SegmentsContainDuplicateEntry');
  await refused(create({ segments: [vlan('right', 204)] }), 409, 'VlanIdInUse');
  const listed = (await api.ask(api.admin, 'GET', `/v2.0/networks?id=${network.id}`)).body.networks[0];
  assert.deepEqual(listed.segments, network.segments);
  await refused(
    api.ask(api.demo, 'POST', '/v2.0/networks', { network: { segments: [vlan('left')] } }),
    403,
    'PolicyNotAuthorized',
  );
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/networks/${network.id}`)).status, 204);
  assert.deepEqual((await api.ask(api.admin, 'GET', `/v2.0/segments?network_id=${network.id}`)).body.segments, []);
});

test('on a routed network a port has addresses of the segment of its host', async () => {
  const network = await make('networks', 'network', { segments: [vlan('left'), vlan('right')] });
  const segments = (await api.ask(api.admin, 'GET', `/v2.0/segments?network_id=${network.id}`)).body.segments;
  const of = (name: string) => segments.find((row: Json) => row.physical_network === name).id;
  const subnet = (cidr: string, more: object) =>
    post('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr, ...more });
  const left = (await subnet('10.1.0.0/24', { segment_id: of('left') })).body.subnet;
  const right = (await subnet('10.2.0.0/24', { segment_id: of('right') })).body.subnet;
  assert.equal(right.segment_id, of('right'));
  await refused(subnet('10.3.0.0/24', {}), 400, 'SubnetsNotAllAssociatedWithSegments');
  const elsewhere = await make('networks', 'network', {});
  await refused(
    post('subnets', 'subnet', { network_id: elsewhere.id, ip_version: 4, cidr: '10.1.0.0/24', segment_id: of('left') }),
    400,
    'NetworkIdsDontMatch',
  );
  await refused(subnet('10.3.0.0/24', { segment_id: network.id }), 404, 'SegmentNotFound');
  await refused(api.ask(api.admin, 'DELETE', `/v2.0/segments/${of('right')}`), 409, 'SegmentInUse');
  assert.equal((await api.ask(api.admin, 'GET', `/v2.0/networks/${network.id}`)).body.network.l2_adjacency, false);

  const bound = await make('ports', 'port', { network_id: network.id, 'binding:host_id': 'on-right' });
  assert.deepEqual([bound.ip_allocation, bound.fixed_ips[0].subnet_id], ['immediate', right.id]);
  assert.equal(bound['binding:vif_type'], 'bridge');
  const waiting = await make('ports', 'port', { network_id: network.id });
  assert.deepEqual([waiting.ip_allocation, waiting.fixed_ips], ['deferred', []]);
  const move = (id: string, host: string) =>
    api.ask(api.admin, 'PUT', `/v2.0/ports/${id}`, { port: { 'binding:host_id': host } });
  const arrived = (await move(waiting.id, 'on-left')).body.port;
  assert.deepEqual([arrived.ip_allocation, arrived.fixed_ips[0].subnet_id], ['immediate', left.id]);
  await refused(move(bound.id, 'on-left'), 409, 'HostNotCompatibleWithFixedIps');
  await refused(
    post('ports', 'port', { network_id: network.id, 'binding:host_id': 'nowhere' }),
    409,
    'HostNotConnectedToAnySegment',
  );
  const none = await make('ports', 'port', { network_id: network.id, fixed_ips: [] });
  assert.equal(none.ip_allocation, 'none');
  const dhcp = (await api.ask(api.admin, 'GET', `/v2.0/ports?network_id=${network.id}&device_owner=network:dhcp`)).body;
  for (const port of dhcp.ports) {
    const own = port['binding:host_id'] === 'on-left' ? left.id : right.id;
    assert.deepEqual(
      port.fixed_ips.map((ip: Json) => ip.subnet_id),
      [own],
    );
  }
});

test('the one subnet of a network with one segment comes to it later, once', async () => {
  const network = await make('networks', 'network', vlan('left'));
  const [segment] = (await api.ask(api.admin, 'GET', `/v2.0/segments?network_id=${network.id}`)).body.segments;
  const subnet = await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
  const put = (segment_id: string | null) =>
    api.ask(api.admin, 'PUT', `/v2.0/subnets/${subnet.id}`, { subnet: { segment_id } });
  assert.equal((await put(segment.id)).body.subnet.segment_id, segment.id);
  await refused(put(null), 400, 'SubnetSegmentAssociationChangeNotAllowed');
});

test('subnets on several segments have host routes to each other', async () => {
  const network = await make('networks', 'network', vlan('left'));
  const [first] = (await api.ask(api.admin, 'GET', `/v2.0/segments?network_id=${network.id}`)).body.segments;
  const more = { network_id: network.id, network_type: 'vlan', physical_network: 'right' };
  const second = await make('segments', 'segment', more);
  const subnet = (segment_id: string, cidr: string) => {
    const allocation_pools = [{ start: cidr.replace('0/24', '10'), end: cidr.replace('0/24', '99') }];
    return make('subnets', 'subnet', { network_id: network.id, segment_id, ip_version: 4, cidr, allocation_pools });
  };
  const routes = async (id: string) => (await api.ask(api.admin, 'GET', `/v2.0/subnets/${id}`)).body.subnet.host_routes;
  const one = await subnet(first.id, '10.61.0.0/24');
  assert.deepEqual(one.host_routes, []);
  const other = await subnet(second.id, '10.62.0.0/24');
  assert.deepEqual(other.host_routes, [{ destination: '10.61.0.0/24', nexthop: '10.62.0.1' }]);
  assert.deepEqual(await routes(one.id), [{ destination: '10.62.0.0/24', nexthop: '10.61.0.1' }]);
  const url = `/v2.0/subnets/${one.id}`;
  const moved = await api.ask(api.admin, 'PUT', url, { subnet: { gateway_ip: '10.61.0.254' } });
  assert.deepEqual(moved.body.subnet.host_routes, [{ destination: '10.62.0.0/24', nexthop: '10.61.0.254' }]);
  await api.ask(api.admin, 'DELETE', `/v2.0/subnets/${other.id}`);
  assert.deepEqual(await routes(one.id), []);
});
