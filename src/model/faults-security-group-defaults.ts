/** The errors of what new security groups are like (neutron/extensions/security_groups_default_rules.py and its neighbours). */
import { fault } from './fault.ts';

export const defaultSecurityGroupRuleNotFound = fault(
  'DefaultSecurityGroupRuleNotFound',
  404,
  (id: string) => `Default Security Group rule ${id} does not exist`,
  'GET /v2.0/default-security-group-rules lists them.',
);
export const defaultSecurityGroupRuleExists = fault(
  'DefaultSecurityGroupRuleExists',
  409,
  (id: string) => `Default Security group rule already exists. Rule id is ${id}.`,
  'Nothing is to be done: the template is there.',
);
export const defaultStatefulnessNotFound = fault(
  'SecurityGroupDefaultStatefulnessNotFound',
  404,
  (id: string) => `Security group default statefulness ${id} could not be found.`,
  'Check the id; a setting of another project cannot be seen.',
);
export const defaultStatefulnessExists = fault(
  'SecurityGroupDefaultStatefulnessAlreadyExists',
  409,
  (project: string) => `A security group default statefulness setting already exists for project '${project}'.`,
  'Change the one that is there.',
);
