/** Connections end with the last rule that allows them, whatever took it away, and no others do. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/lab/cloud.ts';
import type { LabDriver } from '../../src/lab/ground.ts';
import { forgetDecisions } from '../../src/lab/ovs.ts';
import { fetchPage, type HeldConnection, holdConnection, holdPing, serve } from '../../src/lab/probe.ts';
import { deviceSuffix } from '../../src/model/host-objects.ts';
import { addressGroup } from '../../src/model/index.ts';
import {
  drivers,
  eventually,
  type Instance,
  type SmallCloud,
  skipDriver,
  startSmallCloud,
} from './support/small-cloud.ts';

for (const driver of drivers) {
  const options = { skip: skipDriver(driver), timeout: 240_000 };
  describe(`connections end with their rule: ${driver}`, options, () => suite(driver));
}

function suite(driver: LabDriver): void {
  let c: SmallCloud;
  let web: Instance;
  let friend: Instance;
  let stranger: Instance;
  let agent: Daemon | undefined;
  let groupId: string;
  const held: HeldConnection[] = [];

  before(async () => {
    c = await startSmallCloud({
      driver,
      started: (daemon, role) => {
        if (role === 'agent') agent = daemon;
      },
    });
    groupId = (await c.api.securityGroups.create({ name: 'web' })).id;
    web = await c.boot('web', { draft: { security_groups: [groupId] } });
    friend = await c.boot('friend');
    stranger = await c.boot('stranger');
    for (const one of [web, friend]) await serve(one.host, one.netns, { tcp: [80, 8080] }, one.netns);
  });
  after(async () => {
    for (const one of held) one.close();
    await c?.close();
  });

  const reaches = (who: Instance, to = web, port = 80) =>
    eventually(`${who.netns} reaches ${to.netns}`, async () => {
      const { reached } = await fetchPage(who.host, to.lease.ip, port, { netns: who.netns, ms: 700 });
      if (!reached) await decideAnew();
      return reached;
    });
  const hold = async (who: Instance, { to = web, port = 80, from = '' } = {}) => {
    await reaches(who, to, port);
    const connection = await holdConnection(who.host, to.lease.ip, port, who.netns, from || undefined);
    held.push(connection);
    return connection;
  };
  const ping = async (who: Instance, to = web) => {
    const one = await holdPing(who.host, to.lease.ip, who.netns);
    held.push(one);
    return one;
  };
  const decideAnew = async () => {
    if (driver === 'openvswitch') await forgetDecisions(web.host);
  };
  const isCut = async (connection: HeldConnection) => {
    await connection.untilCut(1000, 5000).catch(decideAnew);
    await connection.untilCut(1000, 10_000);
  };
  const goesOn = async (connection: HeldConnection) => {
    await connection.nextTick(1000).catch(decideAnew);
    await connection.nextTick(5000);
    await connection.nextTick(5000);
  };
  const allow = (more: object) =>
    c.api.securityGroupRules.create({ security_group_id: groupId, direction: 'ingress', protocol: 'tcp', ...more });
  const from = ({ lease }: Instance) => ({ remote_ip_prefix: `${lease.ip}/32` });
  const port = (number: number) => ({ port_range_min: number, port_range_max: number });
  const clear = async () => {
    for (const rule of await c.api.securityGroupRules.list({ security_group_id: groupId, direction: 'ingress' }))
      await c.api.securityGroupRules.remove(rule.id);
  };

  test('a rule goes: what came by it alone is cut, though its server may send whatever it likes', async () => {
    const forOne = await allow(from(friend));
    await allow({ ...from(friend), ...port(8080) });
    await allow(from(stranger));
    const [cut, otherPort, otherPeer] = [await hold(friend), await hold(friend, { port: 8080 }), await hold(stranger)];
    await c.api.securityGroupRules.remove(forOne.id);
    await isCut(cut);
    await goesOn(otherPort);
    await goesOn(otherPeer);
    await clear();
  });

  test('another rule that allows it is there: it goes on', async () => {
    const one = await allow({ ...from(friend), ...port(80) });
    await allow({ remote_ip_prefix: '10.100.0.0/24' });
    const probe = await allow({ ...from(stranger), protocol: 'icmp' });
    const [kept, seen] = [await hold(friend), await ping(stranger)];
    await c.api.securityGroupRules.remove(one.id);
    await c.api.securityGroupRules.remove(probe.id);
    await isCut(seen);
    await goesOn(kept);
    await clear();
  });

  test('a member leaves the group that a rule refers to', async () => {
    const friends = await c.api.securityGroups.create({ name: 'friends' });
    await allow({ remote_group_id: friends.id });
    for (const one of [friend, stranger])
      await c.api.ports.update(one.port.id, { security_groups: [c.open.id, friends.id] });
    const [cut, kept] = [await hold(friend), await hold(stranger)];
    await c.api.ports.update(friend.port.id, { security_groups: [c.open.id] });
    await isCut(cut);
    await goesOn(kept);
    await c.api.ports.update(stranger.port.id, { security_groups: [c.open.id] });
    await isCut(kept);
    await clear();
  });

  test('an address leaves the address group that a rule refers to', async () => {
    const groups = c.api.of(addressGroup);
    const addresses = [friend, stranger].map(({ lease }) => `${lease.ip}/32`);
    const some = await groups.create({ addresses });
    await allow({ remote_address_group_id: some.id });
    const [cut, kept] = [await hold(friend), await hold(stranger)];
    await groups.action(some.id, 'remove_addresses', { addresses: addresses.slice(0, 1) });
    await isCut(cut);
    await goesOn(kept);
    await clear();
  });

  test('the port gets other groups: what these allow goes on', async () => {
    await allow({ ...port(80) });
    const both = await c.api.securityGroups.create({ name: 'both' });
    for (const number of [80, 8080])
      await c.api.securityGroupRules.create({
        security_group_id: both.id,
        direction: 'ingress',
        protocol: 'tcp',
        ...port(number),
      });
    await c.api.ports.update(web.port.id, { security_groups: [groupId, both.id] });
    const [cut, kept] = [await hold(friend, { port: 8080 }), await hold(friend)];
    await c.api.ports.update(web.port.id, { security_groups: [groupId] });
    await isCut(cut);
    await goesOn(kept);
    await c.api.ports.update(web.port.id, { security_groups: [] });
    await isCut(kept);
    await c.api.ports.update(web.port.id, { security_groups: [groupId] });
    await clear();
  });

  test('an allowed address pair goes: what came from its address is cut', async () => {
    await allow({});
    const shared = '10.100.0.250';
    await c.api.ports.update(friend.port.id, { allowed_address_pairs: [{ ip_address: shared }] });
    await friend.host.run(['ip', 'address', 'add', `${shared}/32`, 'dev', 'eth0'], { netns: friend.netns });
    const cut = await eventually('the pair is let through', () =>
      hold(friend, { from: shared }).catch(() => undefined),
    );
    const kept = await hold(friend);
    await c.api.ports.update(friend.port.id, { allowed_address_pairs: [] });
    await isCut(cut);
    await goesOn(kept);
    await friend.host.run(['ip', 'address', 'del', `${shared}/32`, 'dev', 'eth0'], { netns: friend.netns });
    await clear();
  });

  test('answers to pings stop with the rule, and come again with it', async () => {
    const rule = await allow({ protocol: 'icmp' });
    await eventually('a ping', () => ping(friend).catch(() => undefined));
    const answers = held.at(-1) as HeldConnection;
    await c.api.securityGroupRules.remove(rule.id);
    await isCut(answers);
    await allow({ protocol: 'icmp' });
    await answers.nextTick(15_000);
    await goesOn(answers);
    await clear();
  });

  test('so it is with IPv6', async () => {
    const subnet = await c.api.subnets.create({ network_id: c.inside.id, ip_version: 6, cidr: 'fd00:100::/64' });
    const addressed = [web, friend, stranger].map(async ({ host, netns, port: { id, fixed_ips } }, index) => {
      const ip = `fd00:100::${index + 5}`;
      const four = fixed_ips.filter(({ ip_address }) => !ip_address?.includes(':'));
      await c.api.ports.update(id, { fixed_ips: [...four, { subnet_id: subnet.id, ip_address: ip }] });
      await host.run(['ip', 'address', 'add', `${ip}/64`, 'dev', 'eth0', 'nodad'], { netns });
      return ip;
    });
    const [to = '', ...peers] = await Promise.all(addressed);
    const six = { ethertype: 'IPv6', protocol: 'ipv6-icmp' };
    const [gone] = await Promise.all(peers.map((ip) => allow({ ...six, remote_ip_prefix: `${ip}/128` })));
    const holdSix = ({ host, netns }: Instance) =>
      eventually(`${netns} pings`, async () => {
        const one = await holdPing(host, to, netns).catch(() => undefined);
        if (one) held.push(one);
        return one;
      });
    const [cut, kept] = [await holdSix(friend), await holdSix(stranger)];
    await c.api.securityGroupRules.remove(gone?.id ?? '');
    await isCut(cut);
    await goesOn(kept);
    await clear();
  });

  test('what an instance began is cut when it may not send so any more', async () => {
    const mine = await c.api.securityGroups.create({ name: 'sender' });
    const rules = await c.api.securityGroupRules.list({ security_group_id: mine.id, direction: 'egress' });
    for (const rule of rules) await c.api.securityGroupRules.remove(rule.id);
    const send = (number: number) =>
      c.api.securityGroupRules.create({
        security_group_id: mine.id,
        direction: 'egress',
        protocol: 'tcp',
        ...port(number),
      });
    const [gone] = [await send(80), await send(8080)];
    await c.api.ports.update(web.port.id, { security_groups: [mine.id] });
    const [cut, kept] = [await hold(web, { to: friend }), await hold(web, { to: friend, port: 8080 })];
    await c.api.securityGroupRules.remove(gone.id);
    await isCut(cut);
    await goesOn(kept);
    await c.api.ports.update(web.port.id, { security_groups: [groupId] });
  });

  test('a port whose rules allow nothing gets its lease', async () => {
    const nothing = await c.api.securityGroups.create({ name: 'nothing' });
    for (const rule of await c.api.securityGroupRules.list({ security_group_id: nothing.id }))
      await c.api.securityGroupRules.remove(rule.id);
    const late = await c.boot('late', { draft: { security_groups: [nothing.id] } });
    assert.equal(late.lease.ip, late.port.fixed_ips[0]?.ip_address);
    await c.api.ports.remove(late.port.id);
  });

  /** A bridge that learns nothing shows each frame to all its ports, and to `last` last: to the one that was plugged in first. */
  async function showEverything(bridge: string, last: string): Promise<void> {
    const ports = (await web.host.run(['ls', `/sys/class/net/${bridge}/brif`])).stdout.trim().split('\n');
    const again = ports.filter((port) => port !== last);
    const lines = again.flatMap((port) => [`link set ${port} nomaster`, `link set ${port} master ${bridge}`]);
    lines.push(`link set ${bridge} type bridge ageing_time 0`);
    await web.host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }
  const shown = driver === 'openvswitch' && 'with Open vSwitch frames to one receiver are not flooded';
  test('what is between others is no business of a port that is shown it', { skip: shown }, async () => {
    const bridge = `brq${deviceSuffix(c.inside.id)}`;
    await showEverything(bridge, `tap${deviceSuffix(web.port.id)}`);
    const kept = await hold(stranger, { to: friend });
    await goesOn(kept);
    await goesOn(kept);
    await web.host.run(['ip', 'link', 'set', bridge, 'type', 'bridge', 'ageing_time', '30000']);
  });

  test('a rule goes while the agent is dead: its connections end when it is back', async () => {
    const rule = await allow(from(friend));
    await allow(from(stranger));
    const [cut, kept] = [await hold(friend), await hold(stranger)];
    await agent?.kill('SIGKILL');
    await c.api.securityGroupRules.remove(rule.id);
    await goesOn(cut);
    await c.cloud.startAgent(0);
    await isCut(cut);
    await goesOn(kept);
  });
}
