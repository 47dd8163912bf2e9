/** The errors of ports, their addresses and what protects them (neutron_lib/exceptions, neutron/ipam/exceptions.py). */
import { fault, lookUp } from './fault.ts';

export const portNotFound = fault('PortNotFound', 404, (id: string) => `Port ${id} could not be found.`, lookUp);
export const portInUse = fault(
  'PortInUse',
  409,
  (id: string, networkId: string, deviceId: string) =>
    `Unable to complete operation on port ${id} for network ${networkId}. Port already has an attached device ${deviceId}.`,
  'Detach the device from the port first.',
);
export const servicePortInUse = fault(
  'ServicePortInUse',
  409,
  (id: string, reason: string) => `Port ${id} cannot be deleted directly via the port API: ${reason}.`,
  'Delete it through what it belongs to: the router interface, the gateway, the floating IP, the local IP.',
);
export const portBound = fault(
  'PortBound',
  409,
  (id: string, vifType: string, oldMac: string, newMac: string) =>
    `Unable to complete operation on port ${id}, port is already bound, port type: ${vifType}, old_mac ${oldMac}, new_mac ${newMac}.`,
  'Clear binding:host_id before the MAC address is changed.',
);
export const macAddressInUse = fault(
  'MacAddressInUse',
  409,
  (networkId: string, mac: string) =>
    `Unable to complete operation for network ${networkId}. The mac address ${mac} is in use.`,
  'Choose another MAC address, or none.',
);
export const macAddressesExhausted = fault(
  'NetworkMacAddressGenerationFailure',
  503,
  (networkId: string) => `Unable to generate unique mac on network ${networkId}.`,
  'Set a base_mac with more free octets.',
);
export const invalidIpForNetwork = fault(
  'InvalidIpForNetwork',
  400,
  (ip: string) => `IP address ${ip} is not a valid IP for any of the subnets on the specified network.`,
  'Choose an address of one of the subnets of the network.',
);
export const invalidIpForSubnet = fault(
  'InvalidIpForSubnet',
  400,
  (ip: string) => `IP address ${ip} is not a valid IP for the specified subnet.`,
  'Choose an address inside the prefix of the subnet that is neither its network nor its broadcast address.',
);
export const ipAddressAlreadyAllocated = fault(
  'IpAddressAlreadyAllocated',
  409,
  (ip: string, subnetId: string) => `IP address ${ip} already allocated in subnet ${subnetId}`,
  'Choose another address, or none.',
);
export const allocationOnAutoAddressSubnet = fault(
  'AllocationOnAutoAddressSubnet',
  400,
  (ip: string, subnetId: string) =>
    `IPv6 address ${ip} cannot be directly assigned to a port on subnet ${subnetId} as the subnet is configured for automatic addresses`,
  'Leave the address out: it follows from the MAC address.',
);
export const ipAddressGenerationFailure = fault(
  'IpAddressGenerationFailure',
  409,
  (networkId: string) => `No more IP addresses available on network ${networkId}.`,
  'Delete unused ports, widen the allocation pools, or add a subnet.',
);
export const deviceIdNotOwnedByProject = fault(
  'DeviceIDNotOwnedByTenant',
  409,
  (deviceId: string) =>
    `The following device_id ${deviceId} is not owned by your tenant or matches another tenants router.`,
  'Use add_router_interface with a router of your own.',
);
export const portSecurityRequiredForGroups = fault(
  'PortSecurityAndIPRequiredForSecurityGroups',
  400,
  () => 'Port security must be enabled and port must have an IP address in order to use security groups.',
  'Enable port security, or give no security group.',
);
export const portSecurityHasGroup = fault(
  'PortSecurityPortHasSecurityGroup',
  409,
  () =>
    'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
  'Remove the security groups in the same request: --no-security-group.',
);
export const addressPairNeedsPortSecurity = fault(
  'AddressPairAndPortSecurityRequired',
  409,
  () => 'Port Security must be enabled in order to have allowed address pairs on a port.',
  'Enable port security, or remove the address pairs.',
);
export const duplicateAddressPair = fault(
  'DuplicateAddressPairInRequest',
  400,
  (mac: string, ip: string) => `Request contains duplicate address pair: mac_address ${mac} ip_address ${ip}.`,
  'Name each pair once.',
);
