/** Names and numbers of the Open vSwitch driver: Neutron's, so that every runbook keeps working. */
import { parseIp } from '../../lib/ip.ts';
import { deviceSuffix } from '../../model/host-objects.ts';
import { digest } from './digest.ts';
import type { TunnelType } from './language.ts';

/** Tables of the integration bridge (neutron/plugins/ml2/drivers/openvswitch/agent/common/constants.py). */
export const integrationTables = {
  localSwitching: 0,
  canary: 23,
  arpSpoof: 24,
  macSpoof: 25,
  transient: 60,
} as const;

/** Tables of the tunnel bridge. */
export const tunnelTables = {
  input: 0,
  fromPatch: 2,
  from: { gre: 3, vxlan: 4, geneve: 6 },
  learn: 10,
  unicast: 20,
  arpResponder: 21,
  flood: 22,
} as const;

/** The ends of the patch between the integration and the tunnel bridge; each stands on the other's bridge. */
export const patchToTunnels = 'patch-tun';
export const patchToIntegration = 'patch-int';

/** A name of at most 15 characters; a longer one is cut and told from others by a digest at its end. */
function fitting(prefix: string, name: string): string {
  const whole = `${prefix}${name}`;
  return whole.length <= 15 ? whole : `${prefix}${name.slice(0, 9 - prefix.length)}${digest(name).slice(-6)}`;
}

/** The ends of the patch between the integration bridge and the bridge of a physical network. */
export const integrationEnd = (bridge: string) => fitting('int-', bridge);
export const physicalEnd = (bridge: string) => fitting('phy-', bridge);

/** The tunnel port to another host: by its address in hexadecimal, an IPv6 address by a digest. */
export function tunnelPortName(type: TunnelType, remote: string): string {
  const ip = parseIp(remote);
  const suffix = ip?.version === 4 ? ip.value.toString(16).padStart(8, '0') : digest(remote).slice(-(14 - type.length));
  return `${type}-${suffix}`;
}

/** The bridge of a trunk, which its parent port is plugged into. */
export const trunkBridge = (trunkId: string) => `tbr-${deviceSuffix(trunkId)}`;
/** The patches from it to the integration bridge, of the parent port and of a subport: the end here, and the end there. */
export const parentPatch = (portId: string) => [`tpt-${deviceSuffix(portId)}`, `tpi-${deviceSuffix(portId)}`] as const;
export const subportPatch = (portId: string) => [`spt-${deviceSuffix(portId)}`, `spi-${deviceSuffix(portId)}`] as const;
/** Whether an interface on the integration bridge is the end of such a patch: the trunk makes it and puts it into its VLAN. */
export const isTrunkPatch = (device: string) => /^[ts]pi-/.test(device);
