/**
 * The errors that a client of the Networking API can see: type, HTTP status, sentence, and what to do about it.
 *
 * Types, statuses and sentences are Neutron's where Neutron has them (neutron_lib/exceptions, neutron/…/exceptions.py);
 * clients and their users match on them. The reference page of errors is generated from this catalogue.
 */

/** One kind of error, as declared. */
export interface FaultKind<A extends unknown[]> {
  readonly type: string;
  readonly status: number;
  readonly sentence: (...args: A) => string;
  /** What the reader of the error does next. */
  readonly remedy: string;
}

/** An error that goes to the client as it is. Anything else that is thrown is a 500 without detail. */
export class Fault extends Error {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  constructor(type: string, status: number, message: string, detail = '') {
    super(message);
    this.type = type;
    this.status = status;
    this.detail = detail;
  }
}

/** The catalogue, filled by `fault`, in the order of declaration. */
export const faultKinds: FaultKind<never[]>[] = [];

/** Declares a kind of error and returns what makes one: `throw networkNotFound(id)`. */
export function fault<A extends unknown[]>(
  type: string,
  status: number,
  sentence: (...args: A) => string,
  remedy: string,
): (...args: A) => Fault {
  faultKinds.push({ type, status, sentence, remedy } as unknown as FaultKind<never[]>);
  return (...args) => new Fault(type, status, sentence(...args));
}

const lookUp = 'Check the id; a row of another project cannot be seen.';

// What is asked for does not exist, or must not be known to exist.
export const networkNotFound = fault(
  'NetworkNotFound',
  404,
  (id: string) => `Network ${id} could not be found.`,
  lookUp,
);
export const subnetNotFound = fault('SubnetNotFound', 404, (id: string) => `Subnet ${id} could not be found.`, lookUp);
export const portNotFound = fault('PortNotFound', 404, (id: string) => `Port ${id} could not be found.`, lookUp);
export const routerNotFound = fault('RouterNotFound', 404, (id: string) => `Router ${id} could not be found`, lookUp);
export const floatingIpNotFound = fault(
  'FloatingIPNotFound',
  404,
  (id: string) => `Floating IP ${id} could not be found`,
  lookUp,
);
export const portForwardingNotFound = fault(
  'PortForwardingNotFound',
  404,
  (id: string) => `Port Forwarding ${id} could not be found.`,
  'Check both ids; the forwarding may be of another floating IP.',
);
export const securityGroupNotFound = fault(
  'SecurityGroupNotFound',
  404,
  (id: string) => `Security group ${id} does not exist`,
  lookUp,
);
export const securityGroupRuleNotFound = fault(
  'SecurityGroupRuleNotFound',
  404,
  (id: string) => `Security group rule ${id} does not exist`,
  lookUp,
);
export const agentNotFound = fault('AgentNotFound', 404, (id: string) => `Agent ${id} could not be found.`, lookUp);
export const extensionNotFound = fault(
  'ExtensionNotFound',
  404,
  (alias: string) => `Extension with alias ${alias} does not exist`,
  'GET /v2.0/extensions lists what is there; service_plugins in neutron.conf switches extensions on.',
);
export const notFound = fault(
  'HTTPNotFound',
  404,
  () => 'The resource could not be found.',
  'Check the path; GET /v2.0 lists what is there.',
);

