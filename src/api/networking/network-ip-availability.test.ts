import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const make = async (path: string, name: string, body: object) => {
  const answer = await api.ask(api.admin, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
};
const network = (name: string) => make('networks', 'network', { name });
const subnet = (network_id: string, cidr: string, more: object = {}) =>
  make('subnets', 'subnet', { network_id, cidr, ip_version: cidr.includes(':') ? 6 : 4, enable_dhcp: false, ...more });
const port = (network_id: string, ip_address?: string) =>
  make('ports', 'port', { network_id, ...(ip_address ? { fixed_ips: [{ ip_address }] } : {}) });
const url = '/v2.0/network-ip-availabilities';
const show = async (id: string) => (await api.ask(api.admin, 'GET', `${url}/${id}`)).body.network_ip_availability;
const names = async (query: string) => {
  const { body } = await api.ask(api.admin, 'GET', `${url}?${query}`);
  return body.network_ip_availabilities.map((row: { network_name: string }) => row.network_name);
};

test('addresses are counted for the network and for each subnet', async () => {
  const on = await network('counted');
  const first = await subnet(on.id, '10.0.0.0/24', { name: 'first' });
  const pools = [{ start: '10.0.1.10', end: '10.0.1.19' }];
  const second = await subnet(on.id, '10.0.1.0/24', { allocation_pools: pools });
  for (const ip of ['10.0.0.1', '10.0.0.9', '10.0.1.1', '10.0.1.10', '10.0.1.11']) await port(on.id, ip);
  const shown = await show(on.id);
  assert.deepEqual(
    [shown.network_id, shown.network_name, shown.project_id, shown.tenant_id],
    [on.id, 'counted', on.project_id, on.project_id],
  );
  assert.deepEqual([shown.total_ips, shown.used_ips], [253 + 10, 5]);
  assert.deepEqual(shown.ip_availability_details, {
    total_ips_in_subnet: 508,
    total_ips_in_allocation_pool: 263,
    used_ips_in_subnet: 5,
    used_ips_in_allocation_pool: 3,
  });
  const bySubnet = new Map(shown.subnet_ip_availability.map((row: { subnet_id: string }) => [row.subnet_id, row]));
  assert.deepEqual(bySubnet.get(first.id), {
    subnet_id: first.id,
    subnet_name: 'first',
    cidr: '10.0.0.0/24',
    ip_version: 4,
    used_ips: 2,
    total_ips: 253,
    ip_availability_details: {
      total_ips_in_subnet: 254,
      total_ips_in_allocation_pool: 253,
      used_ips_in_subnet: 2,
      used_ips_in_allocation_pool: 1,
    },
  });
  assert.deepEqual((bySubnet.get(second.id) as { ip_availability_details: object }).ip_availability_details, {
    total_ips_in_subnet: 254,
    total_ips_in_allocation_pool: 10,
    used_ips_in_subnet: 3,
    used_ips_in_allocation_pool: 2,
  });
  assert.equal('id' in shown, false);
});

test('a subnet without pools has its prefix; IPv6 is counted to the last digit', async () => {
  const on = await network('large');
  await subnet(on.id, '10.0.0.0/24', { allocation_pools: [], gateway_ip: null });
  assert.equal((await show(on.id)).total_ips, 256);
  const six = await network('six');
  await subnet(six.id, '2001:db8::/64', { gateway_ip: '2001:db8::1' });
  const { text } = await api.ask(api.admin, 'GET', `${url}/${six.id}`);
  assert.match(text, /"total_ips":18446744073709551614[,}]/);
  assert.match(text, /"total_ips_in_subnet":18446744073709551616[,}]/);
});

test('lists are filtered by network, name, project and IP version', async () => {
  const [both, four, none] = [await network('both'), await network('four'), await network('none')];
  await subnet(both.id, '10.0.0.0/24');
  await subnet(both.id, '2001:db8::/64');
  await subnet(four.id, '10.0.0.0/24');
  assert.deepEqual(await names(`network_id=${both.id}`), ['both']);
  assert.deepEqual(await names('network_name=none'), ['none']);
  const some = `network_id=${both.id}&network_id=${four.id}&network_id=${none.id}`;
  assert.deepEqual((await names(`${some}&project_id=${both.project_id}`)).toSorted(), ['both', 'four', 'none']);
  assert.deepEqual((await names(`${some}&ip_version=4`)).toSorted(), ['both', 'four']);
  assert.deepEqual(await names(`${some}&ip_version=6`), ['both']);
  const { body } = await api.ask(api.admin, 'GET', `${url}?network_id=${both.id}&ip_version=6`);
  const versions = body.network_ip_availabilities[0].subnet_ip_availability.map(
    (row: { ip_version: number }) => row.ip_version,
  );
  assert.deepEqual(versions, [6]);
  assert.equal((await api.ask(api.admin, 'GET', `${url}?used_ips=1`)).status, 400);
});

test('only administrators see it', async () => {
  const on = await network('hidden');
  assert.deepEqual((await api.ask(api.demo, 'GET', url)).body, { network_ip_availabilities: [] });
  const one = await api.ask(api.demo, 'GET', `${url}/${on.id}`);
  assert.deepEqual([one.status, one.body.NeutronError.type], [404, 'NetworkNotFound']);
});
