/**
 * Every error that a client of the Networking API can see, by subject. Types, statuses and sentences are Neutron's where Neutron has
 * them; clients and their users match on them. The reference page of errors is generated from this catalogue.
 */
export { Fault, type FaultKind, fault, faultKinds } from './fault.ts';
export * from './faults-addresses.ts';
export * from './faults-agents.ts';
export * from './faults-bindings.ts';
export * from './faults-conntrack-helper.ts';
export * from './faults-flavors.ts';
export * from './faults-local-ip.ts';
export * from './faults-metering.ts';
export * from './faults-ndp-proxy.ts';
export * from './faults-networks.ts';
export * from './faults-ports.ts';
export * from './faults-qos.ts';
export * from './faults-requests.ts';
export * from './faults-routers.ts';
export * from './faults-security-group-defaults.ts';
export * from './faults-security-groups.ts';
export * from './faults-segments.ts';
export * from './faults-sharing.ts';
export * from './faults-topology.ts';
export * from './faults-trunk.ts';