// The request is not of the form.
export const badRequest = fault(
  'BadRequest',
  400,
  (resource: string, reason: string) => `Bad ${resource} request: ${reason}.`,
  'Correct what the sentence names.',
);
export const invalidInput = fault(
  'InvalidInput',
  400,
  (reason: string) => `Invalid input for operation: ${reason}.`,
  'Correct what the sentence names.',
);
export const malformedBody = fault(
  'HTTPBadRequest',
  400,
  (reason: string) => reason,
  'Send one JSON object whose one member is the name of the resource.',
);
export const methodNotAllowed = fault(
  'HTTPMethodNotAllowed',
  405,
  (method: string) => `The method ${method} is not allowed for this resource.`,
  'See the reference page for the methods of this path.',
);
export const unauthorized = fault(
  'Unauthorized',
  401,
  () => 'The request you have made requires authentication.',
  'Send a valid token in X-Auth-Token; tokens end after their time.',
);
export const forbidden = fault(
  'PolicyNotAuthorized',
  403,
  (rule: string) => `${rule} is disallowed by policy`,
  'Ask an administrator, or use the owning project.',
);
export const revisionMismatch = fault(
  'RevisionNumberConstraintFailed',
  412,
  (expected: number, found: number) => `Constrained to ${expected}, but current revision is ${found}`,
  'Read the row again and decide anew.',
);
export const overQuota = fault(
  'OverQuota',
  409,
  (resources: string[]) => `Quota exceeded for resources: ${JSON.stringify(resources).replaceAll('"', "'")}.`,
  'Delete what is not needed, or have an administrator raise the quota.',
);
export const busy = fault('ServiceUnavailable', 503, (what: string) => `${what} is busy.`, 'Try again.');

// Networks, subnets, ports and their addresses (neutron_lib/exceptions, neutron/ipam/exceptions.py).
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
  'Delete it through what it belongs to: the router interface, the gateway, the floating IP.',
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
export const deviceIdNotOwnedByProject = fault(
  'DeviceIDNotOwnedByTenant',
  409,
  (deviceId: string) =>
    `The following device_id ${deviceId} is not owned by your tenant or matches another tenants router.`,
  'Use add_router_interface with a router of your own.',
);

// Port security, address pairs and security groups (neutron/extensions/securitygroup.py, neutron_lib/exceptions).
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
export const securityGroupInUse = fault(
  'SecurityGroupInUse',
  409,
  (id: string) => `Security Group ${id} in use.`,
  'Take the group from its ports first.',
);
export const securityGroupCannotRemoveDefault = fault(
  'SecurityGroupCannotRemoveDefault',
  409,
  () => 'Insufficient rights for removing default security group.',
  'The default group of a project stays; remove its rules instead.',
);
export const securityGroupCannotUpdateDefault = fault(
  'SecurityGroupCannotUpdateDefault',
  409,
  () => 'Updating default security group not allowed.',
  'Use a group of another name.',
);
export const securityGroupDefaultExists = fault(
  'SecurityGroupDefaultAlreadyExists',
  409,
  () => 'Default security group already exists.',
  'Choose a name other than default.',
);
export const securityGroupRuleExists = fault(
  'SecurityGroupRuleExists',
  409,
  (id: string) => `Security group rule already exists. Rule id is ${id}.`,
  'Nothing is to be done: the rule is there.',
);
export const ruleProtocolUnknown = fault(
  'SecurityGroupRuleInvalidProtocol',
  400,
  (protocol: string, values: string) =>
    `Security group rule protocol ${protocol} not supported. Only protocol values ${values} and integer representations [0 to 255] are supported.`,
  'Give a protocol name of the list or a number.',
);
export const ruleProtocolRequired = fault(
  'SecurityGroupProtocolRequiredWithPorts',
  400,
  () => 'Must also specify protocol if port range is given.',
  'Add a protocol, or leave the ports out.',
);
export const ruleProtocolWithoutPorts = fault(
  'SecurityGroupInvalidProtocolForPort',
  400,
  (protocol: string, valid: string) =>
    `Ports cannot be specified for protocol ${protocol}. Ports are only supported for ${valid}.`,
  'Leave the ports out.',
);
export const rulePortRangeInvalid = fault(
  'SecurityGroupInvalidPortRange',
  400,
  () => 'For TCP/UDP protocols, port_range_min must be <= port_range_max',
  'Give both ends, the lower one first.',
);
export const rulePortInvalid = fault(
  'SecurityGroupInvalidPortValue',
  400,
  (port: number) => `Invalid value for port ${port}`,
  'Give a port from 1 to 65535.',
);
export const ruleIcmpValueInvalid = fault(
  'SecurityGroupInvalidIcmpValue',
  400,
  (field: string, attribute: string, value: number) =>
    `Invalid value for ICMP ${field} (${attribute}) ${value}. It must be 0 to 255.`,
  'Give the ICMP type as port_range_min and its code as port_range_max.',
);
export const ruleIcmpTypeMissing = fault(
  'SecurityGroupMissingIcmpType',
  400,
  (code: number) => `ICMP code (port-range-max) ${code} is provided but ICMP type (port-range-min) is missing.`,
  'Give the ICMP type too.',
);
export const ruleEthertypeConflictsWithProtocol = fault(
  'SecurityGroupEthertypeConflictWithProtocol',
  400,
  (ethertype: string, protocol: string) => `Invalid ethertype ${ethertype} for protocol ${protocol}.`,
  'ICMPv6 protocols need ethertype IPv6.',
);
export const ruleEthertypeConflictsWithPrefix = fault(
  'SecurityGroupRuleParameterConflict',
  400,
  (ethertype: string, cidr: string) => `Conflicting value ethertype ${ethertype} for CIDR ${cidr}`,
  'Give the ethertype of the prefix.',
);
export const ruleHasTwoRemotes = fault(
  'SecurityGroupMultipleRemoteEntites',
  400,
  () => 'Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
  'Give a prefix or a group.',
);

