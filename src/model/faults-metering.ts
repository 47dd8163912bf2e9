/** The errors of metering (neutron_lib/exceptions/metering.py). */
import { fault } from './fault.ts';

export const meteringLabelNotFound = fault(
  'MeteringLabelNotFound',
  404,
  (id: string) => `Metering label '${id}' does not exist.`,
  'Check the id; a label of another project cannot be seen.',
);
export const meteringLabelRuleNotFound = fault(
  'MeteringLabelRuleNotFound',
  404,
  (id: string) => `Metering label rule '${id}' does not exist.`,
  'Check the id; a rule of another project cannot be seen.',
);
export const meteringLabelRuleOverlaps = fault(
  'MeteringLabelRuleOverlaps',
  409,
  (prefix: string) => `Metering label rule with remote_ip_prefix '${prefix}' overlaps another.`,
  'Choose a prefix that shares no address with those of the label in the same direction.',
);
export const invalidMeteringRule = fault(
  'Invalid',
  400,
  (reason: string) => reason,
  'Give remote_ip_prefix, or source_ip_prefix and destination_ip_prefix, or one of the two.',
);
