/** The errors of local IPs (neutron_lib/exceptions/local_ip.py). */
import { fault, lookUp } from './fault.ts';

export const localIpNotFound = fault(
  'LocalIPNotFound',
  404,
  (id: string) => `Local IP ${id} could not be found.`,
  lookUp,
);
export const localIpInUse = fault(
  'LocalIPInUse',
  409,
  (id: string) => `Local IP ${id} is still associated with one or more ports.`,
  'Delete its associations first: GET …/port_associations lists them.',
);
export const localIpNoIp = fault(
  'LocalIPNoIP',
  400,
  (portId: string) => `Specified Port ${portId} has no fixed IPs configured.`,
  'Give the port an address, or choose another port.',
);
export const localIpRequestedIpNotFound = fault(
  'LocalIPRequestedIPNotFound',
  400,
  (portId: string, ip: string) => `Specified Port ${portId} does not have requested IP address: ${ip}.`,
  'Name one of the fixed IPs of the port.',
);
export const localIpNoRequestedIp = fault(
  'LocalIPNoRequestedIP',
  400,
  (portId: string) => `Specified Port ${portId} has several IPs, should specify exact IP address to use for Local IP.`,
  'Name one of its addresses: local_ip_address of a local IP, fixed_ip of an association.',
);
export const localIpPortOrNetworkRequired = fault(
  'LocalIPPortOrNetworkRequired',
  400,
  () => 'Either Port ID or Network ID must be specified for Local IP create.',
  'Give local_port_id or network_id.',
);
export const localIpAssociationNotFound = fault(
  'LocalIPAssociationNotFound',
  404,
  (localIpId: string, portId: string) => `Local IP ${localIpId} association with port ${portId} could not be found.`,
  'Check both ids: an association is named by its port.',
);
export const duplicateLocalIpAssociation = fault(
  'NeutronDbObjectDuplicateEntry',
  409,
  (localIpId: string, portId: string) =>
    `Failed to create a duplicate LocalIPAssociation: for attribute(s) ['PRIMARY'] with value(s) ${localIpId}-${portId}`,
  'Nothing is to be done, unless another fixed_ip is wanted: then delete the association first.',
);
