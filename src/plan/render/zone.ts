/** Conntrack zones of networks. */
import type { HostNetwork } from '../../model/host-objects.ts';

/** Zone 0 is everyone's; a zone has 16 bits. */
const zones = 65535;

/**
 * The zone of a network, 1 to 65535, from the network alone, so that it is the same after every restart. Two VXLAN networks
 * whose VNIs differ by a multiple of 65535, or two others by chance, share one, which matters only where their addresses
 * and ports are equal too.
 */
export function conntrackZone(network: HostNetwork): number {
  if (network.network_type === 'vxlan' && network.segmentation_id !== null)
    return 1 + ((network.segmentation_id - 1) % zones);
  let hash = 0;
  for (const digit of network.id) hash = (hash * 31 + (digit.codePointAt(0) ?? 0)) >>> 0;
  return 1 + (hash % zones);
}
