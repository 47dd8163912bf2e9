/** The errors of security groups and their rules (neutron/extensions/securitygroup.py). */
import { fault, lookUp } from './fault.ts';

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
export const securityGroupConflict = fault(
  'SecurityGroupConflict',
  409,
  (reason: string) => `Error ${reason} while attempting the operation.`,
  'Give a port groups that are all stateful, or all stateless.',
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
