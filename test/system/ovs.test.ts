/** Three hosts with an Open vSwitch each: what is flooded and what is not, and what breaks on the way. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { plugCommand } from '../../src/host/ovs-plug.ts';
import type { Daemon } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { startSwitch, switchPidFile } from '../../src/lab/ovs.ts';
import {
  agentLog,
  eventually,
  type Instance,
  type SmallCloud,
  skipDriver,
  startSmallCloud,
} from './support/small-cloud.ts';

const flowsOf = async (host: LabHost, bridge: string) =>
  (await host.run(['ovs-ofctl', '-O', 'OpenFlow14', '--names', '--no-stats', 'dump-flows', bridge])).stdout
    .split('\n')
    // What was learned comes and goes.
    .filter((line) => !line.includes('hard_timeout'))
    .sort()
    .join('\n');

/** A ping that goes on; `lost` ends it and tells how many were sent and not answered. */
async function pinging(from: Instance, to: string): Promise<{ lost(): Promise<{ sent: number; lost: number }> }> {
  const child: ChildProcess = from.host.start(['ping', '-i', '0.05', to], { netns: from.netns });
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  await eventually('the ping is answered', async () => output.includes('bytes from'));
  return {
    async lost() {
      from.host.kill(child, 'SIGINT');
      const [, sent, got] = await eventually('ping counts', async () => {
        return /(\d+) packets transmitted, (\d+) received/.exec(output) ?? undefined;
      });
      // The last one may be under way.
      return { sent: Number(sent), lost: Math.max(0, Number(sent) - Number(got) - 1) };
    },
  };
}

describe('three hosts with Open vSwitch', { skip: skipDriver('openvswitch'), timeout: 240_000 }, () => {
  let c: SmallCloud;
  let near: Instance;
  let far: Instance;
  const agents: Daemon[] = [];
  const reaches = async (from: Instance, to: string) =>
    (await from.host.run(['ping', '-c', '1', '-W', '1', to], { netns: from.netns, mayFail: true })).code === 0;
  const sync = async (index: number) => {
    const outcome = await c.cloud.neutrino(index, ['agent', 'sync', '--state-dir', c.cloud.agentDir(index)]);
    assert.equal(outcome.code, 0, `${outcome.stderr}${await agentLog(c.cloud, index)}`);
  };
  const plan = async (index: number) => {
    const outcome = await c.cloud.neutrino(index, ['agent', 'plan', '--state-dir', c.cloud.agentDir(index)]);
    return outcome.stdout.trim();
  };
  const nothingToDo = 'Nothing: the host is as it should be.';

  before(async () => {
    c = await startSmallCloud({
      driver: 'openvswitch',
      hosts: 3,
      started: (daemon, role) => {
        if (role === 'agent') agents.push(daemon);
      },
    });
    [near, far] = await Promise.all([c.boot('near', { on: 0 }), c.boot('far', { on: 1 })]);
    await eventually('they reach each other', () => reaches(near, far.lease.ip));
  });
  after(() => c?.close());

  test('agents and bindings look as those of Neutron', async () => {
    const [agent] = await c.api.agents.list({ host: 'host2', binary: 'neutron-openvswitch-agent' });
    assert.equal(agent?.agent_type, 'Open vSwitch agent');
    assert.equal(agent?.configurations.tunneling_ip, '192.0.2.2');
    assert.deepEqual(agent?.configurations.tunnel_types, ['vxlan', 'gre', 'geneve']);
    assert.deepEqual(agent?.configurations.bridge_mappings, { public: 'br-ex' });
    const row = await c.api.ports.show(far.port.id);
    assert.equal(row['binding:vif_type'], 'ovs');
    assert.deepEqual(row['binding:vif_details'], {
      connectivity: 'l2',
      port_filter: true,
      ovs_hybrid_plug: false,
      datapath_type: 'netdev',
      bridge_name: 'br-int',
    });
    assert.equal(row.status, 'ACTIVE');
  });

  test('a second look finds nothing to do', async () => {
    for (const index of [0, 1, 2]) assert.equal(await plan(index), nothingToDo);
  });

  test('a host without a port of the network has no tunnel, and gets nothing', async () => {
    const third = c.cloud.hosts[2] as LabHost;
    const ports = await third.run(['ovs-vsctl', 'list-ports', 'br-tun']);
    assert.equal(ports.stdout.trim(), 'patch-int');
    assert.doesNotMatch(await flowsOf(near.host, 'br-tun'), /c0000203/);
  });

  test('a request for a port on another host is answered here: it does not pass the tunnel', async () => {
    await near.host.run(['ip', 'neigh', 'flush', 'dev', 'eth0'], { netns: 'near' });
    const sniff = far.host.start(['tcpdump', '-lni', 'eth0', 'arp and broadcast'], { netns: 'far' });
    let heard = '';
    let ready = false;
    sniff.stdout?.on('data', (data) => {
      heard += data;
    });
    sniff.stderr?.on('data', (data) => {
      ready ||= String(data).includes('listening');
    });
    await eventually('tcpdump listens', async () => ready);
    assert.ok(await reaches(near, far.lease.ip));
    far.host.kill(sniff, 'SIGINT');
    assert.doesNotMatch(heard, new RegExp(`who-has ${far.lease.ip}`));
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
  });

  test('agents killed (kill -9) and started again: no packet is lost', async () => {
    const ping = await pinging(near, far.lease.ip);
    await Promise.all(agents.slice(0, 2).map((agent) => agent.kill('SIGKILL')));
    for (const index of [0, 1]) await c.cloud.startAgent(index);
    for (const index of [0, 1]) await sync(index);
    const { sent, lost } = await ping.lost();
    assert.ok(sent > 10);
    assert.equal(lost, 0);
    for (const index of [0, 1]) assert.equal(await plan(index), nothingToDo);
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
    assert.match(await plan(0), /^add +flows +base on br-tun/m);
    await sync(0);
    assert.ok(await reaches(near, far.lease.ip));
    await near.host.run(['ovs-vsctl', 'del-br', 'br-tun']);
    await eventually('the bridge is back', () => reaches(near, far.lease.ip));
    assert.equal(await plan(0), nothingToDo);
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
    await sync(0);
    assert.match((await near.host.run(['ovs-vsctl', 'list-ports', 'br-int'])).stdout, /theirs/);
    assert.match(await flowsOf(near.host, 'br-int'), /cookie=0x7, table=99/);
  });
});
