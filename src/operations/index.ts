/** The operations of every resource, by its name. */
import { addressGroupOperations } from './address-group.ts';
import { addressScopeOperations } from './address-scope.ts';
import { agentOperations } from './agent.ts';
import { conntrackHelperOperations } from './conntrack-helper.ts';
import type { Operations } from './context.ts';
import { defaultSecurityGroupRuleOperations } from './default-security-group-rule.ts';
import { defaultStatefulnessOperations } from './default-statefulness.ts';
import { flavorOperations, serviceProfileOperations } from './flavor.ts';
import { floatingipOperations } from './floatingip.ts';
import { localIpAssociationOperations, localIpOperations } from './local-ip.ts';
import { meteringLabelOperations, meteringLabelRuleOperations } from './metering.ts';
import { ndpProxyOperations } from './ndp-proxy.ts';
import { networkOperations } from './network.ts';
import { networkIpAvailabilityOperations } from './network-ip-availability.ts';
import { networkSegmentRangeOperations } from './network-segment-range.ts';
import { portBindingOperations } from './port-bindings.ts';
import { portForwardingOperations } from './port-forwarding.ts';
import { portOperations } from './port-operations.ts';
import { qosPolicyOperations } from './qos-policy.ts';
import { qosRuleOperations } from './qos-rule.ts';
import { rbacPolicyOperations } from './rbac-policy.ts';
import { routerOperations } from './router.ts';
import { securityGroupOperations } from './security-group.ts';
import { securityGroupRuleOperations } from './security-group-rule.ts';
import { segmentOperations } from './segment.ts';
import { subnetOperations } from './subnet.ts';
import { subnetpoolOperations } from './subnetpool.ts';
import { trunkOperations } from './trunk.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations of every resource; each takes the rows of its own.
export const operations: Readonly<Record<string, Operations<any>>> = {
  address_group: addressGroupOperations,
  address_scope: addressScopeOperations,
  agent: agentOperations,
  binding: portBindingOperations,
  conntrack_helper: conntrackHelperOperations,
  flavor: flavorOperations,
  floatingip: floatingipOperations,
  local_ip: localIpOperations,
  metering_label: meteringLabelOperations,
  metering_label_rule: meteringLabelRuleOperations,
  ndp_proxy: ndpProxyOperations,
  network: networkOperations,
  network_segment_range: networkSegmentRangeOperations,
  network_ip_availability: networkIpAvailabilityOperations,
  port: portOperations,
  port_association: localIpAssociationOperations,
  port_forwarding: portForwardingOperations,
  policy: qosPolicyOperations,
  ...qosRuleOperations,
  rbac_policy: rbacPolicyOperations,
  router: routerOperations,
  security_group: securityGroupOperations,
  security_group_rule: securityGroupRuleOperations,
  segment: segmentOperations,
  service_profile: serviceProfileOperations,
  subnet: subnetOperations,
  subnetpool: subnetpoolOperations,
  trunk: trunkOperations,
  default_security_group_rule: defaultSecurityGroupRuleOperations,
  security_groups_default_statefulness: defaultStatefulnessOperations,
};
