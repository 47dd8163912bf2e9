/** The MTU of networks as clients see it: each row of Neutron's behaviour, with its code and message. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultSettings, type NetworkingSettings } from '../../rules/settings.ts';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

const settings: NetworkingSettings = {
  ...defaultSettings,
  servicePlugins: ['router', 'segments'],
  vlanRanges: { wide: [{ first: 100, last: 199 }], narrow: [{ first: 100, last: 199 }] },
  mtu: { ...defaultSettings.mtu, physicalNetworkMtus: { narrow: 1400 } },
};

let api: TestApi;
before(async () => {
  api = await startTestApi(settings);
});
after(() => api.close());

const send = (method: string, path: string, body?: object, token = api.admin) =>
  api.ask(token, method, `/v2.0/${path}`, body);
async function create(body: object = {}): Promise<Json> {
  const answer = await send('POST', 'networks', { network: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.network;
}
const put = (id: string, mtu: unknown, token?: string) => send('PUT', `networks/${id}`, { network: { mtu } }, token);
const mtuOf = async (id: string): Promise<number> => (await send('GET', `networks/${id}`)).body.network.mtu;
const subnet = (id: string, cidr: string) =>
  send('POST', 'subnets', { subnet: { network_id: id, cidr, ip_version: cidr.includes(':') ? 6 : 4 } });
const vlan = (name: string) => ({ 'provider:network_type': 'vlan', 'provider:physical_network': name });
const segment = (id: string, name: string) =>
  send('POST', 'segments', { segment: { network_id: id, network_type: 'vlan', physical_network: name } });

async function refused(call: Promise<{ status: number; body: Json }>, status: number, type: string, message: string) {
  const answer = await call;
  const { type: found, message: said } = answer.body.NeutronError;
  assert.deepEqual([answer.status, found, said], [status, type, message]);
}
const tooBig = (most: number) => `Invalid input for operation: Requested MTU is too big, maximum is ${most}.`;
const tooSmall = (id: string, least: number) => `MTU of ${id} is not valid, subnet requires a minimum of ${least}`;

test('created without an MTU, or with 0, a network has the largest, stored', async () => {
  assert.equal((await create()).mtu, 1450);
  assert.equal((await create({ mtu: 0 })).mtu, 1450);
  assert.equal((await create(vlan('wide'))).mtu, 1500);
  assert.equal((await create(vlan('narrow'))).mtu, 1400);
  assert.equal((await create({ segments: [vlan('wide'), vlan('narrow')] })).mtu, 1400);
});

test('an MTU up to the largest is stored; above it is a 400, at a creation and at a change', async () => {
  const row = await create({ mtu: 1300 });
  assert.equal(await mtuOf(row.id), 1300);
  assert.equal((await put(row.id, 1450)).body.network.mtu, 1450);
  await refused(put(row.id, 1451), 400, 'InvalidInput', tooBig(1450));
  await refused(put(row.id, 70000), 400, 'InvalidInput', tooBig(1450));
  await refused(send('POST', 'networks', { network: { mtu: 1451 } }), 400, 'InvalidInput', tooBig(1450));
  await refused(
    send('POST', 'networks', { network: { segments: [vlan('wide'), vlan('narrow')], mtu: 1401 } }),
    400,
    'InvalidInput',
    tooBig(1400),
  );
  const several = await create({ segments: [vlan('wide'), vlan('narrow')], mtu: 1300 });
  await refused(put(several.id, 1500), 400, 'InvalidInput', tooBig(1400));
  assert.equal((await put(several.id, 1400)).body.network.mtu, 1400);
});

test('negative numbers and what is no integer are a 400', async () => {
  const row = await create();
  for (const mtu of [-1, 'many', 1.5, null, [1400]]) {
    assert.equal((await put(row.id, mtu)).status, 400, JSON.stringify(mtu));
    assert.equal((await send('POST', 'networks', { network: { mtu } })).status, 400, JSON.stringify(mtu));
  }
  assert.equal(await mtuOf(row.id), 1450);
});

test('a change to 0 goes back to the largest; where there is a subnet it is a conflict', async () => {
  const row = await create({ mtu: 1300 });
  assert.equal((await put(row.id, 0)).body.network.mtu, 1450);
  assert.equal((await subnet(row.id, '10.3.0.0/24')).status, 201);
  await refused(put(row.id, 0), 409, 'NetworkMTUSubnetConflict', tooSmall(row.id, 68));
});

test('subnets need 68 (IPv4) and 1280 (IPv6), whichever comes first', async () => {
  const four = await create();
  await subnet(four.id, '10.1.0.0/24');
  await refused(put(four.id, 67), 409, 'NetworkMTUSubnetConflict', tooSmall(four.id, 68));
  assert.equal((await put(four.id, 68)).status, 200);
  const six = await create();
  await subnet(six.id, '2001:db8:1::/64');
  await refused(put(six.id, 1279), 409, 'NetworkMTUSubnetConflict', tooSmall(six.id, 1280));
  assert.equal((await put(six.id, 1280)).status, 200);
  const small = await create({ mtu: 1000 });
  await refused(subnet(small.id, '2001:db8:2::/64'), 409, 'NetworkMTUSubnetConflict', tooSmall(small.id, 1280));
  assert.equal((await subnet(small.id, '10.2.0.0/24')).status, 201);
  const tiny = await create({ mtu: 60 });
  await refused(subnet(tiny.id, '10.4.0.0/24'), 409, 'NetworkMTUSubnetConflict', tooSmall(tiny.id, 68));
});

test('the owner sets the MTU, others do not see the network', async () => {
  const own = await send('POST', 'networks', { network: { mtu: 1300 } }, api.demo);
  assert.equal(own.status, 201, own.text);
  assert.equal((await put(own.body.network.id, 1200, api.demo)).body.network.mtu, 1200);
  assert.equal((await put((await create()).id, 1200, api.demo)).status, 404);
});

test('networks are listed and sorted by their MTU; a port has none', async () => {
  const row = await create({ mtu: 1234 });
  const found = await send('GET', 'networks?mtu=1234&fields=id');
  assert.deepEqual(found.body.networks, [{ id: row.id }]);
  const port = await send('POST', 'ports', { port: { network_id: row.id } });
  assert.equal('mtu' in port.body.port, false);
});

test('a segment that does not carry the MTU is refused; one that does leaves it, and so does one that goes', async () => {
  const row = await create(vlan('wide'));
  await refused(segment(row.id, 'narrow'), 400, 'InvalidInput', tooBig(1400));
  assert.equal(await mtuOf(row.id), 1500);
  assert.equal((await put(row.id, 1400)).status, 200);
  const narrow = await segment(row.id, 'narrow');
  assert.equal(narrow.status, 201, narrow.text);
  assert.equal(await mtuOf(row.id), 1400);
  await refused(put(row.id, 1500), 400, 'InvalidInput', tooBig(1400));
  assert.equal((await send('DELETE', `segments/${narrow.body.segment.id}`)).status, 204);
  assert.equal(await mtuOf(row.id), 1400);
  assert.equal((await put(row.id, 0)).body.network.mtu, 1500);
});
