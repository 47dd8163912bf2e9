import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { quotaUsage, securityGroup, securityGroupRule } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { updatePort } from './port.ts';
import { admin, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { ensureDefaultGroup, securityGroupOperations } from './security-group.ts';
import { securityGroupRuleOperations } from './security-group-rule.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type GroupRow = Row<typeof securityGroup>;
const create = (name: string, draft: Draft<typeof securityGroup> = {}) =>
  cloud.act(demo, (c) => required(securityGroupOperations.create)(c, { name, ...draft }));
const update = (row: GroupRow, changes: Partial<GroupRow>) =>
  cloud.act(demo, (c) => required(securityGroupOperations.update)(c, row, changes));
const remove = (row: GroupRow, caller = demo) =>
  cloud.act(caller, (c) => required(securityGroupOperations.remove)(c, row));
const addRule = (group: GroupRow, draft: Draft<typeof securityGroupRule>) =>
  cloud.act(demo, (c) =>
    required(securityGroupRuleOperations.create)(c, { security_group_id: group.id, direction: 'ingress', ...draft }),
  );
const rulesOf = async (group: GroupRow) => {
  const rules = await cloud.read((r) => r.find(securityGroupRule, { security_group_id: group.id }));
  return rules.map((rule) => `${rule.direction} ${rule.ethertype} ${rule.remote_group_id}`).toSorted();
};
const defaultGroup = async (project = 'p-demo') => {
  const id = await cloud.act(admin, (c) => ensureDefaultGroup(c, project));
  const row = await cloud.read((r) => r.get(securityGroup, id));
  assert.ok(row);
  return row;
};
const usage = async (resource: string) =>
  (await cloud.read((r) => r.first(quotaUsage, { project_id: 'p-demo', resource })))?.used ?? 0;

test('each project has one default group, however many ask for it at once', async () => {
  const ids = await Promise.all(
    Array.from({ length: 8 }, () => cloud.act(demo, (c) => ensureDefaultGroup(c, 'p-many'))),
  );
  assert.equal(new Set(ids).size, 1);
  const named = await cloud.read((r) => r.find(securityGroup, { project_id: 'p-many' }));
  assert.deepEqual(
    named.map((row) => row.name),
    ['default'],
  );
});

test('a new group lets all out; the default one also its own members in', async () => {
  assert.deepEqual(await rulesOf(await create('web')), ['egress IPv4 null', 'egress IPv6 null']);
  const group = await defaultGroup();
  const expected = ['egress IPv4 null', 'egress IPv6 null', `ingress IPv4 ${group.id}`, `ingress IPv6 ${group.id}`];
  assert.deepEqual(await rulesOf(group), expected);
});

test('default is the name of one group, which keeps it and is not deleted by its project', async () => {
  await refused(create('default'), 409, 'SecurityGroupDefaultAlreadyExists', 'Default security group already exists.');
  const group = await defaultGroup();
  await refused(update(group, { name: 'x' }), 409, 'SecurityGroupCannotUpdateDefault', /not allowed/);
  await refused(remove(group), 409, 'SecurityGroupCannotRemoveDefault', /Insufficient rights/);
  const web = await create('renamed');
  await refused(update(web, { name: 'default' }), 409, 'SecurityGroupDefaultAlreadyExists', /exists/);
  await remove(await defaultGroup('p-other'), admin);
  const anew = await defaultGroup('p-other');
  assert.equal(anew.name, 'default');
});

test('a group that ports are in stays, and keeps its statefulness', async () => {
  const on = await cloud.network(demo);
  await cloud.subnet(demo, on.id, '10.0.0.0/24');
  const group = await create('used');
  const row = await cloud.port(demo, on.id, { security_groups: [group.id] });
  await refused(remove(group), 409, 'SecurityGroupInUse', `Security Group ${group.id} in use.`);
  await refused(update(group, { stateful: false }), 409, 'SecurityGroupInUse', /in use/);
  await cloud.act(demo, (c) => updatePort(c, row, { security_groups: [] }));
  const stateless = await update(group, { stateful: false });
  assert.equal(stateless.stateful, false);
  const mixed = { security_groups: [group.id, (await create('stateful')).id] };
  await refused(cloud.port(demo, on.id, mixed), 409, 'SecurityGroupConflict', /both stateful and stateless/);
  await remove(group);
});

test('the same rule twice is refused by its id; protocol names and numbers are the same', async () => {
  const group = await create('rules');
  const web = { protocol: 'tcp', port_range_min: 80, port_range_max: 80 };
  const first = await addRule(group, web);
  const sentence = `Security group rule already exists. Rule id is ${first.id}.`;
  await refused(addRule(group, web), 409, 'SecurityGroupRuleExists', sentence);
  await refused(addRule(group, { ...web, protocol: '6' }), 409, 'SecurityGroupRuleExists', sentence);
  await refused(addRule(group, { ...web, remote_ip_prefix: '0.0.0.0/0' }), 409, 'SecurityGroupRuleExists', sentence);
  const anywhere = await addRule(group, { ethertype: 'IPv6', ...web, remote_ip_prefix: '::/0' });
  const again = `Security group rule already exists. Rule id is ${anywhere.id}.`;
  await refused(addRule(group, { ethertype: 'IPv6', ...web }), 409, 'SecurityGroupRuleExists', again);
  await addRule(group, { ...web, remote_ip_prefix: '10.0.0.0/8' });
  await addRule(group, { ...web, direction: 'egress' });
  const results = await Promise.allSettled(Array.from({ length: 4 }, () => addRule(group, { protocol: 'udp' })));
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
});

test('a rule is a change of its group, and names only groups that the caller sees', async () => {
  const group = await create('touched');
  const revision = async () => (await cloud.read((r) => r.get(securityGroup, group.id)))?.revision_number;
  assert.equal(await revision(), 0);
  const rule = await addRule(group, { protocol: 'tcp' });
  assert.equal(await revision(), 1);
  await cloud.act(demo, (c) => required(securityGroupRuleOperations.remove)(c, rule));
  assert.equal(await revision(), 2);
  const foreign = await defaultGroup(other.projectId);
  await refused(addRule(group, { remote_group_id: foreign.id }), 404, 'SecurityGroupNotFound', /does not exist/);
  await refused(addRule(foreign, {}), 404, 'SecurityGroupNotFound', /does not exist/);
});

test('a deleted group takes its rules along, and those that refer to it, and gives the quota back', async () => {
  const before = [await usage('security_group'), await usage('security_group_rule')];
  const group = await create('gone');
  const referring = await create('referring');
  await addRule(referring, { remote_group_id: group.id });
  await addRule(group, { protocol: 'tcp' });
  await remove(group);
  assert.deepEqual(await rulesOf(referring), ['egress IPv4 null', 'egress IPv6 null']);
  await remove(referring);
  assert.deepEqual([await usage('security_group'), await usage('security_group_rule')], before);
});

test('a list of groups computes their rules', async () => {
  const group = await create('shown');
  const { settings, clock } = cloud;
  const context = { caller: demo, settings, clock };
  const computed = await cloud.read(async (r) => securityGroupOperations.compute?.({ r, ...context }, [group]));
  const shown = computed?.[0]?.security_group_rules ?? [];
  assert.deepEqual(
    shown.map((rule) => rule.direction),
    ['egress', 'egress'],
  );
});
