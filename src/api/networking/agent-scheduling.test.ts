import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SeededRandom } from '../../lib/random.ts';
import { applyAgentReport } from '../../operations/agent.ts';
import { agentReport, admin as operator } from '../../operations/router-testing.ts';
import { defaultSettings } from '../../rules/settings.ts';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
const none = '00000000-0000-4000-8000-000000000000';
const random = new SeededRandom(99);

async function report(host: string): Promise<void> {
  await api.store.transact((t) =>
    applyAgentReport(
      { t, caller: operator, settings: defaultSettings, clock: api.clock, random },
      host,
      agentReport('192.0.2.1'),
    ),
  );
}

before(async () => {
  api = await startTestApi();
  await report('alpha');
  await report('beta');
});
after(() => api.close());

async function agentId(host: string, type: string): Promise<string> {
  const answer = await api.ask(api.admin, 'GET', `/v2.0/agents?host=${host}`);
  return answer.body.agents.find((row: Json) => row.agent_type === type).id;
}

async function make(path: string, name: string, body: object): Promise<Json> {
  const answer = await api.ask(api.admin, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}

const hostsOf = (answer: { body: Json }) => answer.body.agents.map((row: Json) => row.host);
const type = (answer: { body: Json }) => answer.body.NeutronError.type;

test('a router moves from agent to agent by hand, its ports with it, and stays away until it is given', async () => {
  const network = await make('networks', 'network', {});
  const subnet = await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
  const router = await make('routers', 'router', {});
  await api.ask(api.admin, 'PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const agents = `/v2.0/routers/${router.id}/l3-agents`;
  assert.deepEqual(hostsOf(await api.ask(api.admin, 'GET', agents)), ['alpha']);
  const [from, to] = [await agentId('alpha', 'L3 agent'), await agentId('beta', 'L3 agent')];
  const give = (agent: string, body: unknown) => api.ask(api.admin, 'POST', `/v2.0/agents/${agent}/l3-routers`, body);

  const early = await give(to, { router_id: router.id });
  assert.deepEqual([early.status, type(early)], [409, 'RouterHostedByL3Agent']);
  assert.equal(
    early.body.NeutronError.message,
    `The router ${router.id} has been already hosted by the L3 Agent ${from}.`,
  );
  const wrong = await give(await agentId('beta', 'DHCP agent'), { router_id: router.id });
  assert.deepEqual([wrong.status, type(wrong)], [404, 'InvalidL3Agent']);
  assert.equal(type(await give(none, { router_id: router.id })), 'AgentNotFound');
  assert.equal(type(await give(to, { router_id: none })), 'RouterNotFound');
  assert.equal((await give(to, {})).status, 400);
  assert.equal((await give(to, { router_id: 7 })).status, 400);

  // Not its agent: it stays.
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/agents/${to}/l3-routers/${router.id}`)).status, 204);
  assert.deepEqual(hostsOf(await api.ask(api.admin, 'GET', agents)), ['alpha']);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/agents/${from}/l3-routers/${router.id}`)).status, 204);
  await report('alpha');
  await report('beta');
  assert.deepEqual(hostsOf(await api.ask(api.admin, 'GET', agents)), [], 'no report gives it an agent');
  const ports = `/v2.0/ports?device_id=${router.id}`;
  assert.equal((await api.ask(api.admin, 'GET', ports)).body.ports[0]['binding:vif_type'], 'unbound');

  const given = await give(to, { router_id: router.id });
  assert.deepEqual([given.status, given.text], [201, 'null']);
  assert.equal((await give(to, { router_id: router.id })).status, 201);
  assert.deepEqual(hostsOf(await api.ask(api.admin, 'GET', agents)), ['beta']);
  assert.equal((await api.ask(api.admin, 'GET', ports)).body.ports[0]['binding:host_id'], 'beta');
  const on = await api.ask(api.admin, 'GET', `/v2.0/agents/${to}/l3-routers?fields=id`);
  assert.deepEqual(on.body, { routers: [{ id: router.id }] });
  assert.deepEqual((await api.ask(api.admin, 'GET', `/v2.0/agents/${from}/l3-routers`)).body, { routers: [] });

  await api.ask(api.admin, 'DELETE', `/v2.0/agents/${to}/l3-routers/${router.id}`);
  await make('networks', 'network', {});
  const other = await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.1.0/24' });
  await api.ask(api.admin, 'PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: other.id });
  assert.equal(hostsOf(await api.ask(api.admin, 'GET', agents)).length, 1, 'its next change gives it one');
});

