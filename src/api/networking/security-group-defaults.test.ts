import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi({ quotas: { security_group: -1, security_group_rule: -1 } });
});
after(() => api.close());

const make = async (path: string, name: string, body: object, token = api.demo): Promise<Json> => {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
};
const group = (body: object = {}) => make('security-groups', 'security_group', { name: 'g', ...body });
const templates = 'default-security-group-rules';
const rulesOf = (one: Json) =>
  one.security_group_rules.map((rule: Json) => [rule.direction, rule.ethertype, rule.protocol, rule.remote_ip_prefix]);

test('new groups get the rules of the templates; those that are there keep theirs', async () => {
  const listed = await api.ask(api.demo, 'GET', `/v2.0/${templates}?used_in_non_default_sg=true`);
  assert.deepEqual(
    listed.body.default_security_group_rules.map((one: Json) => `${one.direction} ${one.ethertype}`).sort(),
    ['egress IPv4', 'egress IPv6'],
  );
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/${templates}`)).body.default_security_group_rules.length, 4);
  const before_ = await group();
  const body = { direction: 'ingress', protocol: 'icmp', remote_ip_prefix: '10.0.0.7/8', description: 'ping' };
  assert.equal(
    (await api.ask(api.demo, 'POST', `/v2.0/${templates}`, { default_security_group_rule: body })).status,
    403,
  );
  const made = await make(templates, 'default_security_group_rule', body, api.admin);
  assert.deepEqual([made.used_in_default_sg, made.used_in_non_default_sg], [false, true]);
  const again = await api.ask(api.admin, 'POST', `/v2.0/${templates}`, { default_security_group_rule: body });
  assert.deepEqual(
    [again.status, again.body.NeutronError.type, again.body.NeutronError.message],
    [409, 'DefaultSecurityGroupRuleExists', `Default Security group rule already exists. Rule id is ${made.id}.`],
  );
  const created = await group();
  assert.equal(before_.security_group_rules.length, 2);
  assert.deepEqual(rulesOf(created).at(-1), ['ingress', 'IPv4', 'icmp', '10.0.0.7/8']);
  assert.equal((await api.ask(api.demo, 'DELETE', `/v2.0/${templates}/${made.id}`)).status, 403);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/${templates}/${made.id}`)).status, 204);
  assert.equal((await group()).security_group_rules.length, 2);
  const gone = await api.ask(api.admin, 'GET', `/v2.0/${templates}/${made.id}`);
  assert.equal(gone.body.NeutronError.type, 'DefaultSecurityGroupRuleNotFound');
});

test('a template may name a group that is gone by the time of use', async () => {
  const remote = await make('security-groups', 'security_group', { name: 'remote' }, api.admin);
  const body = { direction: 'ingress', remote_group_id: remote.id };
  const made = await make(templates, 'default_security_group_rule', body, api.admin);
  assert.equal((await group()).security_group_rules.length, 3);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/security-groups/${remote.id}`)).status, 204);
  assert.equal((await group()).security_group_rules.length, 2);
  await api.ask(api.admin, 'DELETE', `/v2.0/${templates}/${made.id}`);
});

test('a rule keeps its prefix as given, and shows it normalized; it says whether its group is a default one', async () => {
  const { id } = await group();
  const rule = { security_group_id: id, direction: 'ingress', remote_ip_prefix: '192.0.2.77/24' };
  const made = await make('security-group-rules', 'security_group_rule', rule);
  assert.deepEqual([made.remote_ip_prefix, made.normalized_cidr], ['192.0.2.77/24', '192.0.2.0/24']);
  assert.equal(made.belongs_to_default_sg, false);
  const url = '/v2.0/security-group-rules';
  const found = await api.ask(api.demo, 'GET', `${url}?normalized_cidr=192.0.2.0/24&fields=id`);
  assert.deepEqual(found.body.security_group_rules, [{ id: made.id }]);
  const ofDefault = await api.ask(api.demo, 'GET', `${url}?belongs_to_default_sg=true`);
  const groups = await api.ask(api.demo, 'GET', '/v2.0/security-groups?name=default');
  assert.equal(ofDefault.body.security_group_rules.length, 4);
  for (const one of ofDefault.body.security_group_rules)
    assert.equal(one.security_group_id, groups.body.security_groups[0].id);
});

test('the default of stateful is that of the project, or else of all; a request has the last word', async () => {
  const name = 'security_groups_default_statefulness';
  const path = 'security-groups-default-statefulness';
  assert.equal((await group()).stateful, true);
  const all = await make(path, name, { project_id: null, stateful: false }, api.admin);
  assert.equal(all.project_id, null);
  assert.equal((await group()).stateful, false);
  assert.equal((await group({ stateful: true })).stateful, true);
  const again = await api.ask(api.admin, 'POST', `/v2.0/${path}`, { [name]: { project_id: null } });
  assert.deepEqual(
    [again.status, again.body.NeutronError.message],
    [409, "A security group default statefulness setting already exists for project 'system-wide'."],
  );
  const { project_id } = await group();
  const own = await make(path, name, { project_id, stateful: true }, api.admin);
  assert.equal((await group()).stateful, true);
  assert.equal((await api.ask(api.demo, 'POST', `/v2.0/${path}`, { [name]: { project_id: null } })).status, 403);
  assert.equal((await api.ask(api.demo, 'POST', `/v2.0/${path}`, { [name]: {} })).status, 403);
  const listed = await api.ask(api.demo, 'GET', `/v2.0/${path}`);
  assert.deepEqual(
    listed.body[name].map((one: Json) => one.id),
    [own.id],
  );
  await api.ask(api.admin, 'PUT', `/v2.0/${path}/${own.id}`, { [name]: { stateful: false } });
  assert.equal((await group()).stateful, false);
  for (const one of [own, all])
    assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/${path}/${one.id}`)).status, 204);
});

test('multicast addresses are no address pairs', async () => {
  const network_id = (await make('networks', 'network', {})).id;
  for (const ip_address of ['224.0.0.18', '239.0.0.0/8', 'ff02::1']) {
    const port = { network_id, allowed_address_pairs: [{ ip_address }] };
    const answer = await api.ask(api.demo, 'POST', '/v2.0/ports', { port });
    assert.equal(answer.status, 400);
    assert.match(answer.body.NeutronError.message, /^Invalid input for allowed_address_pairs.* is a multicast address/);
  }
  await make('ports', 'port', { network_id, allowed_address_pairs: [{ ip_address: '10.9.9.9' }] });
});

test('a port keeps what schedulers of instances want to know of its device', async () => {
  const network_id = (await make('networks', 'network', {})).id;
  const port = await make('ports', 'port', { network_id, device_profile: 'gpu', numa_affinity_policy: 'socket' });
  assert.deepEqual([port.device_profile, port.numa_affinity_policy], ['gpu', 'socket']);
  const put = (body: object) => api.ask(api.demo, 'PUT', `/v2.0/ports/${port.id}`, { port: body });
  assert.equal((await put({ numa_affinity_policy: null })).body.port.numa_affinity_policy, null);
  assert.equal((await put({ device_profile: 'other' })).status, 400);
  assert.equal((await put({ numa_affinity_policy: 'near' })).status, 400);
});
