/**
 * A network on a host with Open vSwitch: its local VLAN on the integration bridge, translated to what it is called outside: a
 * segment between tunnel endpoints, a VLAN of a physical network, or a physical network as it is.
 */
import type { HostNetwork } from '../../model/host-objects.ts';
import type { Fact, FlowsFact } from '../facts.ts';
import { type Flow, flowTexts, pushVlan, resubmit, setVlan } from '../flow-text.ts';
import { arpAnswer } from './arp-answer.ts';
import type { HostEnvironment, OvsEnvironment, Rendering, TunnelType } from './language.ts';
import { hasTunnels, patchPort } from './ovs-base.ts';
import { uplinkFlow } from './ovs-firewall.ts';
import {
  integrationTables as integration,
  integrationEnd,
  patchToIntegration,
  patchToTunnels,
  physicalEnd,
  tunnelTables as tunnel,
  tunnelPortName,
} from './ovs-names.ts';
import { unmapped } from './physical.ts';

const tunnelTypes: readonly string[] = ['vxlan', 'gre', 'geneve'];

function isTunnelled(network: HostNetwork): network is HostNetwork & { network_type: TunnelType } {
  return tunnelTypes.includes(network.network_type);
}

/** Why a network cannot be realised on this host, as a sentence with what to do; null where it can. */
export function switchProblem(network: HostNetwork, env: HostEnvironment): string | null {
  if (network.network_type === 'local') return null;
  if (network.segmentation_id === null && network.network_type !== 'flat')
    return `${network.network_type} network ${network.id} has no segmentation_id`;
  if (!isTunnelled(network)) return unmapped(network, env);
  const types = env.ovs?.tunnelTypes ?? [];
  if (env.localIp !== null && !types.includes(network.network_type))
    return `this host has no tunnels of type ${network.network_type} (tunnel_types: ${types.join(', ') || 'none'}); add it to [agent] tunnel_types`;
  // Without other hosts the network works without a tunnel; a host alone needs no local_ip.
  if (env.localIp === null && network.remote_ports.length > 0)
    return 'this host has no tunnel endpoint, and the network has ports on other hosts; set [ovs] local_ip';
  return null;
}

const flows = (bridge: string, owner: string, all: readonly Flow[]): FlowsFact => {
  return { fact: 'flows', bridge, owner, flows: flowTexts(all) };
};

/** The port to another host, and the flow that knows its frames: shared by all networks that have ports there. */
function tunnelFacts(type: TunnelType, local: string, remote: string, ovs: OvsEnvironment): Fact[] {
  const name = tunnelPortName(type, remote);
  const options = {
    df_default: 'true',
    egress_pkt_mark: '0',
    in_key: 'flow',
    local_ip: local,
    out_key: 'flow',
    remote_ip: remote,
  };
  const match = [`in_port=${name}`];
  return [
    { fact: 'ovs-port', bridge: ovs.tunnelBridge, name, type, options, externalIds: {} },
    flows(ovs.tunnelBridge, name, [
      { table: tunnel.input, priority: 1, match, actions: [resubmit(tunnel.from[type])] },
    ]),
  ];
}

function tunnelledFacts(
  network: HostNetwork & { network_type: TunnelType },
  tag: number,
  local: string,
  ovs: OvsEnvironment,
): Fact[] {
  const { network_type: type, remote_ports: remotes } = network;
  const segment = `0x${(network.segmentation_id ?? 0).toString(16)}`;
  const outward = ['pop_vlan', `set_field:${segment}->tun_id`];
  const endpoints = [...new Set(remotes.map(({ vtep }) => vtep))].sort();
  const to = (vtep: string) => `output:${tunnelPortName(type, vtep)}`;
  const vlan = `dl_vlan=${tag}`;
  const own: Flow[] = [
    {
      table: tunnel.from[type],
      priority: 1,
      match: [`tun_id=${segment}`],
      actions: [pushVlan(tag), resubmit(tunnel.learn)],
    },
  ];
  if (endpoints.length > 0)
    own.push({ table: tunnel.flood, priority: 1, match: [vlan], actions: [...outward, ...endpoints.map(to)] });
  const answered = new Set<string>();
  for (const { mac, ips, vtep } of remotes) {
    const address = mac.toLowerCase();
    own.push({
      table: tunnel.unicast,
      priority: 2,
      match: [vlan, `dl_dst=${address}`],
      actions: [...outward, to(vtep)],
    });
    for (const ip of ovs.arpResponder ? ips : []) {
      if (ip.includes(':') || answered.has(ip)) continue;
      answered.add(ip);
      const match = ['arp', vlan, `arp_tpa=${ip}`];
      own.push({ table: tunnel.arpResponder, priority: 1, match, actions: arpAnswer(ip, address) });
    }
  }
  return [
    ...endpoints.flatMap((remote) => tunnelFacts(type, local, remote, ovs)),
    // The port that a flow names is among the facts beside it: plugged in anew, it has another number.
    patchPort(ovs.integrationBridge, patchToTunnels, patchToIntegration),
    flows(ovs.tunnelBridge, `network/${network.id}`, own),
    flows(ovs.integrationBridge, `network/${network.id}`, [uplinkFlow(tag, patchToTunnels)]),
  ];
}

