/** Physical networks and the bridges that they are mapped to. */
import type { HostNetwork } from '../../model/host-objects.ts';
import type { HostEnvironment } from './language.ts';

/** What is wrong where the physical network of a network has no bridge on this host; null where it has one. */
export function unmapped(network: HostNetwork, env: HostEnvironment): string | null {
  const physical = network.physical_network ?? '';
  if (env.bridgeMappings[physical]) return null;
  const known = Object.keys(env.bridgeMappings).join(', ') || 'none';
  return `no bridge for physical network '${physical}' on this host (mapped: ${known}); add it to bridge_mappings`;
}
