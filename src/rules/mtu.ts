/**
 * The MTU of networks, as Neutron computes it (neutron/plugins/ml2/drivers/helpers.py, type_*.py): what the physical network
 * carries, less what the tunnel adds. All in bytes.
 */
import { invalidInput, networkMtuSubnetConflict } from '../model/faults.ts';
import type { MtuSettings, NetworkType } from './settings.ts';

/** The IP header of a tunnel. */
const IP_HEADER = { 4: 20, 6: 40 } as const;
/** Ethernet, UDP and VXLAN headers. */
const VXLAN_OVERHEAD = 30;
/** Ethernet and GRE headers, with the key. */
const GRE_OVERHEAD = 22;

/** The smallest MTU that a network with a subnet of this IP version may have. */
export const minimumMtu = { 4: 68, 6: 1280 } as const;

const leastOf = (...values: number[]) => {
  const known = values.filter((value) => value > 0);
  return known.length > 0 ? Math.min(...known) : 0;
};

function overlayMtu(settings: MtuSettings, overhead: number): number {
  const path = leastOf(settings.globalPhysnetMtu, settings.pathMtu);
  return path > 0 ? Math.max(0, path - IP_HEADER[settings.overlayIpVersion] - overhead) : 0;
}

/** The largest MTU that a segment allows; a type without an opinion (local) has global_physnet_mtu. */
export function maximumMtu(settings: MtuSettings, type: NetworkType, physicalNetwork: string | null): number {
  switch (type) {
    case 'flat':
    case 'vlan':
      return leastOf(settings.globalPhysnetMtu, settings.physicalNetworkMtus[physicalNetwork ?? ''] ?? 0);
    case 'gre':
      return overlayMtu(settings, GRE_OVERHEAD);
    case 'vxlan':
      return overlayMtu(settings, VXLAN_OVERHEAD);
    case 'geneve':
      return overlayMtu(settings, settings.geneveMaxHeaderSize);
    case 'local':
      return settings.globalPhysnetMtu;
  }
}

/** The MTU that a network gets: what was asked for, or the maximum for 0 or nothing. Above the maximum is a 400. */
export function chooseMtu(requested: number | undefined, maximum: number): number {
  if (!requested) return maximum;
  if (maximum > 0 && requested > maximum) throw invalidInput(`Requested MTU is too big, maximum is ${maximum}`);
  return requested;
}

/** Throws NetworkMTUSubnetConflict when a network with subnets of these IP versions cannot have this MTU. */
export function checkMtuForSubnets(networkId: string, mtu: number, ipVersions: readonly number[]): void {
  if (ipVersions.length > 0 && mtu < minimumMtu[4]) throw networkMtuSubnetConflict(networkId, minimumMtu[4]);
  if (ipVersions.includes(6) && mtu < minimumMtu[6]) throw networkMtuSubnetConflict(networkId, minimumMtu[6]);
}
