/**
 * What emulated hosts stand on: wires to the outside world, which is also the rack that they are in. The world has the gateway of
 * the external network, and the switches by which hosts reach each other.
 */
import type { LabHost } from './host.ts';
import { ovsBridge, startOvs } from './ovs.ts';
import { createBridge, createWire } from './wire.ts';

/** How hosts switch frames. */
export type LabDriver = 'linuxbridge' | 'openvswitch';

/** The external network of the lab (RFC 5737), its gateway in the outside world, and a host further out. */
export const outside = { cidr: '203.0.113.0/24', gateway: '203.0.113.1', far: '198.51.100.80' } as const;

/** The address of a host between hosts. */
export const underlay = (index: number) => `192.0.2.${index + 1}`;

/** The physical networks of the lab by name: `public` leads outside, `rack` joins the hosts alone. */
export const physicalNetworks = { public: 'br-ex', rack: 'br-rack' } as const;

/** Puts a host's device into a bridge of the host. */
async function uplink(host: LabHost, driver: LabDriver, bridge: string, device: string, address?: string) {
  if (driver === 'openvswitch') return ovsBridge(host, bridge, device, address);
  await createBridge(host, bridge);
  const lines = [`link set ${device} master ${bridge}`, ...(address ? [`address add ${address} dev ${bridge}`] : [])];
  await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** A wire from a device of a host into a switch of the world. */
async function wireTo(world: LabHost, bridge: string, host: LabHost, device: string, address?: string): Promise<void> {
  const far = { host: world, device: `${bridge}-${host.name}`, bridge };
  await createWire({ host, device, ...(address ? { address } : {}) }, far);
}

/** The way between the hosts. A tunnel of a switch outside the kernel starts at an address of that switch. */
async function buildUnderlay(hosts: readonly LabHost[], world: LabHost, driver: LabDriver): Promise<void> {
  if (hosts.length < 2) return;
  await createBridge(world, 'between');
  for (const [index, host] of hosts.entries()) {
    const address = `${underlay(index)}/24`;
    const switched = driver === 'openvswitch';
    await wireTo(world, 'between', host, 'eth0', switched ? undefined : address);
    if (switched) await ovsBridge(host, 'br-phys', 'eth0', address);
  }
}

/** The external network: the first host reaches it, with Open vSwitch all of them do. */
async function buildPublic(hosts: readonly LabHost[], world: LabHost, driver: LabDriver): Promise<void> {
  await createBridge(world, 'uplink');
  const lines = [`address add ${outside.gateway}/24 dev uplink`, `address add ${outside.far}/32 dev lo`];
  await world.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  // A switch outside the kernel sees checksums that the sender left to it.
  if (driver === 'openvswitch') await world.run(['ethtool', '-K', 'uplink', 'tx', 'off']);
  for (const host of driver === 'openvswitch' ? hosts : hosts.slice(0, 1)) {
    await wireTo(world, 'uplink', host, 'eth1');
    await uplink(host, driver, physicalNetworks.public, 'eth1');
  }
}

async function buildRack(hosts: readonly LabHost[], world: LabHost, driver: LabDriver): Promise<void> {
  await createBridge(world, 'rack');
  for (const host of hosts) {
    await wireTo(world, 'rack', host, 'eth2');
    await uplink(host, driver, physicalNetworks.rack, 'eth2');
  }
}

/** What is built. */
export interface Ground {
  readonly driver: LabDriver;
  /** With the physical network `rack`. */
  readonly rack: boolean;
}

/** Builds everything between the hosts and the world; with Open vSwitch each host gets one of its own. */
export async function buildGround(hosts: readonly LabHost[], world: LabHost, { driver, rack }: Ground): Promise<void> {
  if (driver === 'openvswitch') await Promise.all(hosts.map(startOvs));
  await buildUnderlay(hosts, world, driver);
  await buildPublic(hosts, world, driver);
  if (rack) await buildRack(hosts, world, driver);
}

/** The configuration file of a host's L2 agent: its name and text. */
export function agentFile(index: number, hosts: number, { driver, rack }: Ground): { name: string; text: string } {
  const switched = driver === 'openvswitch';
  const mapped = Object.entries(physicalNetworks).filter(([name]) =>
    name === 'rack' ? rack : switched || index === 0,
  );
  const mappings = `bridge_mappings = ${mapped.map(([name, bridge]) => `${name}:${bridge}`).join(',')}`;
  const local = `local_ip = ${hosts > 1 ? underlay(index) : ''}`;
  const parts = switched
    ? [`[ml2]`, 'mechanism_drivers = openvswitch', '[ovs]', mappings, local, 'datapath_type = netdev']
    : ['[linux_bridge]', mappings, '[vxlan]', local];
  const name = switched ? 'openvswitch_agent' : 'linuxbridge_agent';
  return { name: `${name}-${index + 1}.ini`, text: `${parts.join('\n')}\n` };
}
