import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agentReport } from '../../operations/router-testing.ts';
import { type Answer, type Json, secrets, startTestApi, type TestApi } from '../test-bed.ts';
import { addTenant, type Tenant } from '../test-tenants.ts';

let api: TestApi;
let other: Tenant;
let network: Json;
before(async () => {
  api = await startTestApi();
  other = await addTenant(api, 'other');
  await api.ask(secrets.agent, 'POST', '/agent/v1/hosts/left', agentReport(null));
  network = await make('networks', 'network', {});
  await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24', enable_dhcp: false });
});
after(() => api.close());

async function make(path: string, name: string, body: object, token = api.demo): Promise<Json> {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}
const localIp = (body: object, token = api.demo) => make('local_ips', 'local_ip', body, token);
const aPort = (body: object = {}) => make('ports', 'port', { network_id: network.id, ...body }, api.admin);
const associate = (id: string, body: object) =>
  api.ask(api.demo, 'POST', `/v2.0/local_ips/${id}/port_associations`, { port_association: body });
const remove = (path: string, token = api.demo) => api.ask(token, 'DELETE', `/v2.0/${path}`);

function refusal(answer: Answer, status: number, type: string, sentence: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual([answer.body.NeutronError.type, answer.body.NeutronError.message], [type, sentence]);
}

test('a local IP takes an address of a network, by a port of its own', async () => {
  const made = await localIp({ network_id: network.id, name: 'cache', description: 'near', local_ip_address: null });
  const { id, local_port_id, local_ip_address, project_id, created_at, updated_at } = made;
  assert.deepEqual(made, {
    id,
    tenant_id: project_id,
    project_id,
    name: 'cache',
    description: 'near',
    created_at,
    updated_at,
    revision_number: 0,
    local_port_id,
    network_id: network.id,
    local_ip_address,
    ip_mode: 'translate',
  });
  const holder = (await api.ask(api.admin, 'GET', `/v2.0/ports/${local_port_id}`)).body.port;
  assert.deepEqual(
    [holder.device_owner, holder.device_id, holder.project_id, holder.fixed_ips[0].ip_address],
    ['network:local_ip', id, project_id, local_ip_address],
  );
  refusal(
    await remove(`ports/${local_port_id}`, api.admin),
    409,
    'ServicePortInUse',
    `Port ${local_port_id} cannot be deleted directly via the port API: still referenced by Local IPs.`,
  );
  const url = `/v2.0/local_ips/${id}`;
  const changed = await api.ask(api.demo, 'PUT', url, { local_ip: { name: 'new', description: 'other' } });
  assert.deepEqual([changed.body.local_ip.name, changed.body.local_ip.revision_number], ['new', 1]);
  for (const body of [{ ip_mode: 'passthrough' }, { local_ip_address: '10.0.0.9' }, { network_id: network.id }])
    assert.equal((await api.ask(api.demo, 'PUT', url, { local_ip: body })).status, 400);
  assert.equal((await api.ask(other.token, 'GET', url)).status, 404);
  assert.deepEqual((await api.ask(other.token, 'GET', '/v2.0/local_ips')).body, { local_ips: [] });
  const found = await api.ask(api.demo, 'GET', `/v2.0/local_ips?local_ip_address=${local_ip_address}&fields=id`);
  assert.deepEqual(found.body, { local_ips: [{ id }] });
  assert.equal((await remove(`local_ips/${id}`)).status, 204);
  assert.equal((await api.ask(api.admin, 'GET', `/v2.0/ports/${local_port_id}`)).status, 404);
  refusal(await api.ask(api.demo, 'GET', url), 404, 'LocalIPNotFound', `Local IP ${id} could not be found.`);
});

