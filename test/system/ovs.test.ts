/** Three hosts with an Open vSwitch each: what stands on the switch, and what breaks there. (Where frames go: `three-hosts.test.ts`.) */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { plugCommand } from '../../src/host/ovs-plug.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { startSwitch, switchPidFile } from '../../src/lab/ovs.ts';
import { eventually, type Instance, type SmallCloud, skipDriver } from './support/small-cloud.ts';
import { nothingToDo, startThreeHosts, type ThreeHosts } from './support/three-hosts.ts';

const flowsOf = async (host: LabHost, bridge: string) =>
  (await host.run(['ovs-ofctl', '-O', 'OpenFlow14', '--names', '--no-stats', 'dump-flows', bridge])).stdout
    .split('\n')
    // What was learned comes and goes.
    .filter((line) => !line.includes('hard_timeout'))
    .sort()
    .join('\n');

describe('three hosts with Open vSwitch', { skip: skipDriver('openvswitch'), timeout: 240_000 }, () => {
  let t: ThreeHosts;
  let c: SmallCloud;
  let near: Instance;
  let far: Instance;
  const reaches = (from: Instance, to: string) => t.reaches(from, to);

  before(async () => {
    t = await startThreeHosts({ driver: 'openvswitch' });
    ({ c, near, far } = t);
  });
  after(() => c?.close());

  test('a binding tells what Nova plugs into', async () => {
    const row = await c.api.ports.show(far.port.id);
    assert.deepEqual(row['binding:vif_details'], {
      connectivity: 'l2',
      port_filter: true,
      ovs_hybrid_plug: false,
      datapath_type: 'netdev',
      bridge_name: 'br-int',
    });
  });

  test('a host without a port of a tunnelled network has no tunnel', async () => {
    const third = c.cloud.hosts[2] as LabHost;
    const ports = await third.run(['ovs-vsctl', 'list-ports', 'br-tun']);
    assert.equal(ports.stdout.trim(), 'patch-int');
  });

  test('an interface of any name with the id of a port is picked up, and its end is noticed', async () => {
    const host = c.cloud.hosts[2] as LabHost;
    const on = { 'binding:host_id': host.name, device_owner: 'compute:nova', device_id: 'vm' };
    const port = await c.api.ports.create({ network_id: c.inside.id, security_groups: [c.open.id], ...on });
    await host.run(['ip', 'netns', 'add', 'vm']);
    await host.run(['ip', 'link', 'add', 'vnet7', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'vm']);
    await host.run(['ip', 'link', 'set', 'vnet7', 'up']);
    await host.run(['ip', '-n', 'vm', 'link', 'set', 'eth0', 'address', port.mac_address, 'up']);
    const address = `${port.fixed_ips[0]?.ip_address}/24`;
    await host.run(['ip', '-n', 'vm', 'address', 'add', address, 'dev', 'eth0']);
    await host.run(plugCommand({ bridge: 'br-int', device: 'vnet7', portId: port.id, mac: port.mac_address }));
    const vm: Instance = { ...far, netns: 'vm', host, port };
    await eventually('it reaches the others', () => reaches(vm, near.lease.ip));
    await eventually('it is ACTIVE', async () => (await c.api.ports.show(port.id)).status === 'ACTIVE');
    await host.run(['ovs-vsctl', 'del-port', 'vnet7']);
    await eventually('it is DOWN', async () => (await c.api.ports.show(port.id)).status === 'DOWN');
    await c.api.ports.remove(port.id);
    await host.run(['ip', 'netns', 'del', 'vm']);
    await eventually('nothing leads there', async () => !(await flowsOf(near.host, 'br-tun')).includes('c0000203'));
    assert.equal(await t.plan(0), nothingToDo);
  });

  test('the switch ends and starts again: its flows are back at once, the same', async () => {
    const [before_, tunnels] = await Promise.all(['br-int', 'br-tun'].map((bridge) => flowsOf(near.host, bridge)));
    await near.host.run(['sh', '-c', `kill -9 $(cat ${switchPidFile})`]);
    assert.equal(await reaches(near, far.lease.ip), false);
    await startSwitch(near.host);
    await eventually('traffic passes', () => reaches(near, far.lease.ip), 10);
    await eventually('the flows are the same', async () => {
      return (await flowsOf(near.host, 'br-int')) === before_ && (await flowsOf(near.host, 'br-tun')) === tunnels;
    });
  });

  // Outside the kernel the switch itself stands still without its database.
  test('the database ends and starts again: what changed meanwhile is brought about', async () => {
    await near.host.run(['sh', '-c', 'kill -9 $(cat /run/openvswitch/ovsdb-server.pid)']);
    const network = await c.api.networks.create({ name: 'late' });
    await c.api.subnets.create({ network_id: network.id, ip_version: 4, cidr: '10.9.0.0/24' });
    const files = '/run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock';
    const control = '--pidfile --unixctl=/run/openvswitch/ovsdb-server.ctl --detach';
    await near.host.run(['sh', '-c', `ovsdb-server ${files} ${control}`]);
    await eventually(
      'the DHCP port of the new network is ACTIVE',
      async () => {
        const [port] = await c.api.ports.list({ network_id: network.id, device_owner: 'network:dhcp' });
        return port?.status === 'ACTIVE';
      },
      30,
    );
    const [port] = await c.api.ports.list({ network_id: network.id, device_owner: 'network:dhcp' });
    await eventually('traffic passes', () => reaches(near, far.lease.ip));
    await c.api.networks.remove(network.id);
    await eventually('it is gone', async () => {
      const ports = await near.host.run(['ovs-vsctl', 'list-ports', 'br-int']);
      return !ports.stdout.includes(`tap${port?.id.slice(0, 11)}`);
    });
  });

  test('what somebody does to the switch by hand is made good at once, or by neutrino agent sync', async () => {
    await near.host.run(['ovs-vsctl', 'del-port', 'patch-tun']);
    await eventually('the patch is back', () => reaches(near, far.lease.ip));
    await near.host.run(['ovs-ofctl', 'del-flows', 'br-tun']);
    assert.equal(await reaches(near, far.lease.ip), false);
    assert.match(await t.plan(0), /^add +flows +base on br-tun/m);
    await t.sync(0);
    assert.ok(await reaches(near, far.lease.ip));
    await near.host.run(['ovs-vsctl', 'del-br', 'br-tun']);
    await eventually('the bridge is back', () => reaches(near, far.lease.ip));
    assert.equal(await t.plan(0), nothingToDo);
  });

  test('what others have on the switch stays', async () => {
    await near.host.run([
      'ovs-vsctl',
      'add-port',
      'br-int',
      'theirs',
      '--',
      'set',
      'Interface',
      'theirs',
      'type=internal',
    ]);
    await near.host.run(['ovs-ofctl', 'add-flow', 'br-int', 'cookie=0x7,table=99,actions=drop']);
    await t.sync(0);
    assert.match((await near.host.run(['ovs-vsctl', 'list-ports', 'br-int'])).stdout, /theirs/);
    assert.match(await flowsOf(near.host, 'br-int'), /cookie=0x7, table=99/);
  });
});
