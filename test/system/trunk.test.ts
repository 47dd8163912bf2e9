import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { dhcp } from '../../src/lab/instance.ts';
import { noOvs } from '../../src/lab/ovs.ts';
import { startPing } from '../../src/lab/ping.ts';
import { deviceSuffix } from '../../src/model/host-objects.ts';
import { type network, type port, trunk } from '../../src/model/index.ts';
import type { Row } from '../../src/model/language.ts';
import { hostText, textDifference } from './support/host-text.ts';
import { eventually, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';
import { startVlanInstance, type VlanInstance } from './support/vlan-instance.ts';

type PortRow = Row<typeof port>;
const vlan = (sub: PortRow, id: number) => ({ port_id: sub.id, segmentation_type: 'vlan', segmentation_id: id });

describe('a trunk on hosts with Open vSwitch', { skip: skip || noOvs() || false, timeout: 300_000 }, () => {
  let c: SmallCloud;
  let host: LabHost;
  let agent: Daemon;
  let other: Row<typeof network>;
  let parent: PortRow;
  let sub: PortRow;
  let made: Row<typeof trunk>;
  let bridge: string;
  let vm: VlanInstance;
  let bare: string;

  const look = () => hostText(host, c.cloud.agentDir(0));
  const trunks = () => c.api.of(trunk);
  const statusOf = async () => (await trunks().show(made.id)).status;
  const becomes = (status: string) => eventually(`the trunk is ${status}`, async () => (await statusOf()) === status);
  const answers = async (netns: string, target: string, on: LabHost = host) =>
    (await on.run(['ping', '-c', '1', '-W', '1', target], { netns, mayFail: true })).code === 0;
  const lease = async (netns: string, on: LabHost = host) => (await dhcp(on, netns, 15))?.ip;
  const addressOf = (row: PortRow) => row.fixed_ips[0]?.ip_address ?? '';
  const portsAre = (status: string, rows: readonly PortRow[]) =>
    eventually(`the ports are ${status}`, async () => {
      const now = await Promise.all(rows.map((row) => c.api.ports.show(row.id)));
      return now.every((row) => row.status === status);
    });
  const interfaces = async (on: LabHost) => (await on.run(['ovs-vsctl', 'list-ports', 'br-int'])).stdout;
  const settled = async () => {
    const dir = ['--state-dir', c.cloud.agentDir(0)];
    await c.cloud.neutrino(0, ['agent', 'sync', ...dir]);
    assert.match((await c.cloud.neutrino(0, ['agent', 'plan', ...dir])).stdout, /^Nothing/);
  };

  before(async () => {
    c = await startSmallCloud({
      driver: 'openvswitch',
      hosts: 2,
      started: (daemon, role) => {
        if (role !== 'server') agent ??= daemon;
      },
    });
    host = c.cloud.hosts[0] as LabHost;
    other = await c.api.networks.create({ name: 'other' });
    await c.api.subnets.create({ network_id: other.id, ip_version: 4, cidr: '10.200.0.0/24' });
    const draft = { security_groups: [c.open.id] };
    await c.boot('near', { on: 0 });
    await c.boot('far', { on: 1, draft: { network_id: other.id } });
    // What is there of the other network stays: an instance on this host has it, too.
    await c.boot('beside', { on: 0, draft: { network_id: other.id } });
    await settled();
    bare = await look();
    parent = await c.api.ports.create({ ...draft, network_id: c.inside.id });
    sub = await c.api.ports.create({ ...draft, network_id: other.id });
    made = await trunks().create({ port_id: parent.id, sub_ports: [vlan(sub, 101)] });
    vm = await startVlanInstance(host, 'vm', parent);
    await vm.add('plain', parent.mac_address);
    await vm.add('tagged', sub.mac_address, 101);
  });
  after(() => c?.close());

  const bind = (to: LabHost | undefined) =>
    c.api.ports.update(parent.id, {
      'binding:host_id': to?.name ?? '',
      device_owner: to ? 'compute:nova' : '',
      device_id: to ? 'vm' : '',
    });

  test('frames without a tag are the parent port, with one the subport: each has the address of its own network', async () => {
    assert.equal(made.status, 'DOWN');
    const bound = await bind(host);
    bridge = String((bound['binding:vif_details'] as Record<string, unknown>).bridge_name);
    assert.equal(bridge, `tbr-${deviceSuffix(made.id)}`);
    const beside = await c.api.ports.show(sub.id);
    const { device_owner, device_id, 'binding:host_id': at } = beside;
    assert.deepEqual([device_owner, device_id, at], ['trunk:subport', made.id, host.name]);
    await becomes('DOWN');
    assert.equal((await c.api.ports.show(parent.id)).status, 'DOWN');
    await vm.plug(bridge);
    await becomes('ACTIVE');
    await portsAre('ACTIVE', [parent, sub]);
    assert.deepEqual([await lease('plain'), await lease('tagged')], [addressOf(parent), addressOf(sub)]);
    await settled();
  });

  test('each reaches its own network, on this host and on others, and nothing of the other', async () => {
    const [near, far, beside] = await Promise.all(
      ['near', 'far', 'beside'].map(async (name) => addressOf((await c.api.ports.list({ name }))[0] as PortRow)),
    );
    assert.ok(await answers('plain', near ?? ''), 'the parent reaches its network');
    assert.ok(await answers('tagged', beside ?? ''), 'the subport reaches its network on this host');
    assert.ok(await answers('tagged', far ?? ''), 'the subport reaches its network on another host');
    // With the name of the parent on the subport's network, and with that of the subport on the parent's.
    await host.run(['ip', 'address', 'add', `${addressOf(parent)}/24`, 'dev', 'eth0'], { netns: 'tagged' });
    const asParent = await host.run(['ping', '-c', '1', '-W', '1', '-I', addressOf(parent), near ?? ''], {
      netns: 'tagged',
      mayFail: true,
    });
    assert.notEqual(asParent.code, 0, 'a tagged frame came out on the network of the parent, or in a stolen name');
    await host.run(['ip', 'address', 'del', `${addressOf(parent)}/24`, 'dev', 'eth0'], { netns: 'tagged' });
  });

  test('a tag that no subport has leads nowhere', async () => {
    await vm.add('stray', parent.mac_address, 999);
    assert.equal(await dhcp(host, 'stray', 2), undefined);
  });

  test('a subport has the guards of its own: it sends in its own name, and receives what its groups allow', async () => {
    const beside = addressOf((await c.api.ports.list({ name: 'beside' }))[0] as PortRow);
    await host.run(['ip', 'address', 'add', '10.200.0.250/24', 'dev', 'eth0'], { netns: 'tagged' });
    const stolen = await host.run(['ping', '-c', '1', '-W', '1', '-I', '10.200.0.250', beside], {
      netns: 'tagged',
      mayFail: true,
    });
    assert.notEqual(stolen.code, 0, 'it sent in a name that is not its own');
    await host.run(['ip', 'address', 'del', '10.200.0.250/24', 'dev', 'eth0'], { netns: 'tagged' });
    assert.ok(await answers('beside', addressOf(sub)), 'its group lets pings in');
    const shut = await c.api.securityGroups.create({ name: 'shut' });
    await c.api.ports.update(sub.id, { security_groups: [shut.id] });
    await eventually('no ping comes in any more', async () => !(await answers('beside', addressOf(sub))));
    assert.ok(await answers('near', addressOf(parent)), 'the groups of the parent are others');
    await c.api.ports.update(sub.id, { security_groups: [c.open.id] });
    await eventually('pings come in again', () => answers('beside', addressOf(sub)));
  });

  test('subports come and go, the agent ends and starts again, and no packet of the others is lost', async () => {
    const near = addressOf((await c.api.ports.list({ name: 'near' }))[0] as PortRow);
    const far = addressOf((await c.api.ports.list({ name: 'far' }))[0] as PortRow);
    const pings = [startPing(host, 'plain', near), startPing(host, 'tagged', far)];
    const second = await c.api.ports.create({ security_groups: [c.open.id], network_id: c.inside.id });
    await trunks().action(made.id, 'add_subports', { sub_ports: [vlan(second, 102)] });
    await vm.add('second', second.mac_address, 102);
    await becomes('ACTIVE');
    await portsAre('ACTIVE', [second]);
    assert.equal(await lease('second'), addressOf(second));
    assert.ok(await answers('second', near));
    await settled();
    await agent.kill('SIGKILL');
    await c.cloud.startAgent(0);
    await settled();
    assert.ok(await answers('second', near), 'the second subport works after the restart');
    await trunks().action(made.id, 'remove_subports', { sub_ports: [{ port_id: second.id }] });
    await eventually('its patch is gone', async () => {
      return !(await interfaces(host)).includes(`spi-${deviceSuffix(second.id)}`);
    });
    assert.equal(await answers('second', near), false, 'it is no subport any more, and reaches its network');
    const { device_owner, device_id, 'binding:host_id': at, status } = await c.api.ports.show(second.id);
    assert.deepEqual([device_owner, device_id, at, status], ['', '', '', 'DOWN']);
    await becomes('ACTIVE');
    await c.api.ports.remove(second.id);
    await settled();
    for (const ping of pings) {
      const { sent, lost } = await ping.stop();
      assert.ok(sent > 10, `only ${sent} packets were sent`);
      assert.equal(lost, 0, `${lost} of ${sent} packets were lost`);
    }
  });

  test('an instance that is stopped and started again is wired again', async () => {
    await vm.unplug(bridge);
    await becomes('DOWN');
    await portsAre('DOWN', [parent, sub]);
    await settled();
    await vm.plug(bridge);
    await becomes('ACTIVE');
    const near = addressOf((await c.api.ports.list({ name: 'near' }))[0] as PortRow);
    await eventually('the parent reaches its network', () => answers('plain', near));
  });

  test('an instance that moves takes its subports along', async () => {
    const target = c.cloud.hosts[1] as LabHost;
    await bind(target);
    assert.equal((await c.api.ports.show(sub.id))['binding:host_id'], target.name);
    const moved = await startVlanInstance(target, 'vm', parent);
    await moved.add('moved', sub.mac_address, 101);
    await moved.plug(bridge);
    await becomes('ACTIVE');
    assert.equal(await lease('moved', target), addressOf(sub));
    await eventually('nothing of it is left where it was', async () => {
      return !/[ts]pi-/.test(await interfaces(host));
    });
    await moved.unplug(bridge);
    await moved.remove();
    await bind(host);
    await becomes('ACTIVE');
  });

  test('what is deleted leaves nothing on the host', async () => {
    await bind(undefined);
    await becomes('DOWN');
    // The interface of an instance that still runs stays where Nova plugged it in, and reaches nobody.
    await settled();
    assert.match((await host.run(['ovs-vsctl', 'list-ports', bridge])).stdout, new RegExp(`^${vm.tap}$`, 'm'));
    await vm.unplug(bridge);
    await vm.remove();
    await trunks().remove(made.id);
    for (const row of [parent, sub]) await c.api.ports.remove(row.id);
    await isBare();
  });

  test('an instance of `neutrino port attach` is plugged into the bridge of its trunk', async () => {
    const own = await c.api.ports.create({ security_groups: [c.open.id], network_id: c.inside.id });
    const alone = await trunks().create({ port_id: own.id });
    const dir = ['--state-dir', c.cloud.agentDir(0)];
    const attached = await c.cloud.neutrino(0, ['port', 'attach', own.id, '--netns', 'attached', ...dir]);
    assert.equal(attached.code, 0, attached.stderr);
    const { stdout } = await host.run(['ovs-vsctl', 'port-to-br', `tap${deviceSuffix(own.id)}`]);
    assert.equal(stdout.trim(), `tbr-${deviceSuffix(alone.id)}`);
    assert.equal(await lease('attached'), addressOf(own));
    await settled();
    assert.equal((await c.cloud.neutrino(0, ['port', 'detach', own.id, ...dir])).code, 0);
    await trunks().remove(alone.id);
    await c.api.ports.remove(own.id);
    await isBare();
  });

  const isBare = async () => {
    let now = '';
    await eventually('the host is as before', async () => {
      now = await look();
      return now === bare;
    }).catch(() => assert.fail(`the host is not as before\n${textDifference(bare, now)}`));
    await settled();
  };
});
