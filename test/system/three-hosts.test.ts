/** Three hosts and a VXLAN network: where its frames go and where they do not, by every driver. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CloudOptions } from '../../src/lab/cloud.ts';
import type { LabDriver } from '../../src/lab/ground.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { eventually, skipDriver } from './support/small-cloud.ts';
import { listen, nothingToDo, pinging, startThreeHosts, type ThreeHosts } from './support/three-hosts.ts';

/** What tells the drivers apart. */
interface Way {
  readonly name: string;
  readonly options: Partial<CloudOptions> & { readonly driver: LabDriver };
  readonly agent: { readonly type: string; readonly binary: string; readonly tunnels: readonly string[] };
  readonly vif: string;
  /** Whether a question for an instance on another host is answered where it is asked. */
  readonly answersHere: boolean;
  /** Whether gratuitous ARP comes to the instances on other hosts. */
  readonly passesGratuitous: boolean;
  /** What leads from a host to another one for the network with this VNI, as text; '' for nothing. */
  entries(host: LabHost, vni: number): Promise<string>;
  /** How another host is written there. */
  endpoint(index: number): string;
}

const run = async (host: LabHost, ...argv: string[]) => (await host.run(argv, { mayFail: true })).stdout;

const linuxbridge = {
  agent: { type: 'Linux bridge agent', binary: 'neutron-linuxbridge-agent', tunnels: ['vxlan'] },
  vif: 'bridge',
  entries: async (host: LabHost, vni: number) =>
    (await run(host, 'bridge', 'fdb', 'show', 'dev', `vxlan-${vni}`))
      .split('\n')
      .filter((line) => line.includes(' dst '))
      .join('\n'),
  endpoint: (index: number) => `dst 192.0.2.${index + 1}`,
};

const ways: readonly Way[] = [
  {
    name: 'Linux bridge',
    options: { driver: 'linuxbridge' },
    answersHere: false,
    passesGratuitous: true,
    ...linuxbridge,
  },
  {
    name: 'Linux bridge, arp_responder',
    options: { driver: 'linuxbridge', agentFiles: { 'linuxbridge_agent.ini': '[vxlan]\narp_responder = true\n' } },
    answersHere: true,
    passesGratuitous: false,
    ...linuxbridge,
  },
  {
    name: 'Open vSwitch',
    options: { driver: 'openvswitch' },
    agent: { type: 'Open vSwitch agent', binary: 'neutron-openvswitch-agent', tunnels: ['vxlan', 'gre', 'geneve'] },
    vif: 'ovs',
    answersHere: true,
    passesGratuitous: true,
    entries: async (host, vni) => {
      const flows = await run(host, 'ovs-ofctl', '-O', 'OpenFlow14', '--names', '--no-stats', 'dump-flows', 'br-tun');
      const outward = `set_field:0x${vni.toString(16)}->tun_id,`;
      return flows
        .split('\n')
        .filter((line) => line.includes(outward))
        .join('\n');
    },
    endpoint: (index) => `vxlan-c000020${index + 1}`,
  },
];

for (const way of ways) {
  const skip = skipDriver(way.options.driver);
  describe(`three hosts: ${way.name}`, { skip, timeout: 240_000 }, () => suite(way));
}

