import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { maxGroupAddresses } from '../model/resources/address-group.ts';
import { addressGroupOperations } from './address-group.ts';
import type { Caller } from './context.ts';
import { hostObject, hostObjectKeys } from './host-view.ts';
import { admin, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { securityGroupOperations } from './security-group.ts';
import { securityGroupRuleOperations } from './security-group-rule.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type Group = Awaited<ReturnType<typeof create>>;
const create = (addresses: string[] = [], caller: Caller = demo) =>
  cloud.act(caller, (c) => required(addressGroupOperations.create)(c, { name: 'group', addresses }));
const change = (name: 'add_addresses' | 'remove_addresses', group: Group, addresses: unknown) =>
  cloud.act(demo, (c) => required(addressGroupOperations.actions?.[name])(c, group, { addresses }) as Promise<Group>);
const securityGroup = (name: string) => cloud.act(demo, (c) => required(securityGroupOperations.create)(c, { name }));
const ruleTo = (security_group_id: string, remote_address_group_id: string, caller = demo) =>
  cloud.act(caller, (c) =>
    required(securityGroupRuleOperations.create)(c, {
      security_group_id,
      remote_address_group_id,
      direction: 'ingress',
    }),
  );
const remove = (group: Group) => cloud.act(demo, (c) => required(addressGroupOperations.remove)(c, group));
const journal = async () => cloud.read((r) => r.head());

test('addresses come and go, each once', async () => {
  const group = await create(['10.0.0.0/24', '10.0.0.0/24', '2001:db8::/32']);
  assert.deepEqual(group.addresses, ['10.0.0.0/24', '2001:db8::/32']);
  const more = await change('add_addresses', group, ['192.0.2.1', '192.0.2.1/32']);
  assert.deepEqual(more.addresses, ['10.0.0.0/24', '2001:db8::/32', '192.0.2.1/32']);
  assert.equal(more.revision_number, group.revision_number + 1);
  await refused(
    change('add_addresses', more, ['192.0.2.1/32', '10.9.0.0/16']),
    400,
    'AddressesAlreadyExist',
    `Addresses ['192.0.2.1/32'] already exist in the address group ${group.id}.`,
  );
  await refused(
    change('remove_addresses', more, ['10.0.0.0/24', '10.8.0.0/16']),
    404,
    'AddressesNotFound',
    `Addresses ['10.8.0.0/16'] not found in the address group ${group.id}.`,
  );
  assert.deepEqual((await change('remove_addresses', more, ['10.0.0.0/24'])).addresses, [
    '2001:db8::/32',
    '192.0.2.1/32',
  ]);
});

test('a body that is no list of prefixes is refused by what is wrong in it', async () => {
  const group = await create();
  await refused(change('add_addresses', group, undefined), 400, 'HTTPBadRequest', /addresses.*found nothing/);
  await refused(change('add_addresses', group, ['10.0.0.0/33']), 400, 'HTTPBadRequest', /addresses\[0\].*10.0.0.0\/33/);
});

test('a group has a largest size', async () => {
  const prefix = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`;
  const group = await create(Array.from({ length: maxGroupAddresses }, (_, n) => prefix(n)));
  await refused(change('add_addresses', group, ['192.0.2.1/32']), 400, 'BadRequest', /at most 10000 addresses/);
});

test('a group that a rule refers to stays', async () => {
  const group = await create(['10.0.0.0/8']);
  const rule = await ruleTo((await securityGroup('uses')).id, group.id);
  await refused(
    remove(group),
    409,
    'AddressGroupInUse',
    `Address group ${group.id} is in use on one or more security group rules.`,
  );
  await cloud.act(demo, (c) => required(securityGroupRuleOperations.remove)(c, rule));
  await remove(group);
});

test('a rule refers to a group that its author sees, and the same rule is not made twice', async () => {
  const foreign = await create([], other);
  const group = await securityGroup('refers');
  await refused(ruleTo(group.id, foreign.id), 404, 'AddressGroupNotFound', /could not be found/);
  const own = await create();
  await ruleTo(group.id, own.id);
  await refused(ruleTo(group.id, own.id), 409, 'SecurityGroupRuleExists', /already exists/);
  await ruleTo(group.id, (await create()).id);
});

test('hosts with a rule that refers to a group have its addresses; a change wakes that set alone', async () => {
  await cloud.host('alpha');
  const on = await cloud.network(demo);
  await cloud.subnet(demo, on.id, '10.0.0.0/24');
  const group = await create(['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32', 'fd00::1/128']);
  const filter = await securityGroup('filter');
  const rule = await ruleTo(filter.id, group.id);
  const draft = { security_groups: [filter.id], device_owner: 'compute:nova', 'binding:host_id': 'alpha' };
  await cloud.port(admin, on.id, { ...draft, project_id: demo.projectId });
  const seen = (host: string) => cloud.read((r) => hostObject(r, cloud.settings, host, `address_set/${group.id}`));
  assert.deepEqual(await seen('alpha'), {
    kind: 'address_set',
    id: group.id,
    ipv4: ['0.0.0.0/1', '10.0.0.0/8', '128.0.0.0/1', '192.0.2.1'],
    ipv6: ['fd00::1'],
  });
  assert.equal(await seen('beta'), undefined);
  assert.ok((await cloud.read((r) => hostObjectKeys(r, 'alpha'))).includes(`address_set/${group.id}`));
  const told = await cloud.read((r) => hostObject(r, cloud.settings, 'alpha', `security_group/${filter.id}`));
  assert.ok(told?.kind === 'security_group');
  assert.equal(told.rules.find((one) => one.id === rule.id)?.remote_address_group_id, group.id);

  const before = await journal();
  await change('add_addresses', group, ['172.16.0.0/12']);
  const entries = await cloud.read((r) => r.journal(before, 10));
  assert.deepEqual(
    entries.flatMap((entry) => entry.keys),
    [`address_set/${group.id}`],
  );
  const renamed = await journal();
  await cloud.act(demo, (c) => required(addressGroupOperations.update)(c, group, { name: 'other' }));
  assert.equal(await journal(), renamed, 'a name concerns no host');
});
