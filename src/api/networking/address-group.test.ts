import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const make = async (token: string, path: string, name: string, body: object) => {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
};

test('an address group is made, changed by its actions, and listed', async () => {
  const made = await make(api.demo, 'address-groups', 'address_group', { name: 'web', addresses: ['10.0.0.7/24'] });
  assert.deepEqual(made.addresses, ['10.0.0.0/24']);
  assert.equal(made.tenant_id, made.project_id);
  const url = `/v2.0/address-groups/${made.id}`;
  const added = await api.ask(api.demo, 'PUT', `${url}/add_addresses`, { addresses: ['2001:db8::1'] });
  assert.equal(added.status, 200, added.text);
  assert.deepEqual(added.body, { address_group: (await api.ask(api.demo, 'GET', url)).body.address_group });
  assert.deepEqual(added.body.address_group.addresses, ['10.0.0.0/24', '2001:db8::1/128']);
  const bare = { address_group: { addresses: ['192.0.2.1'] } };
  assert.equal((await api.ask(api.demo, 'POST', '/v2.0/address-groups', bare)).status, 400, 'a prefix has its length');
  const removed = await api.ask(api.demo, 'PUT', `${url}/remove_addresses`, { addresses: ['10.0.0.0/24'] });
  assert.deepEqual(removed.body.address_group.addresses, ['2001:db8::1/128']);
  const listed = await api.ask(api.demo, 'GET', '/v2.0/address-groups?name=web');
  assert.deepEqual(
    listed.body.address_groups.map((group: { id: string }) => group.id),
    [made.id],
  );
  const change = await api.ask(api.demo, 'PUT', url, { address_group: { addresses: [] } });
  assert.equal(change.status, 400, 'addresses are changed by the actions');
  assert.equal((await api.ask(api.demo, 'DELETE', url)).status, 204);
});

test('a group of another project is not there, nor are its actions', async () => {
  const made = await make(api.admin, 'address-groups', 'address_group', { addresses: [] });
  const url = `/v2.0/address-groups/${made.id}`;
  assert.equal((await api.ask(api.demo, 'GET', url)).body.NeutronError.type, 'AddressGroupNotFound');
  const added = await api.ask(api.demo, 'PUT', `${url}/add_addresses`, { addresses: ['10.0.0.0/8'] });
  assert.equal(added.body.NeutronError.type, 'AddressGroupNotFound');
});

test('a rule names one remote at most, and lists are filtered by it', async () => {
  const group = await make(api.demo, 'security-groups', 'security_group', { name: 'group' });
  const remote = await make(api.demo, 'address-groups', 'address_group', { addresses: ['10.0.0.0/8'] });
  const rule = { security_group_id: group.id, direction: 'ingress', remote_address_group_id: remote.id };
  const both = await api.ask(api.demo, 'POST', '/v2.0/security-group-rules', {
    security_group_rule: { ...rule, remote_ip_prefix: '10.0.0.0/8' },
  });
  assert.equal(both.body.NeutronError.type, 'SecurityGroupMultipleRemoteEntites');
  const made = await make(api.demo, 'security-group-rules', 'security_group_rule', rule);
  assert.equal(made.remote_address_group_id, remote.id);
  const query = `/v2.0/security-group-rules?remote_address_group_id=${remote.id}`;
  assert.equal((await api.ask(api.demo, 'GET', query)).body.security_group_rules.length, 1);
  const used = await api.ask(api.demo, 'DELETE', `/v2.0/address-groups/${remote.id}`);
  assert.deepEqual([used.status, used.body.NeutronError.type], [409, 'AddressGroupInUse']);
});
