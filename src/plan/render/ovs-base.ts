/**
 * What all networks of a host stand on with Open vSwitch: the integration bridge, the tunnel bridge, the patch between them, and
 * the flows that do not depend on any network. After Neutron's OVSIntegrationBridge and OVSTunnelBridge.
 */
import type { Fact, OvsBridgeFact, OvsPortFact } from '../facts.ts';
import { deadVlan } from '../facts.ts';
import { type Flow, flowTexts, learnedCookie, resubmit } from '../flow-text.ts';
import type { HostEnvironment, OvsEnvironment } from './language.ts';
import { firewallBaseFlows } from './ovs-firewall.ts';
import { localIpBaseFlows } from './ovs-local-ip.ts';
import {
  integrationTables as integration,
  patchToIntegration,
  patchToTunnels,
  tunnelTables as tunnel,
} from './ovs-names.ts';

/** A patch port. */
export function patchPort(bridge: string, name: string, peer: string): OvsPortFact {
  return { fact: 'ovs-port', bridge, name, type: 'patch', options: { peer }, externalIds: {} };
}

/** Whether the host has tunnels: it has an endpoint for them, and a type. */
export function hasTunnels(env: HostEnvironment): boolean {
  return env.localIp !== null && (env.ovs?.tunnelTypes.length ?? 0) > 0;
}

function bridge(name: string, { datapath }: OvsEnvironment): OvsBridgeFact {
  return { fact: 'ovs-bridge', name, datapath, failMode: 'secure' };
}

function integrationFlows(env: HostEnvironment): Flow[] {
  return [
    { table: integration.localSwitching, priority: 65535, match: [`dl_vlan=${deadVlan}`] },
    { table: integration.localSwitching, priority: 0, actions: [resubmit(integration.transient)] },
    // Never asked for by a frame: that it is there tells that the flows of this run of the switch are.
    { table: integration.canary, priority: 0 },
    { table: integration.arpSpoof, priority: 0 },
    { table: integration.transient, priority: 3, actions: ['NORMAL'] },
    ...firewallBaseFlows(env),
    ...localIpBaseFlows(),
  ];
}

/** What sends frames back to where a MAC address was last heard: for addresses that no port of the cloud has. */
const learn = [
  `table=${tunnel.unicast}`,
  'hard_timeout=300',
  'priority=1',
  `cookie=${learnedCookie}`,
  'NXM_OF_VLAN_TCI[0..11]',
  'NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[]',
  'load:0->NXM_OF_VLAN_TCI[]',
  'load:NXM_NX_TUN_ID[]->NXM_NX_TUN_ID[]',
  'output:NXM_OF_IN_PORT[]',
].join(',');

function tunnelFlows({ arpResponder }: OvsEnvironment): Flow[] {
  const group = '01:00:00:00:00:00';
  const toAll = 'ff:ff:ff:ff:ff:ff';
  return [
    {
      table: tunnel.input,
      priority: 1,
      match: [`in_port=${patchToIntegration}`],
      actions: [resubmit(tunnel.fromPatch)],
    },
    { table: tunnel.input, priority: 0 },
    {
      table: tunnel.fromPatch,
      priority: 0,
      match: [`dl_dst=00:00:00:00:00:00/${group}`],
      actions: [resubmit(tunnel.unicast)],
    },
    { table: tunnel.fromPatch, priority: 0, match: [`dl_dst=${group}/${group}`], actions: [resubmit(tunnel.flood)] },
    ...Object.values(tunnel.from).map((table): Flow => ({ table, priority: 0 })),
    { table: tunnel.learn, priority: 1, actions: [`learn(${learn})`, `output:${patchToIntegration}`] },
    { table: tunnel.unicast, priority: 0, actions: [resubmit(tunnel.flood)] },
    { table: tunnel.flood, priority: 0 },
    ...(arpResponder
      ? [
          {
            table: tunnel.fromPatch,
            priority: 1,
            match: ['arp', `dl_dst=${toAll}`],
            actions: [resubmit(tunnel.arpResponder)],
          },
          { table: tunnel.arpResponder, priority: 0, actions: [resubmit(tunnel.flood)] },
        ]
      : []),
  ];
}

/** The facts that are there as long as the agent is, like those of Neutron's: others plug instances into the bridge. */
export function renderSwitchBase(env: HostEnvironment): Fact[] {
  const { ovs } = env;
  if (!ovs) return [];
  const own = 'base';
  const facts: Fact[] = [
    bridge(ovs.integrationBridge, ovs),
    { fact: 'flows', bridge: ovs.integrationBridge, owner: own, flows: flowTexts(integrationFlows(env)) },
  ];
  if (!hasTunnels(env)) return facts;
  return [
    ...facts,
    bridge(ovs.tunnelBridge, ovs),
    patchPort(ovs.integrationBridge, patchToTunnels, patchToIntegration),
    patchPort(ovs.tunnelBridge, patchToIntegration, patchToTunnels),
    { fact: 'flows', bridge: ovs.tunnelBridge, owner: own, flows: flowTexts(tunnelFlows(ovs)) },
  ];
}
