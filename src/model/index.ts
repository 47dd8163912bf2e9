/** Everything that is defined, in the order in which tables are created. */
import type { Record_, Resource } from './language.ts';
import * as identity from './records/identity.ts';
import * as metering from './records/metering.ts';
import * as networking from './records/networking.ts';
import { autoAllocatedTopology, flavorProfile } from './records/services.ts';
import { subnetpoolSpace } from './records/subnetpool.ts';
import { addressGroup } from './resources/address-group.ts';
import { addressScope } from './resources/address-scope.ts';
import { agent } from './resources/agent.ts';
import { conntrackHelper } from './resources/conntrack-helper.ts';
import { flavor, serviceProfile } from './resources/flavor.ts';
import { floatingip } from './resources/floatingip.ts';
import { localIp, localIpAssociation } from './resources/local-ip.ts';
import { meteringLabel, meteringLabelRule } from './resources/metering.ts';
import { ndpProxy } from './resources/ndp-proxy.ts';
import { network } from './resources/network.ts';
import { networkIpAvailability } from './resources/network-ip-availability.ts';
import { networkSegmentRange } from './resources/network-segment-range.ts';
import { port } from './resources/port.ts';
import { portBinding } from './resources/port-binding.ts';
import { portForwarding } from './resources/port-forwarding.ts';
import { qosPolicy, qosRuleAliases, qosRules } from './resources/qos.ts';
import { rbacPolicy } from './resources/rbac-policy.ts';
import { router } from './resources/router.ts';
import { securityGroup, securityGroupRule } from './resources/security-group.ts';
import { defaultSecurityGroupRule, defaultStatefulness } from './resources/security-group-defaults.ts';
import { segment } from './resources/segment.ts';
import { subnet } from './resources/subnet.ts';
import { subnetpool } from './resources/subnetpool.ts';
import { trunk } from './resources/trunk.ts';

export * from './records/identity.ts';
export * from './records/metering.ts';
export * from './records/networking.ts';
export * from './records/services.ts';
export { subnetpoolSpace } from './records/subnetpool.ts';
export { addressGroup } from './resources/address-group.ts';
export { addressScope } from './resources/address-scope.ts';
export * from './resources/conntrack-helper.ts';
export { flavor, serviceProfile } from './resources/flavor.ts';
export * from './resources/local-ip.ts';
export * from './resources/metering.ts';
export { ndpProxy } from './resources/ndp-proxy.ts';
export { networkIpAvailability } from './resources/network-ip-availability.ts';
export { networkSegmentRange } from './resources/network-segment-range.ts';
export * from './resources/qos.ts';
export * from './resources/security-group-defaults.ts';
export { segment } from './resources/segment.ts';
export { subnetpool } from './resources/subnetpool.ts';
export * from './resources/trunk.ts';
export {
  agent,
  floatingip,
  network,
  port,
  portBinding,
  portForwarding,
  rbacPolicy,
  router,
  securityGroup,
  securityGroupRule,
  subnet,
};

/** What the API shows. */
export const resources: readonly Resource[] = [
  // Whatever may have a policy comes after it.
  qosPolicy,
  ...qosRules,
  ...qosRuleAliases,
  network,
  networkSegmentRange,
  flavor,
  serviceProfile,
  segment,
  addressScope,
  subnetpool,
  subnet,
  networkIpAvailability,
  addressGroup,
  securityGroup,
  securityGroupRule,
  defaultSecurityGroupRule,
  defaultStatefulness,
  port,
  portBinding,
  router,
  conntrackHelper,
  ndpProxy,
  floatingip,
  portForwarding,
  localIp,
  localIpAssociation,
  meteringLabel,
  meteringLabelRule,
  trunk,
  agent,
  rbacPolicy,
];

/** Every table. A definition comes after those that it references. */
export const records: readonly Record_[] = [
  ...resources.filter((resource) => !resource.rowsOf),
  networking.ipAllocation,
  networking.portSecurityGroup,
  networking.defaultSecurityGroup,
  subnetpoolSpace,
  networking.qosDefaultPolicy,
  networking.trunkSubport,
  networking.quotaLimit,
  networking.quotaUsage,
  networking.routerBinding,
  networking.dhcpBinding,
  autoAllocatedTopology,
  flavorProfile,
  metering.meteringCount,
  metering.meteringTotal,
  metering.meteringReport,
  identity.project,
  identity.user,
  identity.role,
  identity.roleAssignment,
  identity.systemAssignment,
  identity.applicationCredential,
  identity.token,
  identity.agentToken,
];
