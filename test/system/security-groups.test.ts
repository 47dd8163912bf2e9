import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LabDriver } from '../../src/lab/ground.ts';
import { noOvs } from '../../src/lab/ovs.ts';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { addressGroup } from '../../src/model/index.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const missing = noOvs();

for (const driver of ['linuxbridge', 'openvswitch'] as const) {
  const unable = skip || (driver === 'openvswitch' && missing) || false;
  describe(`security groups: ${driver}`, { skip: unable, timeout: 240_000 }, () => suite(driver));
}

function suite(driver: LabDriver): void {
  let c: SmallCloud;
  let web: Instance;
  let friend: Instance;
  let stranger: Instance;
  let groupId: string;

  before(async () => {
    c = await startSmallCloud({ driver });
    const group = await c.api.securityGroups.create({ name: 'web' });
    groupId = group.id;
    web = await c.boot('web', { draft: { security_groups: [group.id] } });
    friend = await c.boot('friend');
    stranger = await c.boot('stranger');
    await serve(web.host, 'web', { tcp: [80, 8080, 8191, 8192] }, web.netns);
  });
  after(() => c?.close());

  const reaches = async (who: Instance, port = 80) =>
    (await fetchPage(who.host, web.lease.ip, port, { netns: who.netns, ms: 700 })).reached;
  const rule = (more: object) =>
    c.api.securityGroupRules.create({ security_group_id: groupId, direction: 'ingress', protocol: 'tcp', ...more });
  const ports = (first: number, last = first) => ({ port_range_min: first, port_range_max: last });

  test('a rule for a range of ports lets in just these', async () => {
    assert.equal(await reaches(stranger), false, 'without a rule');
    const made = await rule(ports(8000, 8191));
    await eventually('the first', () => reaches(stranger, 8080));
    assert.ok(await reaches(stranger, 8191));
    assert.equal(await reaches(stranger, 8192), false);
    assert.equal(await reaches(stranger, 80), false);
    await c.api.securityGroupRules.remove(made.id);
    await eventually('none', async () => !(await reaches(stranger, 8080)));
  });

  test('a rule for the members of a group follows who is in it', async () => {
    const friends = await c.api.securityGroups.create({ name: 'friends' });
    const made = await rule({ ...ports(80), remote_group_id: friends.id });
    assert.equal(await reaches(friend), false);
    await c.api.ports.update(friend.port.id, { security_groups: [c.open.id, friends.id] });
    await eventually('the member', () => reaches(friend));
    assert.equal(await reaches(stranger), false);
    await c.api.ports.update(friend.port.id, { security_groups: [c.open.id] });
    await eventually('no member any more', async () => !(await reaches(friend)));
    await c.api.securityGroupRules.remove(made.id);
  });

  test('a rule for an address group follows its prefixes', async () => {
    const groups = c.api.of(addressGroup);
    const some = await groups.create({ addresses: [`${stranger.lease.ip}/32`] });
    const made = await rule({ ...ports(80), remote_address_group_id: some.id });
    await eventually('the address', () => reaches(stranger));
    assert.equal(await reaches(friend), false);
    await groups.action(some.id, 'add_addresses', { addresses: ['10.100.0.0/25'] });
    const inside = Number(friend.lease.ip.split('.')[3]) < 128;
    if (inside) await eventually('the prefix', () => reaches(friend));
    await c.api.securityGroupRules.remove(made.id);
    await eventually('nobody', async () => !(await reaches(stranger)));
  });
}
