/** The errors of networks and subnets (neutron_lib/exceptions/__init__.py, neutron/plugins/ml2, neutron/ipam/exceptions.py). */
import { fault, lookUp } from './fault.ts';

export const networkNotFound = fault(
  'NetworkNotFound',
  404,
  (id: string) => `Network ${id} could not be found.`,
  lookUp,
);
export const subnetNotFound = fault('SubnetNotFound', 404, (id: string) => `Subnet ${id} could not be found.`, lookUp);
export const networkInUse = fault(
  'NetworkInUse',
  409,
  (id: string) =>
    `Unable to complete operation on network ${id}. There are one or more ports still in use on the network.`,
  'Delete the ports of the network first, and take router interfaces away with remove_router_interface.',
);
export const subnetInUse = fault(
  'SubnetInUse',
  409,
  (id: string, reason = 'One or more ports have an IP allocation from this subnet') =>
    `Unable to complete operation on subnet ${id}: ${reason}.`,
  'Delete the ports that have an address of the subnet, or take the address from them.',
);
export const vlanIdInUse = fault(
  'VlanIdInUse',
  409,
  (vlan: number, physicalNetwork: string) =>
    `Unable to create the network. The VLAN ${vlan} on physical network ${physicalNetwork} is in use.`,
  'Choose another VLAN id.',
);
export const tunnelIdInUse = fault(
  'TunnelIdInUse',
  409,
  (id: number) => `Unable to create the network. The tunnel ID ${id} is in use.`,
  'Choose another segmentation id.',
);
export const flatNetworkInUse = fault(
  'FlatNetworkInUse',
  409,
  (physicalNetwork: string) => `Unable to create the flat network. Physical network ${physicalNetwork} is in use.`,
  'A physical network carries one flat network; use that one, or a VLAN.',
);
export const noNetworkAvailable = fault(
  'NoNetworkAvailable',
  503,
  () => 'Unable to create the network. No project network is available for allocation.',
  'Delete unused networks, or widen vni_ranges or network_vlan_ranges.',
);
export const invalidSharedSetting = fault(
  'InvalidSharedSetting',
  409,
  (network: string) => `Unable to reconfigure sharing settings for network ${network}. Multiple projects are using it.`,
  'Delete the ports of other projects first.',
);
export const externalNetworkInUse = fault(
  'ExternalNetworkInUse',
  409,
  (id: string) =>
    `External network ${id} cannot be updated to be made non-external, since it has existing gateway ports.`,
  'Clear the gateways and delete the floating IPs on it first.',
);
export const networkMtuSubnetConflict = fault(
  'NetworkMTUSubnetConflict',
  409,
  (id: string, minimum: number) => `MTU of ${id} is not valid, subnet requires a minimum of ${minimum}`,
  'IPv4 needs an MTU of 68, IPv6 of 1280.',
);
export const invalidAllocationPool = fault(
  'InvalidAllocationPool',
  400,
  (pool: string) => `The allocation pool ${pool} is not valid.`,
  'Give start and end of the IP version of the subnet, start not above end.',
);
export const overlappingAllocationPools = fault(
  'OverlappingAllocationPools',
  409,
  (first: string, second: string, cidr: string) =>
    `Found overlapping allocation pools: ${first} ${second} for subnet ${cidr}.`,
  'Give pools that share no address.',
);
export const outOfBoundsAllocationPool = fault(
  'OutOfBoundsAllocationPool',
  400,
  (pool: string, cidr: string) => `The allocation pool ${pool} spans beyond the subnet cidr ${cidr}.`,
  'Keep pools inside the prefix, without its network and broadcast address.',
);
export const gatewayConflictWithAllocationPools = fault(
  'GatewayConflictWithAllocationPools',
  409,
  (ip: string, pool: string) => `Gateway ip ${ip} conflicts with allocation pool ${pool}.`,
  'Leave the gateway out of the pools.',
);
export const gatewayIpInUse = fault(
  'GatewayIpInUse',
  409,
  (ip: string, portId: string) => `Current gateway ip ${ip} already in use by port ${portId}. Unable to update.`,
  'Remove the router interface first.',
);
export const dnsNameserversExhausted = fault(
  'DNSNameServersExhausted',
  400,
  (subnet: string, quota: number) =>
    `Unable to complete operation for ${subnet}. The number of DNS nameservers exceeds the limit ${quota}.`,
  'Give fewer, or raise max_dns_nameservers.',
);
export const hostRoutesExhausted = fault(
  'HostRoutesExhausted',
  400,
  (subnet: string, quota: number) =>
    `Unable to complete operation for ${subnet}. The number of host routes exceeds the limit ${quota}.`,
  'Give fewer, or raise max_subnet_host_routes.',
);
