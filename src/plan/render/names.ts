/** Names on hosts: Neutron's, so that every runbook keeps working. The kernel allows 15 characters for a device. */
import { sha1 } from '../../lib/sha1.ts';
import { deviceSuffix } from '../../model/host-objects.ts';

/** The bridge of a tenant network. */
export const bridgeName = (networkId: string) => `brq${deviceSuffix(networkId)}`;
/** The VXLAN device of a segment. */
export const vxlanName = (vni: number) => `vxlan-${vni}`;
/** Of a name that is cut, so many characters are of its SHA-1 (Neutron: `INTERFACE_HASH_LEN`). */
const hashLength = 6;
/**
 * The device of a VLAN on an interface or bridge: `eth0.100`. Where that would be too long, the name is cut to four characters and
 * six of its SHA-1 (Neutron: `get_subinterface_name`).
 */
export const vlanName = (device: string, id: number) =>
  `${device}.${id}`.length <= 15
    ? `${device}.${id}`
    : `${device.slice(0, 10 - hashLength)}${sha1(device).slice(0, hashLength)}.${id}`;
/** The device of a port in the root namespace. */
export const tapName = (portId: string) => `tap${deviceSuffix(portId)}`;
/** The device in whose queue what a port sends waits. */
export const queueName = (portId: string) => `ifb${deviceSuffix(portId)}`;
/** The end of a DHCP port inside its namespace. */
export const dhcpDeviceName = (portId: string) => `ns-${deviceSuffix(portId)}`;
/** The end of a router's inner interface inside its namespace. */
export const innerDeviceName = (portId: string) => `qr-${deviceSuffix(portId)}`;
/** The end of a router's gateway inside its namespace. */
export const gatewayDeviceName = (portId: string) => `qg-${deviceSuffix(portId)}`;
export const dhcpNamespace = (networkId: string) => `qdhcp-${networkId}`;
export const routerNamespace = (routerId: string) => `qrouter-${routerId}`;

/** The ipset of a group's addresses; Neutron cuts it at 30 characters (`IPSET_NAME_MAX_LENGTH`: 31, one kept for swapping). */
export const setName = (groupId: string, family: 4 | 6) => `NIPv${family}${groupId}`.slice(0, 30);

/** The prefix of the Linux bridge agent's chains, cut as Neutron cuts it. */
export const bridgePrefix = 'neutron-linuxbri';
/** Where what no rule allowed ends. */
export const fallbackChain = `${bridgePrefix}-sg-fallback`;
/** A chain of a port: i (towards the instance), o (from it), s (spoofing); Neutron keeps ten characters of the id. */
export const portChain = (portId: string, which: 'i' | 'o' | 's') => `${bridgePrefix}-${which}${portId.slice(0, 10)}`;

/** The prefix of the L3 agent's chains. */
export const routerPrefix = 'neutron-l3-agent';
