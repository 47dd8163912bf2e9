/** Where devices are plugged in: the bridge of a network, and pairs of virtual devices from it into a namespace. */
import type { HostNetwork } from '../../model/host-objects.ts';
import type { Fact, FlowsFact, LinkFact, OvsPortFact } from '../facts.ts';
import { deadVlan } from '../facts.ts';
import { flowTexts } from '../flow-text.ts';
import type { HostEnvironment, Lookup } from './language.ts';
import { bridgeName, tapName } from './names.ts';
import { deadPortFlow, plainPortFlows } from './ovs-firewall.ts';
import { noLocalVlan, switchProblem } from './ovs-network.ts';
import { physicalOf } from './physical.ts';

/** The bridge that the ports of a network are plugged into, or why there is none. */
export type Bridge =
  | { readonly name: string; readonly shared: boolean }
  | { readonly name: null; readonly problem: string };

/** The bridge of a network: that of its physical network where it is flat and the host has one, its own `brq…` otherwise. */
export function bridgeOf(network: HostNetwork, env: HostEnvironment): Bridge {
  switch (network.network_type) {
    case 'flat':
    case 'vlan': {
      const physical = physicalOf(network, env);
      if (physical.by === null) return { name: null, problem: physical.problem };
      if (physical.by === 'bridge' && network.network_type === 'flat') return { name: physical.name, shared: true };
      return { name: bridgeName(network.id), shared: false };
    }
    case 'vxlan':
    case 'local':
      return { name: bridgeName(network.id), shared: false };
    default:
      return {
        name: null,
        problem: `networks of type ${network.network_type} are not realised by the Linux bridge driver; use flat, vlan, vxlan or local`,
      };
  }
}

/** A network as seen by a port of it: its bridge, or what is missing. */
export interface Attachment {
  readonly network: HostNetwork | undefined;
  readonly bridge: string | undefined;
  readonly shared: boolean;
  /** The local VLAN on the integration bridge; undefined with Linux bridges. */
  readonly tag?: number;
  readonly waiting: string | null;
  readonly problem: string | null;
}

/** Finds the bridge that a port of network `id` is to be plugged into. */
export function attach(id: string, look: Lookup, env: HostEnvironment): Attachment {
  const object = look(`network/${id}`);
  const missing = { network: undefined, bridge: undefined, shared: false };
  if (object?.kind !== 'network') return { ...missing, waiting: `network ${id} has not arrived yet`, problem: null };
  if (env.driver === 'openvswitch') return attachToSwitch(object, env);
  const bridge = bridgeOf(object, env);
  if (bridge.name === null) return { ...missing, network: object, waiting: null, problem: bridge.problem };
  return { network: object, bridge: bridge.name, shared: bridge.shared, waiting: null, problem: null };
}

/** With Open vSwitch all ports are plugged into the integration bridge; the VLAN is the network. */
function attachToSwitch(network: HostNetwork, env: HostEnvironment): Attachment {
  const at = { network, bridge: undefined, shared: false, waiting: null };
  const problem = switchProblem(network, env);
  if (problem !== null || !env.ovs) return { ...at, problem };
  const tag = env.localVlan?.(network.id);
  if (tag === undefined) return { ...at, problem: noLocalVlan };
  const bridge = env.ovs.integrationBridge;
  return { ...at, bridge, tag: network.admin_state_up ? tag : deadVlan, problem: null };
}

/** A port inside a namespace: `tap…` on the bridge, and the other end of the pair inside. */
export interface NamespacePort {
  readonly portId: string;
  readonly mac: string;
  readonly mtu: number;
  readonly namespace: string;
  /** The name of the inner end. */
  readonly device: string;
  /** Where the outer end is plugged in. */
  readonly at: Attachment | undefined;
}

/** The outer end as a port of the integration bridge, with what os-vif writes of one (Neutron: OVSInterfaceDriver). */
function switchPort({ portId, mac, at }: NamespacePort, bridge: string): OvsPortFact {
  return {
    fact: 'ovs-port',
    bridge,
    name: tapName(portId),
    type: '',
    options: {},
    ...(at?.tag === undefined ? {} : { tag: at.tag }),
    externalIds: { 'attached-mac': mac, 'iface-id': portId, 'iface-status': 'active' },
  };
}

/** What the pair's outer end may do on the integration bridge; the owner of its flows is the device itself. */
function switchFlows({ portId, mac, at }: NamespacePort, bridge: string): FlowsFact[] {
  if (at?.tag === undefined) return [];
  const device = tapName(portId);
  const flows = at.tag === deadVlan ? [deadPortFlow(device)] : plainPortFlows({ device, mac, tag: at.tag });
  return [{ fact: 'flows', bridge, owner: device, flows: flowTexts(flows) }];
}

/** The two ends of the pair, and how the outer one is plugged in. */
export function pairFacts(port: NamespacePort, env: HostEnvironment): (LinkFact | OvsPortFact | FlowsFact)[] {
  const { namespace, device, mtu } = port;
  const bridge = port.at?.bridge;
  const switched = env.driver === 'openvswitch';
  // A switch outside the kernel sees checksums that the sender left to it, and leaves them so.
  const checksums = env.ovs?.datapath === 'netdev' ? { txChecksum: false } : {};
  return [
    {
      fact: 'link',
      namespace: '',
      name: tapName(port.portId),
      kind: { type: 'veth', peer: { namespace, name: device } },
      mtu,
      up: true,
      ...(bridge && !switched ? { master: bridge } : {}),
    },
    { fact: 'link', namespace, name: device, kind: { type: 'peer' }, mac: port.mac, mtu, up: true, ...checksums },
    ...(bridge && switched ? [switchPort(port, bridge), ...switchFlows(port, bridge)] : []),
  ];
}

/** A namespace with its loopback up. */
export function namespaceFacts(name: string): Fact[] {
  return [
    { fact: 'netns', name },
    { fact: 'link', namespace: name, name: 'lo', kind: { type: 'foreign' }, up: true },
  ];
}

/** A kernel setting of a namespace. */
export function sysctl(namespace: string, name: string, value: string): Fact {
  return { fact: 'sysctl', namespace, name, value };
}

/** The first sentence there is. */
export function firstOf(sentences: Iterable<string | null>): string | null {
  for (const sentence of sentences) if (sentence) return sentence;
  return null;
}