test('a network is given to further DHCP agents and taken from them', async () => {
  const network = await make('networks', 'network', {});
  const agents = `/v2.0/networks/${network.id}/dhcp-agents`;
  const [alpha, beta] = [await agentId('alpha', 'DHCP agent'), await agentId('beta', 'DHCP agent')];
  const give = (agent: string, id = network.id) =>
    api.ask(api.admin, 'POST', `/v2.0/agents/${agent}/dhcp-networks`, { network_id: id });
  const take = (agent: string) => api.ask(api.admin, 'DELETE', `/v2.0/agents/${agent}/dhcp-networks/${network.id}`);
  // Before there is anything to serve.
  assert.equal((await give(alpha)).status, 201);
  assert.deepEqual(hostsOf(await api.ask(api.admin, 'GET', agents)), ['alpha']);
  await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
  assert.deepEqual(hostsOf(await api.ask(api.admin, 'GET', agents)), ['alpha']);
  const again = await give(alpha);
  assert.deepEqual([again.status, type(again)], [409, 'NetworkHostedByDHCPAgent']);
  assert.equal((await give(beta)).status, 201);
  const dhcpPorts = async () =>
    (await api.ask(api.admin, 'GET', `/v2.0/ports?network_id=${network.id}&device_owner=network:dhcp`)).body.ports;
  assert.equal((await dhcpPorts()).length, 2);
  await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.1.0/24' });
  assert.equal(hostsOf(await api.ask(api.admin, 'GET', agents)).length, 2, 'more than dhcp_agents_per_network stay');
  assert.deepEqual((await api.ask(api.admin, 'GET', `/v2.0/agents/${beta}/dhcp-networks?fields=id`)).body, {
    networks: [{ id: network.id }],
  });
  assert.equal((await take(alpha)).status, 204);
  const missing = await take(alpha);
  assert.deepEqual([missing.status, type(missing)], [409, 'NetworkNotHostedByDhcpAgent']);
  assert.equal((await take(beta)).status, 204);
  await report('alpha');
  assert.deepEqual(hostsOf(await api.ask(api.admin, 'GET', agents)), [], 'no report gives it an agent');
  assert.equal((await dhcpPorts()).length, 0);
  assert.equal(type(await give(alpha, none)), 'NetworkNotFound');
  assert.equal(type(await give(await agentId('alpha', 'L3 agent'))), 'InvalidDHCPAgent');
  await api.ask(api.admin, 'PUT', `/v2.0/agents/${alpha}`, { agent: { admin_state_up: false } });
  assert.equal(type(await give(alpha)), 'InvalidDHCPAgent');
  await api.ask(api.admin, 'PUT', `/v2.0/agents/${alpha}`, { agent: { admin_state_up: true } });
});

test('agents and what they have are for administrators', async () => {
  const id = await agentId('alpha', 'L3 agent');
  for (const [method, path] of [
    ['GET', `/v2.0/agents/${id}/l3-routers`],
    ['POST', `/v2.0/agents/${id}/l3-routers`],
    ['GET', `/v2.0/networks/${none}/dhcp-agents`],
    ['DELETE', `/v2.0/agents/${id}/dhcp-networks/${none}`],
  ] as const) {
    const answer = await api.ask(api.demo, method, path, method === 'POST' ? { router_id: none } : undefined);
    assert.deepEqual([answer.status, type(answer)], [403, 'PolicyNotAuthorized'], path);
  }
  assert.deepEqual((await api.ask(api.admin, 'GET', `/v2.0/networks/${none}/dhcp-agents`)).body, { agents: [] });
  const bare = await startTestApi({ servicePlugins: [] });
  assert.equal((await bare.ask(bare.admin, 'GET', `/v2.0/agents/${id}/l3-routers`)).status, 404);
  await bare.close();
});
