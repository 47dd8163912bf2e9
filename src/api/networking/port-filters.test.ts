import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
const groups: Record<string, string> = {};
before(async () => {
  api = await startTestApi();
  const make = async (path: string, name: string, body: object) => {
    const answer = await api.ask(api.demo, 'POST', `/v2.0/${path}`, { [name]: body });
    assert.equal(answer.status, 201, answer.text);
    return answer.body[name];
  };
  const network_id = (await make('networks', 'network', {})).id;
  const four = { network_id, ip_version: 4, cidr: '10.0.0.0/24', enable_dhcp: false };
  const six = { network_id, ip_version: 6, cidr: '2001:db8::/64', enable_dhcp: false };
  const subnets = [(await make('subnets', 'subnet', four)).id, (await make('subnets', 'subnet', six)).id];
  for (const name of ['web', 'db']) groups[name] = (await make('security-groups', 'security_group', { name })).id;
  const port = (name: string, device_id: string, ips: string[], security: string[]) =>
    make('ports', 'port', {
      network_id,
      name,
      device_id,
      fixed_ips: ips.map((ip_address) => ({ ip_address, subnet_id: subnets[ip_address.includes(':') ? 1 : 0] })),
      security_groups: security.map((group) => groups[group]),
    });
  await port('a', 'vm', ['10.0.0.10', '2001:db8::10'], ['web']);
  await port('b', '', ['10.0.0.100'], ['web', 'db']);
  await port('', 'vm', ['10.0.0.20'], []);
});
after(() => api.close());

const found = async (query: string) => {
  const { status, body } = await api.ask(api.demo, 'GET', `/v2.0/ports?sort_key=name&sort_dir=asc&${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.ports.map((port: { name: string }) => port.name).join();
};

test('by a part of an address', async () => {
  assert.equal(await found('fixed_ips=ip_address_substr=10.0.0.10'), 'a,b');
  assert.equal(await found('fixed_ips=ip_address_substr%3D0.20'), '');
  assert.equal(await found('fixed_ips=ip_address_substr=db8::1'), 'a');
  assert.equal(await found('fixed_ips=ip_address_substr=.20&fixed_ips=ip_address_substr=.100'), ',b');
  assert.equal(await found('fixed_ips=ip_address=10.0.0.10'), 'a');
  assert.equal(await found('fixed_ips=ip_address_substr=%25'), '', 'no wildcard');
  assert.equal(await found('fixed_ips=ip_address_substr=_'), '');
});

test('by the empty string', async () => {
  assert.equal(await found('name='), '');
  assert.equal((await api.ask(api.demo, 'GET', '/v2.0/ports?name=')).body.ports.length, 1);
  assert.equal(await found('device_id='), 'b');
  assert.equal(await found('device_id=&name=a'), '');
  assert.equal(await found('name=&name=a'), ',a');
});

test('by security groups', async () => {
  assert.equal(await found(`security_groups=${groups.web}`), 'a,b');
  assert.equal(await found(`security_groups=${groups.db}`), 'b');
  assert.equal(await found(`security_groups=${groups.web}&security_groups=${groups.db}`), 'a,b');
  assert.equal(await found(`security_groups=${groups.db}&device_id=vm`), '');
});
