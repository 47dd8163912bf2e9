import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SeededRandom } from '../../lib/random.ts';
import { applyAgentReport } from '../../operations/agent.ts';
import { agentReport, admin as operator } from '../../operations/router-testing.ts';
import { defaultSettings } from '../../rules/settings.ts';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

const settings = { ...defaultSettings, dhcpAgentsPerNetwork: 2 };
const random = new SeededRandom(11);
let api: TestApi;

const report = (host: string, availability_zone?: string) =>
  api.store.transact((t) =>
    applyAgentReport({ t, caller: operator, settings, clock: api.clock, random }, host, {
      ...agentReport('192.0.2.1'),
      ...(availability_zone ? { availability_zone } : {}),
    }),
  );

before(async () => {
  api = await startTestApi(settings);
  await report('plain');
  await report('east-1', 'east');
  await report('east-2', 'east');
  await report('west-1', 'west');
});
after(() => api.close());

const get = async (url: string, token = api.demo) => (await api.ask(token, 'GET', `/v2.0/${url}`)).body;
async function make(path: string, name: string, body: object): Promise<Json> {
  const answer = await api.ask(api.demo, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}

test('zones are those of the agents, for networks and for routers', async () => {
  const { availability_zones: zones } = await get('availability_zones');
  assert.deepEqual(zones[0], { name: 'east', resource: 'network', state: 'available' });
  assert.deepEqual(
    zones.map((zone: Json) => `${zone.resource} ${zone.name}`),
    ['network east', 'network nova', 'network west', 'router east', 'router nova', 'router west'],
  );
  assert.deepEqual(await get('availability_zones?resource=router&name=west&fields=name'), {
    availability_zones: [{ name: 'west' }],
  });
  assert.equal((await api.ask(api.demo, 'GET', '/v2.0/availability_zones?colour=red')).status, 400);
  const [agent] = (await get('agents?availability_zone=west&agent_type=L3 agent', api.admin)).agents;
  assert.equal(agent.host, 'west-1');
  const off = (admin_state_up: boolean) =>
    api.ask(api.admin, 'PUT', `/v2.0/agents/${agent.id}`, { agent: { admin_state_up } });
  await off(false);
  const [west] = (await get('availability_zones?resource=router&name=west')).availability_zones;
  assert.equal(west.state, 'unavailable');
  await off(true);
});

test('a network has its DHCP in the zones of its hints, spread over them', async () => {
  const network = await make('networks', 'network', { availability_zone_hints: ['east', 'west'] });
  assert.deepEqual([network.availability_zone_hints, network.availability_zones], [['east', 'west'], []]);
  await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
  assert.deepEqual((await get(`networks/${network.id}`)).network.availability_zones, ['east', 'west']);
  const one = await make('networks', 'network', { availability_zone_hints: ['nova'] });
  await make('subnets', 'subnet', { network_id: one.id, ip_version: 4, cidr: '10.0.0.0/24' });
  const { agents } = await get(`networks/${one.id}/dhcp-agents`, api.admin);
  assert.deepEqual(
    agents.map((row: Json) => row.host),
    ['plain'],
  );
  const change = { network: { availability_zone_hints: ['west'] } };
  assert.equal((await api.ask(api.demo, 'PUT', `/v2.0/networks/${one.id}`, change)).status, 400);
  const unknown = await api.ask(api.demo, 'POST', '/v2.0/networks', { network: { availability_zone_hints: ['mars'] } });
  assert.deepEqual([unknown.status, unknown.body.NeutronError.type], [404, 'AvailabilityZoneNotFound']);
});

test('a router has its agent in a zone of its hints', async () => {
  const network = await make('networks', 'network', {});
  for (const [zone, cidr] of [
    ['west', '10.1.0.0/24'],
    ['nova', '10.2.0.0/24'],
  ] as const) {
    const subnet = await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr });
    const router = await make('routers', 'router', { availability_zone_hints: [zone] });
    assert.deepEqual(router.availability_zones, []);
    await api.ask(api.demo, 'PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
    assert.deepEqual((await get(`routers/${router.id}`)).router.availability_zones, [zone]);
  }
});
