import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const make = async (path: string, name: string, body: object, token = api.admin): Promise<Json> => {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
};
const policies = 'qos/policies';

test('a policy and its rules have the paths and bodies of Neutron', async () => {
  const policy = await make(policies, 'policy', { name: 'gold', shared: true, is_default: true });
  assert.deepEqual([policy.rules, policy.is_default, policy.tenant_id], [[], true, policy.project_id]);
  const path = `${policies}/${policy.id}/bandwidth_limit_rules`;
  const rule = await make(path, 'bandwidth_limit_rule', { max_kbps: '1000' });
  assert.deepEqual(rule, { id: rule.id, max_kbps: 1000, max_burst_kbps: 0, direction: 'egress' });
  const listed = await api.ask(api.admin, 'GET', `/v2.0/${path}?max_kbps=1000`);
  assert.deepEqual(listed.body, { bandwidth_limit_rules: [rule] });
  const changed = await api.ask(api.admin, 'PUT', `/v2.0/${path}/${rule.id}`, {
    bandwidth_limit_rule: { direction: 'ingress' },
  });
  assert.equal(changed.body.bandwidth_limit_rule.direction, 'ingress');
  const { body } = await api.ask(api.admin, 'GET', `/v2.0/${policies}/${policy.id}`);
  assert.deepEqual(body.policy.rules, [
    { ...rule, direction: 'ingress', qos_policy_id: policy.id, type: 'bandwidth_limit' },
  ]);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/${path}/${rule.id}`)).status, 204);
  const gone = await api.ask(api.admin, 'GET', `/v2.0/${path}/${rule.id}`);
  assert.deepEqual(
    [gone.status, gone.body.NeutronError.type, gone.body.NeutronError.message],
    [404, 'QosRuleNotFound', `QoS rule ${rule.id} for policy ${policy.id} could not be found.`],
  );
});

test('the short ways show, change and delete a rule, and make none', async () => {
  const policy = await make(policies, 'policy', {});
  const rule = await make(`${policies}/${policy.id}/dscp_marking_rules`, 'dscp_marking_rule', { dscp_mark: 8 });
  const url = `/v2.0/qos/alias_dscp_marking_rules/${rule.id}`;
  assert.deepEqual((await api.ask(api.admin, 'GET', url)).body, { alias_dscp_marking_rule: rule });
  const changed = await api.ask(api.admin, 'PUT', url, { alias_dscp_marking_rule: { dscp_mark: 56 } });
  assert.equal(changed.body.alias_dscp_marking_rule.dscp_mark, 56);
  const wrong = await api.ask(api.admin, 'PUT', url, { alias_dscp_marking_rule: { dscp_mark: 7 } });
  assert.match(
    wrong.body.NeutronError.message,
    /Invalid input for dscp_mark\. Reason: expected one of 0, 8, .*found 7/,
  );
  assert.equal((await api.ask(api.demo, 'GET', url)).status, 404);
  assert.equal((await api.ask(api.admin, 'DELETE', url)).status, 204);
  assert.equal((await api.ask(api.admin, 'GET', url)).body.NeutronError.type, 'QosRuleNotFound');
  assert.equal((await api.ask(api.admin, 'POST', '/v2.0/qos/alias_dscp_marking_rules', {})).status, 405);
});

test('members use policies, managers make them; others see the shared ones without their rules', async () => {
  const denied = await api.ask(api.demo, 'POST', `/v2.0/${policies}`, { policy: {} });
  assert.deepEqual(
    [denied.status, denied.body.NeutronError.message],
    [403, 'rule:create_policy is disallowed by policy'],
  );
  const shared = await make(policies, 'policy', { shared: true, name: 'shared' });
  const hidden = await make(policies, 'policy', { name: 'hidden' });
  const names = (await api.ask(api.demo, 'GET', `/v2.0/${policies}`)).body.policies.map((one: Json) => one.name);
  assert.ok(names.includes('shared') && !names.includes('hidden'));
  assert.equal((await api.ask(api.demo, 'GET', `/v2.0/${policies}/${hidden.id}`)).status, 404);
  await make(`${policies}/${shared.id}/minimum_bandwidth_rules`, 'minimum_bandwidth_rule', { min_kbps: 5 });
  const rules = await api.ask(api.demo, 'GET', `/v2.0/${policies}/${shared.id}/minimum_bandwidth_rules`);
  assert.deepEqual(rules.body, { minimum_bandwidth_rules: [] });
  const change = await api.ask(api.demo, 'PUT', `/v2.0/${policies}/${shared.id}`, { policy: { name: 'mine' } });
  assert.equal(change.status, 403);
});

test('tags are under the path of a policy, and under the one that Neutron has for tags', async () => {
  const policy = await make(policies, 'policy', {});
  for (const [at, path] of [policies, 'policies'].entries()) {
    const url = `/v2.0/${path}/${policy.id}/tags`;
    assert.equal((await api.ask(api.admin, 'PUT', `${url}/tag-${at}`)).status, 201);
    assert.equal((await api.ask(api.admin, 'GET', url)).body.tags.length, at + 1);
  }
});

test('rule types are those of the drivers, or all of them', async () => {
  const types = async (query: string, token = api.demo) => {
    const answer = await api.ask(token, 'GET', `/v2.0/qos/rule-types${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.rule_types.map((one: Json) => one.type).sort();
  };
  assert.deepEqual(await types(''), ['bandwidth_limit', 'dscp_marking']);
  assert.deepEqual(await types('?all_supported=true'), ['bandwidth_limit', 'dscp_marking']);
  assert.equal((await types('?all_rules=True')).length, 5);
  const details = await api.ask(api.admin, 'GET', '/v2.0/qos/rule-types/dscp_marking');
  const [driver] = details.body.rule_type.drivers;
  assert.equal(driver.name, 'linuxbridge');
  assert.deepEqual(driver.supported_parameters[0].parameter_values.slice(0, 3), [0, 8, 10]);
  assert.equal((await api.ask(api.demo, 'GET', '/v2.0/qos/rule-types/dscp_marking')).status, 403);
  assert.equal((await api.ask(api.admin, 'GET', '/v2.0/qos/rule-types/nothing')).status, 404);
  assert.equal((await api.ask(api.admin, 'GET', '/v2.0/qos/rule-types?x=1')).status, 400);
});

test('without the plugin there are no policies, and no field that names one', async () => {
  const bare = await startTestApi({ servicePlugins: ['router', 'segments', 'port_forwarding'] });
  for (const path of [policies, 'qos/rule-types', 'qos/alias_dscp_marking_rules/x'])
    assert.equal((await bare.ask(bare.admin, 'GET', `/v2.0/${path}`)).status, 404, path);
  const external = { 'router:external': true };
  const network = (await bare.ask(bare.admin, 'POST', '/v2.0/networks', { network: external })).body.network;
  assert.equal('qos_policy_id' in network, false);
  const gateway = { external_gateway_info: { network_id: network.id, qos_policy_id: null } };
  const refused = await bare.ask(bare.admin, 'POST', '/v2.0/routers', { router: gateway });
  assert.deepEqual([refused.status, /qos_policy_id/.test(refused.text)], [400, true]);
  const { body } = await bare.ask(bare.admin, 'GET', '/v2.0/extensions');
  assert.equal(
    body.extensions.some((one: Json) => one.alias.startsWith('qos')),
    false,
  );
  await bare.close();
});
