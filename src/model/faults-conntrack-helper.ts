/** The errors of conntrack helpers (neutron/services/conntrack_helper/common/exceptions.py). */
import { fault } from './fault.ts';

export const conntrackHelperNotFound = fault(
  'ConntrackHelperNotFound',
  404,
  (id: string) => `Conntrack Helper ${id} could not be found.`,
  'Check both ids; the helper may be of another router.',
);
export const conntrackHelperNotAllowed = fault(
  'ConntrackHelperNotAllowed',
  400,
  (helper: string) => `Conntrack Helper ${helper} is not allowed.`,
  'Choose amanda, ftp, h323, irc, netbios-ns, pptp, sane, sip, snmp or tftp.',
);
export const invalidProtocolForHelper = fault(
  'InvalidProtocolForHelper',
  400,
  (helper: string, protocol: string, supported: string) =>
    `Conntrack Helper ${helper} does not support: ${protocol}. Supported protocols are: ${supported}`,
  'Choose one of the protocols that the sentence names.',
);
