/** Two hosts with wires between them that are physical networks: by interfaces (left, plain, busy) and by a bridge (right). */
import assert from 'node:assert/strict';
import { patient } from '../../../src/lab/host.ts';
import { dhcp, plugInstance } from '../../../src/lab/instance.ts';
import { createBridge, createWire } from '../../../src/lab/wire.ts';
import { startBareCloud } from './small-cloud.ts';

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

/** What a network is made on. */
export interface Provider {
  readonly type: 'flat' | 'vlan';
  readonly physical: string;
  readonly id?: number;
}

/** Starts the hosts and their agents; the interfaces come after them. */
export async function startPhysicalCloud() {
  const c = await startBareCloud({
    hosts: 2,
    files: { 'ml2_conf.ini': server },
    agentFiles: { 'linuxbridge_agent.ini': agents },
  });
  const [first, second] = c.cloud.hosts;
  if (!first || !second) throw new Error('two hosts');
  for (const device of ['phys0', 'phys1', 'phys2', 'trunk']) {
    const bridge = device === 'trunk' ? { bridge: 'br-right' } : {};
    if (device === 'trunk') await Promise.all([createBridge(first, 'br-right'), createBridge(second, 'br-right')]);
    await createWire({ host: first, device, ...bridge }, { host: second, device, ...bridge });
  }

  const links = async (index: number) => (await c.cloud.hosts[index]?.run(['ip', '-d', '-o', 'link']))?.stdout ?? '';

  /** A network with an instance on each host; gives what removes it again. */
  async function twoInstances(name: string, { type, physical, id }: Provider) {
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

  return { ...c, first, links, twoInstances, ping };
}

/** What `startPhysicalCloud` gives. */
export type PhysicalCloud = Awaited<ReturnType<typeof startPhysicalCloud>>;