// Quotas (neutron_lib/exceptions).
export const projectQuotaNotFound = fault(
  'TenantQuotaNotFound',
  404,
  (projectId: string) => `Quota for tenant ${projectId} could not be found.`,
  'Nothing is to be done: the project has the defaults.',
);

// Routers, floating IPs, port forwarding (neutron_lib/exceptions/l3.py, extraroute.py; neutron/services/portforwarding).
export const routerInUse = fault(
  'RouterInUse',
  409,
  (id: string, reason: string) => `Router ${id} ${reason}`,
  'Take its interfaces away first: remove_router_interface.',
);
export const routerInterfaceNotFound = fault(
  'RouterInterfaceNotFound',
  404,
  (routerId: string, portId: string) => `Router ${routerId} does not have an interface with id ${portId}`,
  'List the ports with device_id of the router.',
);
export const routerInterfaceNotFoundForSubnet = fault(
  'RouterInterfaceNotFoundForSubnet',
  404,
  (routerId: string, subnetId: string) => `Router ${routerId} has no interface on subnet ${subnetId}`,
  'List the ports with device_id of the router.',
);
export const routerInterfaceInUseByFloatingIp = fault(
  'RouterInterfaceInUseByFloatingIP',
  409,
  (routerId: string, subnetId: string) =>
    `Router interface for subnet ${subnetId} on router ${routerId} cannot be deleted, as it is required by one or more floating IPs.`,
  'Disassociate the floating IPs, and delete the port forwardings, of the ports on the subnet first.',
);
export const routerInterfaceInUseByRoute = fault(
  'RouterInterfaceInUseByRoute',
  409,
  (routerId: string, subnetId: string) =>
    `Router interface for subnet ${subnetId} on router ${routerId} cannot be deleted, as it is required by one or more routes.`,
  'Take the routes whose nexthop is on the subnet from the router first.',
);
export const subnetMismatchForPort = fault(
  'SubnetMismatchForPort',
  400,
  (portId: string, subnetId: string) => `Subnet on port ${portId} does not match the requested subnet ${subnetId}.`,
  'Name the port, or the subnet, but not two that do not belong together.',
);
export const invalidRoutes = fault(
  'InvalidRoutes',
  400,
  (routes: string, reason: string) => `Invalid format for routes: ${routes}, ${reason}`,
  'A nexthop is an address on a subnet that the router has an interface on, and not the own address of the router.',
);
export const routesExhausted = fault(
  'RoutesExhausted',
  400,
  (routerId: string, quota: number) =>
    `Unable to complete operation for ${routerId}. The number of routes exceeds the maximum ${quota}.`,
  'Give fewer, or raise max_routes.',
);
export const routerGatewayInUseByFloatingIp = fault(
  'RouterExternalGatewayInUseByFloatingIp',
  409,
  (routerId: string, networkId: string) =>
    `Gateway cannot be updated for router ${routerId}, since a gateway to external network ${networkId} is required by one or more floating IPs.`,
  'Disassociate the floating IPs of the router, and delete their port forwardings, first.',
);
export const externalIpAddressExhausted = fault(
  'ExternalIpAddressExhausted',
  400,
  (networkId: string) => `Unable to find any IP address on external network ${networkId}.`,
  'Delete unused floating IPs, widen the allocation pools, or add an IPv4 subnet.',
);
export const externalGatewayForFloatingIpNotFound = fault(
  'ExternalGatewayForFloatingIPNotFound',
  404,
  (networkId: string, subnetId: string, portId: string) =>
    `External network ${networkId} is not reachable from subnet ${subnetId}.  Therefore, cannot associate Port ${portId} with a Floating IP.`,
  'Give the subnet an interface of a router whose gateway is on the external network.',
);
export const floatingIpPortAlreadyAssociated = fault(
  'FloatingIPPortAlreadyAssociated',
  409,
  (floatingIp: { address: string; id: string }, portId: string, fixedIp: string, networkId: string) =>
    `Cannot associate floating IP ${floatingIp.address} (${floatingIp.id}) with port ${portId} using fixed IP ${fixedIp}, as that fixed IP already has a floating IP on external network ${networkId}.`,
  'Disassociate the other floating IP first, or choose another fixed IP.',
);
export const fipAssociated = fault(
  'FipAssociated',
  409,
  (portId: string) =>
    `Unable to complete the operation on port ${portId} because the port still has an associated floating IP.`,
  'The floating IP is of another project; ask an administrator to disassociate it.',
);
export const floatingIpInUseByPortForwarding = fault(
  'FipInUseByPortForwarding',
  409,
  (id: string) => `Floating IP ${id} in use by Port Forwarding resources.`,
  'Delete the port forwardings of the floating IP first.',
);
export const portHasBindingFloatingIp = fault(
  'PortHasBindingFloatingIP',
  409,
  (floatingIp: { address: string; id: string }, portId: string, fixedIp: string) =>
    `Cannot create port forwarding to floating IP ${floatingIp.address} (${floatingIp.id}) with port ${portId} using fixed IP ${fixedIp}, as that port already has a binding floating IP.`,
  'Disassociate that floating IP first, or forward to another port.',
);
export const portForwardingFilterNotSupported = fault(
  'PortForwardingNotSupportFilterField',
  400,
  (filter: string) => `Port Forwarding filter ${filter} is not supported.`,
  'Filter by external_port, protocol, internal_port_id, description or external_port_range.',
);

