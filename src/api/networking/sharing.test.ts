/** Sharing by RBAC policies, as Neutron's tempest plugin tests it (api/admin/test_shared_network_extension.py, test_external_network_extension.py). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../test-bed.ts';
import { addTenant, type Tenant } from '../test-tenants.ts';

let api: TestApi;
let one: Tenant;
let two: Tenant;
before(async () => {
  api = await startTestApi({ quotas: { network: -1, security_group: -1 } });
  one = await addTenant(api, 'one');
  two = await addTenant(api, 'two');
});
after(() => api.close());

const nobody = '00000000000000000000000000000000';

async function make(token: string, path: string, name: string, body: object) {
  const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}
const network = (token: string, body: object = {}) => make(token, 'networks', 'network', body);
const subnet = (token: string, network_id: string, cidr: string) =>
  make(token, 'subnets', 'subnet', { network_id, ip_version: 4, cidr });
const port = (token: string, network_id: string) => make(token, 'ports', 'port', { network_id });
const policyOf = (object_type: string, object_id: string, target_tenant: unknown, action = 'access_as_shared') => ({
  rbac_policy: { object_type, object_id, target_tenant, action },
});
async function share(token: string, type: string, id: string, target: string, action?: string) {
  const answer = await api.ask(token, 'POST', '/v2.0/rbac-policies', policyOf(type, id, target, action));
  assert.equal(answer.status, 201, answer.text);
  return answer.body.rbac_policy;
}
const status = async (token: string, method: string, path: string, body?: unknown) =>
  (await api.ask(token, method, `/v2.0/${path}`, body)).status;
async function refused(token: string, method: string, path: string, body: unknown, expected: number, type: string) {
  const answer = await api.ask(token, method, `/v2.0/${path}`, body);
  assert.equal(`${answer.status} ${answer.body?.NeutronError?.type}`, `${expected} ${type}`, answer.text);
  return answer.body.NeutronError.message as string;
}
const ids = async (token: string, path: string) => {
  const answer = await api.ask(token, 'GET', `/v2.0/${path}`);
  assert.equal(answer.status, 200, answer.text);
  const rows = Object.values(answer.body)[0] as { id: string }[];
  return rows.map((row) => row.id);
};

test('a network is seen, with its subnets, by the project that it is shared with and by no other', async () => {
  const net = await network(one.token);
  const sub = await subnet(one.token, net.id, '10.1.0.0/24');
  assert.equal(await status(two.token, 'GET', `networks/${net.id}`), 404);
  const policy = await share(one.token, 'network', net.id, two.projectId);
  assert.deepEqual(
    { ...policy, id: undefined },
    {
      id: undefined,
      tenant_id: one.projectId,
      project_id: one.projectId,
      object_type: 'network',
      object_id: net.id,
      target_tenant: two.projectId,
      action: 'access_as_shared',
    },
  );
  for (const path of [`networks/${net.id}`, `subnets/${sub.id}`]) {
    assert.equal(await status(two.token, 'GET', path), 200);
    assert.equal(await status(api.demo, 'GET', path), 404);
  }
  const shown = async (token: string) => (await api.ask(token, 'GET', `/v2.0/networks/${net.id}`)).body.network.shared;
  assert.deepEqual([await shown(two.token), await shown(one.token), await shown(api.admin)], [true, false, false]);
  assert.equal(await status(two.token, 'PUT', `networks/${net.id}`, { network: { name: 'mine' } }), 403);
  assert.ok((await ids(one.token, 'rbac-policies')).includes(policy.id));
  assert.ok(!(await ids(two.token, 'rbac-policies')).includes(policy.id));
});

test('the filter shared finds networks, subnets and groups by what policies say', async () => {
  const own = await network(two.token);
  const net = await network(one.token);
  const sub = await subnet(one.token, net.id, '10.2.0.0/24');
  await share(one.token, 'network', net.id, two.projectId);
  await share(api.admin, 'network', net.id, nobody);
  for (const [path, id] of [
    ['networks', net.id],
    ['subnets', sub.id],
  ]) {
    assert.ok((await ids(two.token, `${path}?shared=true`)).includes(id), path);
    assert.ok(!(await ids(two.token, `${path}?shared=false`)).includes(id), path);
    assert.ok(!(await ids(api.admin, `${path}?shared=True`)).includes(id), path);
  }
  assert.ok((await ids(two.token, 'networks?shared=False')).includes(own.id));
  assert.equal(await status(two.token, 'GET', 'networks?shared=perhaps'), 400);
  assert.equal(await status(two.token, 'GET', 'ports?shared=true'), 400);
});

test('shared=true is the policy for everybody, and nothing else', async () => {
  const net = await network(api.admin, { shared: true });
  const about = `rbac-policies?object_id=${net.id}`;
  const [policy] = (await api.ask(api.admin, 'GET', `/v2.0/${about}`)).body.rbac_policies;
  assert.equal(`${policy.target_tenant} ${policy.action}`, '* access_as_shared');
  assert.equal(await status(two.token, 'GET', `networks/${net.id}`), 200);
  assert.equal(await status(api.admin, 'DELETE', `rbac-policies/${policy.id}`), 204);
  assert.equal((await api.ask(api.admin, 'GET', `/v2.0/networks/${net.id}`)).body.network.shared, false);
  assert.equal(await status(two.token, 'GET', `networks/${net.id}`), 404);
  const again = await api.ask(api.admin, 'PUT', `/v2.0/networks/${net.id}`, { network: { shared: true } });
  assert.equal(again.body.network.shared, true);
  assert.equal((await ids(api.admin, about)).length, 1);
  await api.ask(api.admin, 'PUT', `/v2.0/networks/${net.id}`, { network: { shared: false } });
  assert.deepEqual(await ids(api.admin, about), []);
  await share(api.admin, 'network', net.id, two.projectId);
  assert.equal(await status(api.admin, 'DELETE', `networks/${net.id}`), 204);
  assert.deepEqual(await ids(api.admin, about), [], 'policies go with their object');
});

test('a port keeps the policy that its project depends on', async () => {
  const net = await network(one.token, { name: 'kept' });
  await subnet(one.token, net.id, '10.3.0.0/24');
  const policy = await share(api.admin, 'network', net.id, two.projectId);
  const used = await port(two.token, net.id);
  const url = `rbac-policies/${policy.id}`;
  const message = await refused(api.admin, 'DELETE', url, undefined, 409, 'RbacPolicyInUse');
  assert.equal(
    message,
    `RBAC policy on object ${net.id} cannot be removed because other objects depend on it.\nDetails: Unable to reconfigure sharing settings for network kept. Multiple projects are using it.`,
  );
  await refused(api.admin, 'PUT', url, { rbac_policy: { target_tenant: nobody } }, 409, 'RbacPolicyInUse');
  const all = await share(api.admin, 'network', net.id, '*');
  assert.equal(await status(api.admin, 'DELETE', url), 204, 'everybody has it by the other policy');
  await refused(api.admin, 'DELETE', `rbac-policies/${all.id}`, undefined, 409, 'RbacPolicyInUse');
  await refused(api.admin, 'PUT', `networks/${net.id}`, { network: { shared: false } }, 409, 'InvalidSharedSetting');
  assert.equal(await status(one.token, 'DELETE', `ports/${used.id}`), 204, 'the owner of the network may delete it');
  assert.equal(await status(api.admin, 'DELETE', `rbac-policies/${all.id}`), 204);
});

test("one's own project is no other one, and a policy's target may change", async () => {
  const net = await network(one.token);
  await subnet(one.token, net.id, '10.4.0.0/24');
  const self = await share(one.token, 'network', net.id, one.projectId);
  await port(one.token, net.id);
  const url = `/v2.0/rbac-policies/${self.id}`;
  const changed = await api.ask(one.token, 'PUT', url, { rbac_policy: { target_tenant: two.projectId } });
  assert.deepEqual(changed.body.rbac_policy, { ...self, target_tenant: two.projectId });
  assert.equal(await status(two.token, 'GET', `networks/${net.id}`), 200);
  assert.equal(await status(one.token, 'DELETE', `rbac-policies/${self.id}`), 204);
});

test('who may make which policy', async () => {
  const net = await network(one.token);
  const group = await make(one.token, 'security-groups', 'security_group', { name: 'g' });
  await share(one.token, 'network', net.id, two.projectId);
  const cases: [Tenant['token'], object, number, string, RegExp][] = [
    [one.token, policyOf('network', net.id, '*'), 403, 'PolicyNotAuthorized', /create_rbac_policy:target_tenant/],
    [two.token, policyOf('network', net.id, nobody), 400, 'InvalidInput', /networks they do not own/],
    [api.demo, policyOf('network', net.id, nobody), 400, 'InvalidInput', /could not be found/],
    [one.token, policyOf('network', net.id, two.projectId), 409, 'DuplicateRbacPolicy', /already exists/],
    [one.token, policyOf('router', net.id, nobody), 400, 'HTTPBadRequest', /object_type/],
    [one.token, policyOf('network', net.id, nobody, 'own'), 400, 'InvalidActionForType', /access_as_external/],
    [
      one.token,
      policyOf('security_group', group.id, nobody, 'access_as_external'),
      400,
      'InvalidActionForType',
      /Invalid action 'access_as_external' for object type 'security_group'. Valid actions: access_as_shared/,
    ],
    [one.token, policyOf('network', net.id, null), 400, 'HTTPBadRequest', /target_tenant/],
    [one.token, policyOf('network', net.id, '1234'.repeat(100)), 400, 'HTTPBadRequest', /target_tenant/],
    [one.token, { rbac_policy: { object_id: net.id } }, 400, 'HTTPBadRequest', /'object_type' not specified/],
  ];
  for (const [token, body, code, type, sentence] of cases)
    assert.match(await refused(token, 'POST', 'rbac-policies', body, code, type), sentence);
  const policy = await share(one.token, 'security_group', group.id, nobody);
  const all = { rbac_policy: { target_tenant: '*' } };
  await refused(one.token, 'PUT', `rbac-policies/${policy.id}`, all, 403, 'PolicyNotAuthorized');
  await refused(two.token, 'DELETE', `rbac-policies/${policy.id}`, undefined, 404, 'RbacPolicyNotFound');
});

test('policies have a quota, raise the revision of their network, and are shown by fields and filters', async () => {
  const net = await network(api.admin);
  const revision = async () =>
    (await api.ask(api.admin, 'GET', `/v2.0/networks/${net.id}`)).body.network.revision_number as number;
  const before_ = await revision();
  const target = (at: number) => at.toString(16).padStart(32, 'a');
  const third = await addTenant(api, 'third');
  const made = await network(third.token);
  for (let at = 0; at < 10; at++) await share(third.token, 'network', made.id, target(at));
  await refused(third.token, 'POST', 'rbac-policies', policyOf('network', made.id, target(10)), 409, 'OverQuota');
  const policy = await share(api.admin, 'network', net.id, two.projectId);
  assert.ok((await revision()) > before_);
  assert.deepEqual(await ids(api.admin, `rbac-policies?id=${policy.id}`), [policy.id]);
  assert.deepEqual(await ids(api.admin, `rbac-policies?object_id=${net.id}&action=access_as_external`), []);
  const fields = await api.ask(third.token, 'GET', '/v2.0/rbac-policies?fields=object_type&fields=target_tenant');
  assert.deepEqual(Object.keys(fields.body.rbac_policies[0]).sort(), ['object_type', 'target_tenant']);
});

test('an external network is what policies make of it', async () => {
  const net = await network(api.admin, { 'router:external': true });
  await subnet(api.admin, net.id, '198.51.100.0/24');
  const about = `rbac-policies?object_id=${net.id}`;
  const [policy] = (await api.ask(api.admin, 'GET', `/v2.0/${about}`)).body.rbac_policies;
  assert.equal(`${policy.target_tenant} ${policy.action}`, '* access_as_external');
  const gateway = { external_gateway_info: { network_id: net.id } };
  const router = await make(one.token, 'routers', 'router', gateway);
  const url = `rbac-policies/${policy.id}`;
  assert.match(
    await refused(api.admin, 'DELETE', url, undefined, 409, 'RbacPolicyInUse'),
    /There are routers attached to this network that depend on this policy for access/,
  );
  await refused(api.admin, 'PUT', url, { rbac_policy: { target_tenant: two.projectId } }, 409, 'RbacPolicyInUse');
  await share(api.admin, 'network', net.id, one.projectId, 'access_as_external');
  assert.equal(await status(api.admin, 'DELETE', url), 204);
  assert.equal(await status(two.token, 'GET', `networks/${net.id}`), 404);
  assert.equal(await status(one.token, 'GET', `networks/${net.id}`), 200);
  assert.equal(await status(two.token, 'POST', 'routers', { router: gateway }), 404);
  assert.equal(await status(one.token, 'DELETE', `routers/${router.id}`), 204);
  const [last] = await ids(api.admin, about);
  assert.equal(await status(api.admin, 'DELETE', `rbac-policies/${last}`), 204);
  const shown = await api.ask(api.admin, 'GET', `/v2.0/networks/${net.id}`);
  assert.equal(shown.body.network['router:external'], false);
});

test('a policy of its own makes a network external for its target alone', async () => {
  const net = await network(api.admin);
  await share(api.admin, 'network', net.id, one.projectId, 'access_as_external');
  const shown = await api.ask(one.token, 'GET', `/v2.0/networks/${net.id}`);
  assert.equal(shown.body.network['router:external'], true);
  assert.ok((await ids(one.token, 'networks?router:external=true')).includes(net.id));
  assert.ok(!(await ids(two.token, 'networks?router:external=true')).includes(net.id));
});

test('a security group is shared: its rules are seen, its ports keep the policy, its owner alone changes it', async () => {
  const group = await make(one.token, 'security-groups', 'security_group', { name: 'shared' });
  const net = await network(two.token);
  await subnet(two.token, net.id, '10.5.0.0/24');
  const body = { port: { network_id: net.id, security_groups: [group.id] } };
  assert.equal(await status(two.token, 'POST', 'ports', body), 404);
  const policy = await share(one.token, 'security_group', group.id, two.projectId);
  const shown = (await api.ask(two.token, 'GET', `/v2.0/security-groups/${group.id}`)).body.security_group;
  assert.equal(shown.shared, true);
  assert.equal(shown.security_group_rules.length, 2);
  assert.deepEqual(await ids(two.token, 'security-groups?shared=true'), [group.id]);
  const used = await make(two.token, 'ports', 'port', body.port);
  assert.match(
    await refused(one.token, 'DELETE', `rbac-policies/${policy.id}`, undefined, 409, 'RbacPolicyInUse'),
    new RegExp(`Details: project_id=${two.projectId}`),
  );
  const rule = { security_group_rule: { security_group_id: group.id, direction: 'ingress' } };
  await refused(two.token, 'POST', 'security-group-rules', rule, 403, 'PolicyNotAuthorized');
  assert.equal(await status(two.token, 'DELETE', `security-groups/${group.id}`), 403);
  assert.equal(await status(two.token, 'DELETE', `ports/${used.id}`), 204);
  assert.equal(await status(one.token, 'DELETE', `rbac-policies/${policy.id}`), 204);
  assert.equal(await status(two.token, 'GET', `security-groups/${group.id}`), 404);
});

test('a router takes a subnet that is shared with its project by name, not one that is shared with everybody', async () => {
  const net = await network(api.admin, { shared: true });
  const sub = await subnet(api.admin, net.id, '10.9.0.0/24');
  const router = await make(one.token, 'routers', 'router', {});
  const url = `routers/${router.id}/add_router_interface`;
  assert.match(
    await refused(one.token, 'PUT', url, { subnet_id: sub.id }, 400, 'BadRequest'),
    /is not owned by project making the request/,
  );
  await share(api.admin, 'network', net.id, one.projectId);
  assert.equal(await status(one.token, 'PUT', url, { subnet_id: sub.id }), 200);
});

test('the owner of a network deletes what others have on it; others choose no addresses there', async () => {
  const net = await network(api.admin, { shared: true, project_id: two.projectId });
  const sub = await subnet(api.admin, net.id, '10.11.0.0/24');
  const used = await port(one.token, net.id);
  assert.equal(await status(api.demo, 'GET', `ports/${used.id}`), 404);
  const chosen = { port: { network_id: net.id, fixed_ips: [{ ip_address: '10.11.0.77' }] } };
  await refused(one.token, 'POST', 'ports', chosen, 403, 'PolicyNotAuthorized');
  const moved = { port: { fixed_ips: [{ subnet_id: sub.id }] } };
  assert.match(
    await refused(one.token, 'PUT', `ports/${used.id}`, moved, 403, 'PolicyNotAuthorized'),
    /update_port:fixed_ips/,
  );
  await refused(two.token, 'PUT', `ports/${used.id}`, { port: { name: 'mine' } }, 403, 'PolicyNotAuthorized');
  assert.equal(await status(two.token, 'PUT', `subnets/${sub.id}`, { subnet: { name: 'mine' } }), 200);
  await refused(one.token, 'DELETE', `subnets/${sub.id}`, undefined, 403, 'PolicyNotAuthorized');
  assert.equal(await status(two.token, 'DELETE', `ports/${used.id}`), 204);
  assert.equal(await status(two.token, 'DELETE', `subnets/${sub.id}`), 204);
});

test('a network that is external and not shared takes no ports of others', async () => {
  const net = await network(api.admin, { 'router:external': true });
  await refused(one.token, 'POST', 'ports', { port: { network_id: net.id } }, 403, 'PolicyNotAuthorized');
  await share(api.admin, 'network', net.id, one.projectId);
  await port(one.token, net.id);
});

test('a QoS policy is shared, and stays shared with those whose ports have it', async () => {
  const qos = await startTestApi({ servicePlugins: ['router', 'qos'] });
  const { body } = await qos.ask(qos.admin, 'POST', '/v2.0/qos/policies', { policy: { name: 'p', shared: true } });
  const { id, shared } = body.policy;
  assert.equal(shared, true);
  const made = await qos.ask(qos.demo, 'POST', '/v2.0/networks', { network: { qos_policy_id: id } });
  assert.equal(made.status, 201, made.text);
  const unshare = { policy: { shared: false } };
  const answer = await qos.ask(qos.admin, 'PUT', `/v2.0/qos/policies/${id}`, unshare);
  assert.equal(answer.body.NeutronError.type, 'RbacPolicyInUse');
  await qos.ask(qos.demo, 'PUT', `/v2.0/networks/${made.body.network.id}`, { network: { qos_policy_id: null } });
  assert.equal((await qos.ask(qos.admin, 'PUT', `/v2.0/qos/policies/${id}`, unshare)).body.policy.shared, false);
  assert.equal((await qos.ask(qos.demo, 'GET', `/v2.0/qos/policies/${id}`)).status, 404);
  await qos.close();
});

test('address groups, scopes and pools are shared; a pool with those alone who see its scope', async () => {
  const scope = await make(one.token, 'address-scopes', 'address_scope', { name: 's', ip_version: 4 });
  const within = { name: 'p', prefixes: ['10.64.0.0/10'], address_scope_id: scope.id };
  const pool = await make(one.token, 'subnetpools', 'subnetpool', within);
  const addresses = await make(one.token, 'address-groups', 'address_group', { name: 'a', addresses: ['10.0.0.1/32'] });
  const about = policyOf('subnetpool', pool.id, two.projectId);
  assert.match(
    await refused(one.token, 'POST', 'rbac-policies', about, 400, 'InvalidInput'),
    /target project doesn't have access to associated address scope/,
  );
  const seen: [string, string, string][] = [
    ['address_scope', 'address-scopes', scope.id],
    ['subnetpool', 'subnetpools', pool.id],
    ['address_group', 'address-groups', addresses.id],
  ];
  for (const [type, path, id] of seen) {
    assert.equal(await status(two.token, 'GET', `${path}/${id}`), 404, path);
    await share(one.token, type, id, two.projectId);
    const shown = await api.ask(two.token, 'GET', `/v2.0/${path}/${id}`);
    assert.equal(shown.body[type].shared, true, path);
    assert.deepEqual(await ids(two.token, `${path}?shared=true`), [id]);
    assert.equal(await status(two.token, 'DELETE', `${path}/${id}`), 403, path);
  }
  const net = await network(two.token);
  const pooled = { subnet: { network_id: net.id, ip_version: 4, subnetpool_id: pool.id, prefixlen: 24 } };
  assert.equal(await status(two.token, 'POST', 'subnets', pooled), 201);
  const rule = { direction: 'ingress', remote_address_group_id: addresses.id };
  const [group] = await ids(two.token, 'security-groups?name=default');
  await make(two.token, 'security-group-rules', 'security_group_rule', { security_group_id: group, ...rule });
  for (const [, , id] of seen) {
    if (id === scope.id) continue;
    const [policy] = await ids(one.token, `rbac-policies?object_id=${id}`);
    await refused(one.token, 'DELETE', `rbac-policies/${policy}`, undefined, 409, 'RbacPolicyInUse');
  }
});
