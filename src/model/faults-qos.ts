/** The errors of QoS (neutron_lib/exceptions/qos.py). */
import { fault } from './fault.ts';

export const qosPolicyNotFound = fault(
  'QosPolicyNotFound',
  404,
  (id: string) => `QoS policy ${id} could not be found.`,
  'Check the id; a policy of another project is seen only where it is shared.',
);
export const qosRuleNotFound = fault(
  'QosRuleNotFound',
  404,
  (ruleId: string, policyId: string) => `QoS rule ${ruleId} for policy ${policyId} could not be found.`,
  'Check both ids, and the type of the rule; it may be of another policy.',
);
export const qosDefaultPolicyExists = fault(
  'QoSPolicyDefaultAlreadyExists',
  409,
  (projectId: string) => `A default QoS policy exists for project ${projectId}.`,
  'Set is_default of the other policy to false first.',
);
export const qosPolicyInUse = fault(
  'QosPolicyInUse',
  409,
  (policyId: string, objectType: string, objectId: string) =>
    `QoS Policy ${policyId} is used by ${objectType} ${objectId}.`,
  'Take the policy away there first: qos_policy_id null.',
);
export const qosRuleNotSupported = fault(
  'QosRuleNotSupported',
  409,
  (ruleType: string, portId: string) => `Rule ${ruleType} is not supported by port ${portId}`,
  'GET /v2.0/qos/rule-types lists the types that there are for ports.',
);
export const qosRuleNotSupportedByNetwork = fault(
  'QosRuleNotSupportedByNetwork',
  409,
  (ruleType: string, networkId: string) => `Rule ${ruleType} is not supported by network ${networkId}`,
  'GET /v2.0/qos/rule-types lists the types that there are for networks.',
);
export const qosRuleParameterConflict = fault(
  'QoSRuleParameterConflict',
  409,
  (value: number | string, policyId: string, existingType: string, existingValue: number | string) =>
    `Unable to add the rule with value ${value} to the policy ${policyId} as the existing rule of type ${existingType} has value ${existingValue}.`,
  'A minimum may not be above the limit of the same direction, and packet rates are per direction or not at all.',
);
export const qosRulesConflict = fault(
  'QoSRulesConflict',
  409,
  (newType: string, ruleId: string, policyId: string) =>
    `Rule ${newType} conflicts with rule ${ruleId} which already exists in QoS Policy ${policyId}.`,
  'A policy has one rule of a type for each direction: change the one that is there.',
);
export const qosPolicyRemovalForbidden = fault(
  'PolicyRemoveAuthorizationError',
  403,
  (policyId: string) => `Failed to remove provided policy ${policyId} because you are not authorized.`,
  'The policy is of another project; ask an administrator.',
);
export const qosRuleTypeNotFound = fault(
  'HTTPNotFound',
  404,
  () => 'The resource could not be found.',
  'GET /v2.0/qos/rule-types lists the types.',
);
