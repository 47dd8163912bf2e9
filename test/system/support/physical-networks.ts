/** Flat and VLAN networks between two hosts, by interfaces and by bridges. Run here or in a guest, as physical-networks.test.ts decides. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { patient } from '../../../src/lab/host.ts';
import { dhcp, plugInstance } from '../../../src/lab/instance.ts';
import { createBridge, createWire } from '../../../src/lab/wire.ts';
import { type BareCloud, eventually, skip, startBareCloud } from './small-cloud.ts';

const server = `
[ml2]
type_drivers = flat,vlan,vxlan
[ml2_type_flat]
flat_networks = *
[ml2_type_vlan]
network_vlan_ranges = left:101:110,right:101:110
`;
const agents = `
[linux_bridge]
bridge_mappings = public:br-ex,right:br-right
physical_interface_mappings = left:phys0,plain:phys1,busy:phys2
`;

describe('networks on physical networks', { skip, timeout: patient(120_000) }, () => {
  let c: BareCloud;
  before(async () => {
    c = await startBareCloud({
      hosts: 2,
      files: { 'ml2_conf.ini': server },
      agentFiles: { 'linuxbridge_agent.ini': agents },
    });
    const [first, second] = c.cloud.hosts;
    if (!first || !second) throw new Error('two hosts');
    // The interfaces come after the agents.
    for (const device of ['phys0', 'phys1', 'phys2', 'trunk']) {
      const bridge = device === 'trunk' ? { bridge: 'br-right' } : {};
      if (device === 'trunk') await Promise.all([createBridge(first, 'br-right'), createBridge(second, 'br-right')]);
      await createWire({ host: first, device, ...bridge }, { host: second, device, ...bridge });
    }
  });
  after(() => c?.close());

  const links = async (index: number) => (await c.cloud.hosts[index]?.run(['ip', '-d', '-o', 'link']))?.stdout ?? '';

  /** A network with an instance on each host; gives what removes it again. */
  async function twoInstances(name: string, provider: { type: 'flat' | 'vlan'; physical: string; id?: number }) {
    const { type, physical, id } = provider;
    const made = await c.api.networks.create({
      name,
      'provider:network_type': type,
      'provider:physical_network': physical,
      ...(id ? { 'provider:segmentation_id': id } : {}),
    });
    await c.api.subnets.create({ network_id: made.id, ip_version: 4, cidr: '10.50.0.0/24' });
    const group = await c.api.securityGroups.create({ name });
    await c.api.securityGroupRules.create({ security_group_id: group.id, direction: 'ingress', protocol: 'icmp' });
    const instances = await Promise.all(
      c.cloud.hosts.map(async (host, index) => {
        const netns = `${name}-${index}`;
        const binding = { 'binding:host_id': host.name, device_owner: 'compute:nova', device_id: netns };
        const port = await c.api.ports.create({ network_id: made.id, security_groups: [group.id], ...binding });
        await plugInstance(host, netns, port, { mtu: made.mtu });
        const lease = await dhcp(host, netns, patient(15_000) / 1000);
        assert.ok(lease, `${netns} has a lease`);
        return { host, netns, port, lease };
      }),
    );
    const [near, far] = instances;
    if (!near || !far) throw new Error('two hosts');
    const remove = async () => {
      for (const { host, netns, port } of instances) {
        await c.api.ports.remove(port.id);
        await host.run(['ip', 'netns', 'del', netns]);
      }
      await c.api.networks.remove(made.id);
    };
    return { network: made, near, far, remove };
  }

  type Two = Awaited<ReturnType<typeof twoInstances>>;
  const ping = ({ near, far }: Two, size: number) =>
    near.host.run(['ping', '-c', '1', '-W', '2', '-M', 'do', '-s', String(size - 28), far.lease.ip], {
      netns: near.netns,
      mayFail: true,
    });

  test('VLAN by an interface: leases and packets of 1500 bytes over the tagged wire, nothing left after', async () => {
    const two = await twoInstances('left', { type: 'vlan', physical: 'left', id: 105 });
    assert.equal(two.far.lease.mtu, 1500);
    await eventually('packets of full size pass', async () => (await ping(two, 1500)).code === 0);
    assert.match(await links(0), /phys0\.105@phys0:.* master brq.* vlan protocol 802\.1Q id 105/);
    const capture = two.far.host.run(['timeout', '20', 'tcpdump', '-c', '1', '-enlU', '-i', 'phys0', 'icmp or vlan']);
    await eventually('the frame on the wire is seen', async () => {
      await ping(two, 100);
      return Promise.race([capture.then(() => true), new Promise<false>((wake) => setTimeout(() => wake(false), 200))]);
    });
    assert.match((await capture).stdout, /vlan 105/);
    await two.remove();
    for (const index of [0, 1])
      await eventually('the VLAN device is gone', async () => !/phys0\.105|brq/.test(await links(index)));
    assert.match(await links(0), /phys0@\S+ <[^>]*UP/);
  });

  test('VLAN by a bridge: a device on the bridge, which others go on using', async () => {
    const two = await twoInstances('right', { type: 'vlan', physical: 'right', id: 106 });
    await eventually('packets of full size pass', async () => (await ping(two, 1500)).code === 0);
    assert.match(await links(0), /br-right\.106@br-right:/);
    await two.remove();
    await eventually('the VLAN device is gone', async () => !(await links(0)).includes('br-right.106'));
    assert.match(await links(0), /trunk@\S+ .* master br-right/);
  });

  test('flat by an interface: it is a port of the network’s bridge as long as the network is here', async () => {
    const two = await twoInstances('plain', { type: 'flat', physical: 'plain' });
    await eventually('packets of full size pass', async () => (await ping(two, 1500)).code === 0);
    assert.match(await links(0), /phys1@\S+ .* master brq/);
    await two.remove();
    await eventually('the interface is free again', async () => !/phys1@\S+ .* master/.test(await links(0)));
    assert.match(await links(0), /phys1@\S+ <[^>]*UP/);
  });

  test('an interface that has addresses stays out of the bridge, and the agent says what to do', async () => {
    const [first] = c.cloud.hosts;
    await first?.run(['ip', 'address', 'add', '198.51.100.7/24', 'dev', 'phys2']);
    const busy = { 'provider:network_type': 'flat', 'provider:physical_network': 'busy' } as const;
    const network = await c.api.networks.create({ name: 'busy', ...busy });
    const binding = { 'binding:host_id': 'host1', device_owner: 'compute:nova', device_id: 'busy' };
    const port = await c.api.ports.create({ network_id: network.id, ...binding });
    const told = await eventually('the failure is in the agent’s configurations', async () => {
      const [agent] = await c.api.agents.list({ host: 'host1', agent_type: 'Linux bridge agent' });
      const text = JSON.stringify(agent?.configurations.failures ?? {});
      return text.includes('phys2') && text;
    });
    assert.match(told, /198\.51\.100\.7\/24.*neutrino nic adopt phys2/);
    assert.doesNotMatch(await links(0), /phys2@\S+ .* master/);
    await c.api.ports.remove(port.id);
    await c.api.networks.remove(network.id);
  });
});