/** The bridge of a physical network and the patch to it: shared by all networks on it. */
function physicalFacts(bridge: string, ovs: OvsEnvironment): Fact[] {
  const [inner, outer] = [integrationEnd(bridge), physicalEnd(bridge)];
  const { localSwitching: table } = integration;
  return [
    { fact: 'ovs-bridge', name: bridge, datapath: ovs.datapath, failMode: 'standalone', shared: true },
    patchPort(ovs.integrationBridge, inner, outer),
    patchPort(bridge, outer, inner),
    flows(ovs.integrationBridge, inner, [{ table, priority: 2, match: [`in_port=${inner}`] }]),
    flows(bridge, outer, [
      { table: 0, priority: 2, match: [`in_port=${outer}`] },
      // Neutron has priority 0, where a bridge of others may have a flow of its own.
      { table: 0, priority: 1, actions: ['NORMAL'] },
    ]),
  ];
}

function physicalNetworkFacts(network: HostNetwork, tag: number, bridge: string, ovs: OvsEnvironment): Fact[] {
  const [inner, outer] = [integrationEnd(bridge), physicalEnd(bridge)];
  const owner = `network/${network.id}`;
  const vlan = network.network_type === 'vlan' ? network.segmentation_id : null;
  const inward = vlan === null ? 'vlan_tci=0x0000/0x1fff' : `dl_vlan=${vlan}`;
  return [
    ...physicalFacts(bridge, ovs),
    flows(ovs.integrationBridge, owner, [
      {
        table: integration.localSwitching,
        priority: 3,
        match: [`in_port=${inner}`, inward],
        actions: [vlan === null ? pushVlan(tag) : setVlan(tag), resubmit(integration.transient)],
      },
      uplinkFlow(tag, inner),
    ]),
    flows(bridge, owner, [
      {
        table: 0,
        priority: 4,
        match: [`in_port=${outer}`, `dl_vlan=${tag}`],
        actions: [vlan === null ? 'pop_vlan' : setVlan(vlan), 'NORMAL'],
      },
    ]),
  ];
}

/** The facts of `network/<id>` with Open vSwitch. A network that is down is in no one's reach; its ports are in no VLAN. */
export function renderSwitchNetwork(network: HostNetwork, env: HostEnvironment): Rendering {
  const { ovs, localIp } = env;
  const nothing = { facts: [], waiting: null };
  const problem = switchProblem(network, env);
  if (problem !== null || !ovs) return { ...nothing, problem };
  const tag = env.localVlan?.(network.id);
  if (tag === undefined) return { ...nothing, problem: noLocalVlan };
  if (!network.admin_state_up || network.network_type === 'local') return { ...nothing, problem: null };
  if (isTunnelled(network)) {
    const tunnels = hasTunnels(env) && localIp !== null;
    return { ...nothing, facts: tunnels ? tunnelledFacts(network, tag, localIp, ovs) : [], problem: null };
  }
  const bridge = env.bridgeMappings[network.physical_network ?? ''] ?? '';
  return { ...nothing, facts: physicalNetworkFacts(network, tag, bridge, ovs), problem: null };
}

/** What is wrong on a host with more networks than an integration bridge has VLANs. */
export const noLocalVlan = 'this host has no local VLAN left: 4094 networks have one; move ports to other hosts';