function suite(way: Way): void {
  let t: ThreeHosts;
  let vni: number;
  let hosts: readonly LabHost[];
  before(async () => {
    t = await startThreeHosts(way.options);
    vni = t.c.inside['provider:segmentation_id'] as number;
    hosts = t.c.cloud.hosts;
  });
  after(() => t?.c.close());

  const entriesOf = (index: number) => way.entries(hosts[index] as LabHost, vni);
  const leads = async (from: number, to: number) => (await entriesOf(from)).includes(way.endpoint(to));

  test('agents and bindings look as those of Neutron', async () => {
    const [agent] = await t.c.api.agents.list({ host: 'host2', binary: way.agent.binary });
    assert.equal(agent?.agent_type, way.agent.type);
    assert.equal(agent?.configurations.tunneling_ip, '192.0.2.2');
    assert.deepEqual(agent?.configurations.tunnel_types, way.agent.tunnels);
    const row = await t.c.api.ports.show(t.far.port.id);
    assert.equal(row['binding:vif_type'], way.vif);
    assert.equal(row.status, 'ACTIVE');
  });

  test('an instance gets its lease from a DHCP service on another host', async () => {
    const [service] = await t.c.api.ports.list({ network_id: t.c.inside.id, device_owner: 'network:dhcp' });
    assert.equal(service?.['binding:host_id'], 'host1');
    assert.equal(t.far.host.name, 'host2');
    assert.equal(t.far.lease.server, service?.fixed_ips[0]?.ip_address);
  });

  test('a second look finds nothing to do', async () => {
    for (const index of [0, 1, 2]) assert.equal(await t.plan(index), nothingToDo);
  });

  test('each of the two leads to the other alone: where instances are, and to whom what is for all goes', async () => {
    assert.ok((await leads(0, 1)) && (await leads(1, 0)));
    assert.match(await entriesOf(0), new RegExp(`${t.far.port.mac_address}.*${way.endpoint(1)}`));
    assert.match(await entriesOf(1), new RegExp(`${t.near.port.mac_address}.*${way.endpoint(0)}`));
    for (const index of [0, 1]) assert.equal(await leads(index, 2), false);
    assert.equal(await entriesOf(2), '');
  });

  test('a question who has an address goes to no host without a port of the network', async () => {
    const { near, far } = t;
    await near.host.run(['ip', 'neigh', 'flush', 'dev', 'eth0'], { netns: near.netns });
    const device = way.options.driver === 'openvswitch' ? 'br-phys' : 'eth0';
    const third = await listen(hosts[2] as LabHost, 'udp port 4789', { device });
    const there = await listen(far.host, 'arp and broadcast', { netns: far.netns });
    assert.ok(await t.reaches(near, far.lease.ip));
    await near.host.run(['arping', '-c', '2', '-w', '2', '-I', 'eth0', '10.100.0.222'], {
      netns: near.netns,
      mayFail: true,
    });
    assert.equal((await third.heard()).trim(), '');
    const heard = await there.heard();
    assert.equal(heard.includes(`who-has ${far.lease.ip} `), !way.answersHere);
    assert.match(heard, /who-has 10\.100\.0\.222 /, 'what nobody knows is asked of those that have ports');
  });

  test('what is for all comes to all hosts with a port: a third one joins, and leaves', async () => {
    const { c, near, far, reaches } = t;
    const late = await c.boot('late', { on: 2 });
    await eventually('it reaches both', async () => {
      return (await reaches(late, near.lease.ip)) && (await reaches(late, far.lease.ip));
    });
    for (const index of [0, 1])
      assert.match(await entriesOf(index), new RegExp(`${late.port.mac_address}.*${way.endpoint(2)}`));
    assert.ok((await leads(2, 0)) && (await leads(2, 1)));
    const listeners = await Promise.all(
      [near, far].map((one) => listen(one.host, 'arp and broadcast', { netns: one.netns })),
    );
    const arping = (...argv: string[]) =>
      late.host.run(['arping', '-c', '2', '-w', '2', '-I', 'eth0', ...argv], { netns: late.netns, mayFail: true });
    await arping('10.100.0.222');
    await arping('-U', late.lease.ip);
    for (const one of listeners) {
      const heard = await one.heard();
      assert.match(heard, /who-has 10\.100\.0\.222 /);
      assert.equal(heard.includes(`who-has ${late.lease.ip} `), way.passesGratuitous);
    }
    await c.api.ports.remove(late.port.id);
    await eventually('nothing leads there', async () => !(await leads(0, 2)) && !(await leads(1, 2)));
    await eventually('nothing leads from there', async () => (await entriesOf(2)) === '');
    assert.ok(await reaches(near, far.lease.ip));
    for (const index of [0, 1, 2]) assert.equal(await t.plan(index), nothingToDo);
  });

  test('agents killed (kill -9) and started again: no packet is lost', async () => {
    const ping = await pinging(t.near, t.far.lease.ip);
    await Promise.all(t.agents.slice(0, 2).map((agent) => agent.kill('SIGKILL')));
    for (const index of [0, 1]) await t.c.cloud.startAgent(index);
    for (const index of [0, 1]) await t.sync(index);
    const { sent, lost } = await ping.lost();
    assert.ok(sent > 10);
    assert.equal(lost, 0);
    for (const index of [0, 1]) assert.equal(await t.plan(index), nothingToDo);
  });

  const switched = way.options.driver === 'openvswitch' && 'ovs.test.ts does so to the switch';
  test('what somebody takes away by hand is back at once, or by neutrino agent sync', { skip: switched }, async () => {
    const { near, far, reaches } = t;
    const device = `vxlan-${vni}`;
    const entries = await entriesOf(0);
    const entry = ['bridge', 'fdb', 'del', far.port.mac_address, 'dev', device, 'dst', '192.0.2.2', 'self'];
    await near.host.run(entry);
    await t.sync(0);
    assert.equal(await entriesOf(0), entries);
    await near.host.run(['ip', 'link', 'del', device]);
    await eventually('the device is back', () => reaches(near, far.lease.ip));
    await eventually('with its entries', async () => (await entriesOf(0)) === entries);
    assert.equal(await t.plan(0), nothingToDo);
  });

  test('the last port of the network on a host gone, nothing leads there and nothing is left there', async () => {
    await t.c.api.ports.remove(t.far.port.id);
    await eventually('the first host has no entry', async () => (await entriesOf(0)) === '');
    await eventually('the second has none', async () => (await entriesOf(1)) === '');
    assert.equal(await t.reaches(t.near, t.far.lease.ip), false);
    assert.equal(await t.plan(1), nothingToDo);
  });
}