test('a local IP has an address of a port that is there, which it leaves there', async () => {
  const port = await aPort({ project_id: network.project_id });
  const two = await aPort({ fixed_ips: [{ ip_address: '10.0.0.70' }, { ip_address: '10.0.0.71' }] });
  const none = await aPort({ fixed_ips: [] });
  const [address] = port.fixed_ips;
  const made = await localIp({ local_port_id: port.id });
  assert.deepEqual([made.network_id, made.local_ip_address], [network.id, address.ip_address]);
  const post = (body: object) => api.ask(api.demo, 'POST', '/v2.0/local_ips', { local_ip: body });
  refusal(
    await post({}),
    400,
    'LocalIPPortOrNetworkRequired',
    'Either Port ID or Network ID must be specified for Local IP create.',
  );
  refusal(
    await post({ local_port_id: none.id }),
    400,
    'LocalIPNoIP',
    `Specified Port ${none.id} has no fixed IPs configured.`,
  );
  refusal(
    await post({ local_port_id: two.id }),
    400,
    'LocalIPNoRequestedIP',
    `Specified Port ${two.id} has several IPs, should specify exact IP address to use for Local IP.`,
  );
  refusal(
    await post({ local_port_id: two.id, local_ip_address: '10.0.0.72' }),
    400,
    'LocalIPRequestedIPNotFound',
    `Specified Port ${two.id} does not have requested IP address: 10.0.0.72.`,
  );
  const chosen = await localIp({ local_port_id: two.id, local_ip_address: '10.0.0.71', ip_mode: 'passthrough' });
  assert.deepEqual([chosen.local_ip_address, chosen.ip_mode], ['10.0.0.71', 'passthrough']);
  assert.equal((await post({ local_port_id: two.id, ip_mode: 'other' })).status, 400);
  const missing = '00000000-0000-4000-8000-000000000000';
  refusal(
    await post({ local_port_id: missing }),
    400,
    'BadRequest',
    `Bad local_ip request: Port ${missing} not found.`,
  );
  refusal(await post({ network_id: missing }), 404, 'NetworkNotFound', `Network ${missing} could not be found.`);
  for (const id of [made.id, chosen.id]) assert.equal((await remove(`local_ips/${id}`)).status, 204);
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/ports/${port.id}`)).status, 200);
  assert.equal((await remove(`ports/${port.id}`)).status, 204);
});

test('the address that is asked for must be of the network, and free', async () => {
  const post = (body: object) => api.ask(api.demo, 'POST', '/v2.0/local_ips', { local_ip: body });
  const asked = await localIp({ network_id: network.id, local_ip_address: '10.0.0.99' });
  assert.equal(asked.local_ip_address, '10.0.0.99');
  const taken = await post({ network_id: network.id, local_ip_address: '10.0.0.99' });
  assert.deepEqual([taken.status, taken.body.NeutronError.type], [409, 'IpAddressAlreadyAllocated']);
  const outside = await post({ network_id: network.id, local_ip_address: '192.0.2.1' });
  assert.deepEqual([outside.status, outside.body.NeutronError.type], [400, 'InvalidIpForNetwork']);
  const six = await make('networks', 'network', {});
  await make('subnets', 'subnet', { network_id: six.id, ip_version: 6, cidr: 'fd00::/64', enable_dhcp: false });
  refusal(
    await post({ network_id: six.id }),
    400,
    'BadRequest',
    `Bad local_ip request: Network ${six.id} does not contain any IPv4 subnet.`,
  );
  assert.equal((await remove(`local_ips/${asked.id}`)).status, 204);
});

test('a local IP leads to ports, each once; it stays while it does', async () => {
  const { id, local_ip_address } = await localIp({ network_id: network.id });
  const here = { 'binding:host_id': 'left', device_owner: 'compute:nova', project_id: network.project_id };
  const port = await aPort(here);
  const ip = port.fixed_ips[0].ip_address;
  const made = await associate(id, { fixed_port_id: port.id });
  assert.equal(made.status, 201, made.text);
  const body = { local_ip_id: id, local_ip_address, fixed_port_id: port.id, fixed_ip: ip, host: 'left' };
  assert.deepEqual(made.body, { port_association: body });
  refusal(
    await associate(id, { fixed_port_id: port.id, fixed_ip: null }),
    409,
    'NeutronDbObjectDuplicateEntry',
    `Failed to create a duplicate LocalIPAssociation: for attribute(s) ['PRIMARY'] with value(s) ${id}-${port.id}`,
  );
  refusal(
    await remove(`local_ips/${id}`),
    409,
    'LocalIPInUse',
    `Local IP ${id} is still associated with one or more ports.`,
  );
  const two = await aPort({
    project_id: network.project_id,
    fixed_ips: [{ ip_address: '10.0.0.80' }, { ip_address: '10.0.0.81' }],
  });
  refusal(
    await associate(id, { fixed_port_id: two.id }),
    400,
    'LocalIPNoRequestedIP',
    `Specified Port ${two.id} has several IPs, should specify exact IP address to use for Local IP.`,
  );
  refusal(
    await associate(id, { fixed_port_id: two.id, fixed_ip: '10.0.0.250' }),
    400,
    'LocalIPRequestedIPNotFound',
    `Specified Port ${two.id} does not have requested IP address: 10.0.0.250.`,
  );
  const chosen = two.fixed_ips[1].ip_address;
  assert.equal((await associate(id, { fixed_port_id: two.id, fixed_ip: chosen })).body.port_association.host, '');

  const url = `/v2.0/local_ips/${id}/port_associations`;
  const list = async (query: string) =>
    (await api.ask(api.demo, 'GET', `${url}?${query}`)).body.port_associations.map((one: Json) => one.fixed_port_id);
  assert.deepEqual(await list('host=left'), [port.id]);
  assert.deepEqual(await list(`fixed_ip=${chosen}`), [two.id]);
  assert.deepEqual(await list('sort_key=host&sort_dir=asc'), [two.id, port.id]);
  assert.deepEqual(await list('sort_key=host&sort_dir=desc'), [port.id, two.id]);
  assert.deepEqual((await api.ask(api.demo, 'GET', `${url}/${port.id}`)).body, { port_association: body });
  assert.equal((await api.ask(other.token, 'GET', url)).body.NeutronError.type, 'LocalIPNotFound');
  assert.equal((await api.ask(api.demo, 'PUT', `${url}/${port.id}`, { port_association: {} })).status, 405);

  // A port that goes takes its association along.
  assert.equal((await remove(`ports/${two.id}`, api.admin)).status, 204);
  assert.deepEqual(await list(''), [port.id]);
  assert.equal((await remove(`local_ips/${id}/port_associations/${port.id}`)).status, 204);
  refusal(
    await remove(`local_ips/${id}/port_associations/${port.id}`),
    404,
    'LocalIPAssociationNotFound',
    `Local IP ${id} association with port ${port.id} could not be found.`,
  );
  assert.equal((await remove(`local_ips/${id}`)).status, 204);
});

test("a port of another project's network is not found", async () => {
  const { id } = await localIp({ network_id: network.id });
  const theirs = await make('networks', 'network', {}, other.token);
  const port = await make('ports', 'port', { network_id: theirs.id }, other.token);
  refusal(
    await associate(id, { fixed_port_id: port.id }),
    400,
    'BadRequest',
    `Bad local_ip_port_association request: Port ${port.id} not found.`,
  );
});

test('without the plugin there are no local IPs', async () => {
  const bare = await startTestApi({ servicePlugins: ['router'] });
  assert.equal((await bare.ask(bare.admin, 'GET', '/v2.0/local_ips')).status, 404);
  await bare.close();
});
