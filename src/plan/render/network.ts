/** A network on a host: its bridge, and what leads to other hosts: an interface, a VLAN device, or a VXLAN device with what the other hosts have. */
import type { HostNetwork } from '../../model/host-objects.ts';
import type { Fact } from '../facts.ts';
import type { HostEnvironment, Rendering } from './language.ts';
import { bridgeOf } from './link-layer.ts';
import { vxlanName } from './names.ts';
import { renderSwitchNetwork } from './ovs-network.ts';
import { sharedBridge, uplinkFacts } from './physical.ts';

/** The UDP port of VXLAN (`[VXLAN] udp_dstport`; Neutron's Linux bridge agent and RFC 7348: 4789). */
const vxlanPort = 4789;

/** Frames to addresses that nobody told of go to every other host. */
const unknownMac = '00:00:00:00:00:00';

/**
 * The MAC address of a bridge that answers with its neighbours. On its own it takes one of its ports', and another one when ports come and
 * go; with each change the kernel forgets all neighbours of the device.
 */
function bridgeMac(networkId: string): string {
  const digits = networkId.replaceAll('-', '').slice(0, 10);
  return `02:${digits.match(/../g)?.join(':')}`;
}

/** The facts of `network/<id>`. */
export function renderNetwork(network: HostNetwork, env: HostEnvironment): Rendering {
  if (env.driver === 'openvswitch') return renderSwitchNetwork(network, env);
  const bridge = bridgeOf(network, env);
  if (bridge.name === null) return { facts: [], waiting: null, problem: bridge.problem };
  const { name } = bridge;
  if (bridge.shared) return { facts: [sharedBridge(name)], waiting: null, problem: null };
  const { mtu, admin_state_up: up } = network;
  const mac = env.arpResponder && network.network_type === 'vxlan' ? { mac: bridgeMac(network.id) } : {};
  const own: Fact = { fact: 'link', namespace: '', name, kind: { type: 'bridge' }, ...mac, mtu, up };
  const { facts, problem } = uplinkOf(network, env, name);
  return { facts: [own, ...facts], waiting: null, problem };
}

/** What leads from the bridge of a network to other hosts. */
function uplinkOf(network: HostNetwork, env: HostEnvironment, bridge: string): Pick<Rendering, 'facts' | 'problem'> {
  switch (network.network_type) {
    case 'flat':
      return { facts: uplinkFacts(network, env, bridge), problem: null };
    case 'vlan': {
      const problem = network.segmentation_id === null ? `VLAN network ${network.id} has no segmentation_id` : null;
      return { facts: uplinkFacts(network, env, bridge), problem };
    }
    case 'vxlan': {
      const problem = vxlanProblem(network, env);
      return { facts: problem === null ? vxlanFacts(network, env, bridge) : [], problem };
    }
    default:
      return { facts: [], problem: null };
  }
}

function vxlanProblem(network: HostNetwork, env: HostEnvironment): string | null {
  if (network.segmentation_id === null) return `VXLAN network ${network.id} has no segmentation_id`;
  // Without other hosts the network works without a tunnel; a host alone needs no local_ip.
  if (env.localIp === null && network.remote_ports.length > 0)
    return 'this host has no tunnel endpoint, and the network has ports on other hosts; set [vxlan] local_ip';
  return null;
}

function vxlanFacts(network: HostNetwork, env: HostEnvironment, bridge: string): Fact[] {
  const vni = network.segmentation_id;
  if (vni === null || env.localIp === null) return [];
  const device = vxlanName(vni);
  const at = { namespace: '', device };
  const kind = { type: 'vxlan', vni, local: env.localIp, port: vxlanPort } as const;
  const { mtu, admin_state_up: up } = network;
  const neighSuppress = env.arpResponder ?? false;
  const facts: Fact[] = [{ fact: 'link', namespace: '', name: device, kind, mtu, up, master: bridge, neighSuppress }];
  const endpoints = new Set(network.remote_ports.map((port) => port.vtep));
  for (const endpoint of endpoints) facts.push({ fact: 'fdb', ...at, mac: unknownMac, endpoint });
  for (const { mac, vtep } of network.remote_ports) facts.push({ fact: 'fdb', ...at, mac, endpoint: vtep });
  // A device that is down has no neighbours.
  return neighSuppress && up ? [...facts, ...answerFacts(network, device, bridge)] : facts;
}

/** What the bridge answers requests with: who has an address, and that it is behind the VXLAN device. (Its IPv6 is off.) */
function answerFacts(network: HostNetwork, device: string, bridge: string): Fact[] {
  const facts: Fact[] = [];
  const known = new Set<string>();
  for (const { mac, ips } of network.remote_ports) {
    facts.push({ fact: 'fdb', namespace: '', device, mac, endpoint: null });
    for (const ip of ips) {
      if (ip.includes(':') || known.has(ip)) continue;
      known.add(ip);
      facts.push({ fact: 'neighbour', namespace: '', device: bridge, ip, mac });
    }
  }
  return facts;
}
