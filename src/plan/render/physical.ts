/** How this host reaches physical networks: by a bridge that is there (bridge_mappings), or by an interface. */
import type { HostNetwork } from '../../model/host-objects.ts';
import type { Fact, LinkFact } from '../facts.ts';
import type { HostEnvironment } from './language.ts';
import { vlanName } from './names.ts';

/** The way to a physical network, or why there is none. */
export type Physical =
  | { readonly by: 'bridge' | 'interface'; readonly name: string }
  | { readonly by: null; readonly problem: string };

function withoutBridge(physical: string, mapped: Readonly<Record<string, string>>): string {
  const known = Object.keys(mapped).join(', ') || 'none';
  return `no bridge for physical network '${physical}' on this host (mapped: ${known}); add it to bridge_mappings`;
}

/** What is wrong where the physical network of a network has no bridge on this host; null where it has one. */
export function unmapped(network: HostNetwork, env: HostEnvironment): string | null {
  const physical = network.physical_network ?? '';
  return env.bridgeMappings[physical] ? null : withoutBridge(physical, env.bridgeMappings);
}

/** The way to a network's physical network. Where both are mapped, the bridge counts, as in Neutron. */
export function physicalOf(network: HostNetwork, env: HostEnvironment): Physical {
  const physical = network.physical_network ?? '';
  const interfaces = env.interfaceMappings ?? {};
  const bridge = env.bridgeMappings[physical];
  if (bridge) return { by: 'bridge', name: bridge };
  const device = interfaces[physical];
  if (device === undefined) {
    const problem = withoutBridge(physical, { ...env.bridgeMappings, ...interfaces });
    return { by: null, problem: `${problem}, or its interface to physical_interface_mappings` };
  }
  if (env.links.has(device)) return { by: 'interface', name: device };
  return { by: null, problem: `the interface ${device} of physical network '${physical}' does not exist on this host` };
}

/** The bridge of a physical network, which others may use too. */
export function sharedBridge(name: string): LinkFact {
  return { fact: 'link', namespace: '', name, kind: { type: 'bridge', shared: true }, up: true };
}

/** The interface of a flat network as a port of the network's bridge. */
function flatUplink(name: string, bridge: string): LinkFact {
  return { fact: 'link', namespace: '', name, kind: { type: 'foreign', nic: true }, up: true, master: bridge };
}

/** The VLAN device of a network on an interface or a bridge, as a port of the network's bridge. */
function vlanUplink(network: HostNetwork, id: number, device: string, bridge: string): LinkFact {
  const kind = { type: 'vlan', device, id } as const;
  const { mtu, admin_state_up: up } = network;
  return { fact: 'link', namespace: '', name: vlanName(device, id), kind, mtu, up, master: bridge };
}

/** What leads from the bridge of a flat or VLAN network to its physical network. */
export function uplinkFacts(network: HostNetwork, env: HostEnvironment, bridge: string): Fact[] {
  const physical = physicalOf(network, env);
  if (physical.by === null) return [];
  if (network.network_type === 'flat') return physical.by === 'interface' ? [flatUplink(physical.name, bridge)] : [];
  if (network.segmentation_id === null) return [];
  const vlan = vlanUplink(network, network.segmentation_id, physical.name, bridge);
  return physical.by === 'bridge' ? [sharedBridge(physical.name), vlan] : [vlan];
}
