/** Where devices are plugged in: the bridge of a network, and pairs of virtual devices from it into a namespace. */
import type { HostNetwork } from '../../model/host-objects.ts';
import type { Fact, LinkFact } from '../facts.ts';
import type { HostEnvironment, Lookup } from './language.ts';
import { bridgeName, tapName } from './names.ts';

/** The bridge that the ports of a network are plugged into, or why there is none. */
export type Bridge =
  | { readonly name: string; readonly shared: boolean }
  | { readonly name: null; readonly problem: string };

/** The bridge of a network: that of its physical network where it is flat, its own `brq…` otherwise. */
export function bridgeOf(network: HostNetwork, env: HostEnvironment): Bridge {
  switch (network.network_type) {
    case 'flat': {
      const physical = network.physical_network ?? '';
      const name = env.bridgeMappings[physical];
      if (name) return { name, shared: true };
      const known = Object.keys(env.bridgeMappings).join(', ') || 'none';
      return {
        name: null,
        problem: `no bridge for physical network '${physical}' on this host (mapped: ${known}); add it to bridge_mappings`,
      };
    }
    case 'vxlan':
    case 'local':
      return { name: bridgeName(network.id), shared: false };
    default:
      return {
        name: null,
        problem: `networks of type ${network.network_type} are not realised by the Linux bridge driver; use flat, vxlan or local`,
      };
  }
}

/** A network as seen by a port of it: its bridge, or what is missing. */
export interface Attachment {
  readonly network: HostNetwork | undefined;
  readonly bridge: string | undefined;
  readonly shared: boolean;
  readonly waiting: string | null;
  readonly problem: string | null;
}

/** Finds the bridge that a port of network `id` is to be plugged into. */
export function attach(id: string, look: Lookup, env: HostEnvironment): Attachment {
  const object = look(`network/${id}`);
  const missing = { network: undefined, bridge: undefined, shared: false };
  if (object?.kind !== 'network') return { ...missing, waiting: `network ${id} has not arrived yet`, problem: null };
  const bridge = bridgeOf(object, env);
  if (bridge.name === null) return { ...missing, network: object, waiting: null, problem: bridge.problem };
  return { network: object, bridge: bridge.name, shared: bridge.shared, waiting: null, problem: null };
}

/** A port inside a namespace: `tap…` on the bridge, and the other end of the pair inside. */
export interface NamespacePort {
  readonly portId: string;
  readonly mac: string;
  readonly mtu: number;
  readonly namespace: string;
  /** The name of the inner end. */
  readonly device: string;
  readonly bridge: string | undefined;
}

/** The two ends of the pair. */
export function pairFacts(port: NamespacePort): [LinkFact, LinkFact] {
  const { namespace, device, mtu } = port;
  return [
    {
      fact: 'link',
      namespace: '',
      name: tapName(port.portId),
      kind: { type: 'veth', peer: { namespace, name: device } },
      mtu,
      up: true,
      ...(port.bridge ? { master: port.bridge } : {}),
    },
    { fact: 'link', namespace, name: device, kind: { type: 'peer' }, mac: port.mac, mtu, up: true },
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
