/**
 * The errors of address groups, address scopes and subnet pools (neutron_lib/exceptions/address_group.py, address_scope.py,
 * __init__.py).
 */
import { fault } from './fault.ts';

const lookUp = 'Check the id; a row of another project is seen only where it is shared.';
const quoted = (values: readonly string[]) => `[${values.map((value) => `'${value}'`).join(', ')}]`;

export const addressGroupNotFound = fault(
  'AddressGroupNotFound',
  404,
  (id: string) => `Address group ${id} could not be found.`,
  lookUp,
);
export const addressGroupInUse = fault(
  'AddressGroupInUse',
  409,
  (id: string) => `Address group ${id} is in use on one or more security group rules.`,
  'Delete the security group rules that refer to it first.',
);
export const addressesNotFound = fault(
  'AddressesNotFound',
  404,
  (addresses: readonly string[], id: string) => `Addresses ${quoted(addresses)} not found in the address group ${id}.`,
  'Name addresses that the group has, as it shows them.',
);
export const addressesAlreadyExist = fault(
  'AddressesAlreadyExist',
  400,
  (addresses: readonly string[], id: string) =>
    `Addresses ${quoted(addresses)} already exist in the address group ${id}.`,
  'Name only addresses that the group does not have yet.',
);

export const addressScopeNotFound = fault(
  'AddressScopeNotFound',
  404,
  (id: string) => `Address scope ${id} could not be found.`,
  lookUp,
);
export const addressScopeInUse = fault(
  'AddressScopeInUse',
  409,
  (id: string) =>
    `Unable to complete operation on address scope ${id}. There are one or more subnet pools in use on the address scope.`,
  'Take the subnet pools from the scope first.',
);
export const addressScopeUpdateError = fault(
  'AddressScopeUpdateError',
  400,
  (id: string, reason: string) => `Unable to update address scope ${id} : ${reason}.`,
  'A scope that is shared stays shared.',
);
export const networkAddressScopeAffinity = fault(
  'NetworkAddressScopeAffinityError',
  400,
  () => 'Subnets of the same address family hosted on the same network must all participate in the same address scope.',
  'Take the subnets of one network and IP version from subnet pools of one address scope.',
);
export const addressScopePrefixConflict = fault(
  'AddressScopePrefixConflict',
  409,
  () => 'Failed to associate address scope: subnetpools within an address scope must have unique prefixes.',
  'Choose prefixes that no other pool of the scope has.',
);

export const subnetPoolNotFound = fault(
  'SubnetPoolNotFound',
  404,
  (id: string) => `Subnet pool ${id} could not be found.`,
  lookUp,
);
export const subnetPoolDeleteError = fault(
  'SubnetPoolDeleteError',
  400,
  (reason: string) => `Unable to delete subnet pool: ${reason}.`,
  'Delete the subnets that were taken from it first.',
);
export const emptySubnetPoolPrefixList = fault(
  'EmptySubnetPoolPrefixList',
  400,
  () => 'Empty subnet pool prefix list.',
  'Give at least one prefix.',
);
export const prefixVersionMismatch = fault(
  'PrefixVersionMismatch',
  400,
  () => 'Cannot mix IPv4 and IPv6 prefixes in a subnet pool.',
  'Make one pool for each IP version.',
);
export const illegalSubnetPoolPrefixBounds = fault(
  'IllegalSubnetPoolPrefixBounds',
  400,
  (name: string, length: number, baseName: string, baseLength: number) =>
    `Illegal prefix bounds: ${name}=${length}, ${baseName}=${baseLength}.`,
  'min_prefixlen <= default_prefixlen <= max_prefixlen <= 32 (IPv4) or 128 (IPv6).',
);
export const illegalSubnetPoolPrefixUpdate = fault(
  'IllegalSubnetPoolPrefixUpdate',
  400,
  (reason: string) => `Illegal update to prefixes: ${reason}.`,
  'Give all prefixes that the pool has, and more; remove_prefixes takes away what no subnet has.',
);
export const illegalSubnetPoolUpdate = fault(
  'IllegalSubnetPoolUpdate',
  400,
  (reason: string) => `Illegal subnetpool update : ${reason}.`,
  'Correct what the sentence names.',
);
export const onboardNotAuthorized = fault(
  'NotAuthorized',
  403,
  () => 'Not authorized.',
  'Only the owner of a network, or an administrator, takes its subnets into a pool.',
);
export const subnetPoolVersionDiffersFromScope = fault(
  'IllegalSubnetPoolIpVersionAssociationToAddressScope',
  400,
  (poolId: string, scopeId: string, version: number) =>
    `Illegal subnetpool association: subnetpool ${poolId} cannot associate with address scope ${scopeId} because subnetpool ip_version is not ${version}.`,
  'Choose an address scope of the IP version of the pool.',
);
export const subnetAllocationError = fault(
  'SubnetAllocationError',
  409,
  (reason: string) => `Failed to allocate subnet: ${reason}.`,
  'Ask for a longer prefix or another one, or add prefixes to the pool.',
);
export const minPrefixSubnetAllocation = fault(
  'MinPrefixSubnetAllocationError',
  400,
  (length: number, minimum: number) =>
    `Unable to allocate subnet with prefix length ${length}, minimum allowed prefix is ${minimum}.`,
  'Ask for a longer prefix: the pool says which.',
);
export const maxPrefixSubnetAllocation = fault(
  'MaxPrefixSubnetAllocationError',
  400,
  (length: number, maximum: number) =>
    `Unable to allocate subnet with prefix length ${length}, maximum allowed prefix is ${maximum}.`,
  'Ask for a shorter prefix: the pool says which.',
);
export const subnetPoolQuotaExceeded = fault(
  'SubnetPoolQuotaExceeded',
  409,
  () => 'Per-project subnet pool prefix quota exceeded.',
  'Delete subnets of the pool, or raise its default_quota.',
);
export const networkSubnetPoolAffinity = fault(
  'NetworkSubnetPoolAffinityError',
  400,
  () => 'Subnets hosted on the same network must be allocated from the same subnet pool.',
  'Take the subnets of one network and IP version from one pool, or all of them from none.',
);

export const invalidSubnetServiceType = fault(
  'InvalidSubnetServiceType',
  400,
  (serviceType: string) => `Subnet service type ${serviceType} does not correspond to a valid device owner.`,
  'Name device owners: compute:…, network:…, neutron:….',
);
export const noMatchingServiceSubnet = fault(
  'IpAddressGenerationFailureNoMatchingSubnet',
  409,
  (networkId: string, serviceType: string) =>
    `No valid service subnet for the given device owner, network ${networkId}, service type ${serviceType}.`,
  'Give the network a subnet without service_types, or one whose service_types name the device owner.',
);
export const ipAddressChangeNotAllowed = fault(
  'IPAddressChangeNotAllowed',
  400,
  (portId: string) => `IP updates for port ${portId} are not allowed.`,
  'Take the interface from its router, and add one with the other address.',
);