// Security groups that cannot be together (neutron/extensions/securitygroup.py).
export const securityGroupConflict = fault(
  'SecurityGroupConflict',
  409,
  (reason: string) => `Error ${reason} while attempting the operation.`,
  'Give a port groups that are all stateful, or all stateless.',
);

// Sharing (neutron/extensions/rbac.py, neutron/db/rbac_db_models.py).
export const rbacPolicyNotFound = fault(
  'RbacPolicyNotFound',
  404,
  (id: string) => `RBAC policy of type unknown with ID ${id} not found`,
  lookUp,
);
export const rbacPolicyInUse = fault(
  'RbacPolicyInUse',
  409,
  (objectId: string, details: string) =>
    `RBAC policy on object ${objectId} cannot be removed because other objects depend on it.\nDetails: ${details}`,
  'Delete what the target project has of the object first, or share the object with it by another policy.',
);
export const duplicateRbacPolicy = fault(
  'DuplicateRbacPolicy',
  409,
  () => 'An RBAC policy already exists with those values.',
  'Nothing is to be done: the object is shared that way.',
);
export const invalidActionForType = fault(
  'InvalidActionForType',
  400,
  (action: string, objectType: string, valid: readonly string[]) =>
    `Invalid action '${action}' for object type '${objectType}'. Valid actions: ${valid.join(', ')}`,
  'Give access_as_shared, or for a network access_as_external.',
);
