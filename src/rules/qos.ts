/**
 * QoS rules: which can be together in a policy, and which a port can have. Rules and sentences are Neutron's
 * (neutron/objects/qos/qos_policy_validator.py, neutron/services/qos/drivers).
 */
import { qosRuleParameterConflict, qosRulesConflict } from '../model/faults-qos.ts';
import { dscpMarks } from '../model/resources/qos.ts';

/** The types of rules, by their names in the API. */
export const qosRuleTypes = [
  'bandwidth_limit',
  'dscp_marking',
  'minimum_bandwidth',
  'packet_rate_limit',
  'minimum_packet_rate',
] as const;

/** The type of a rule. */
export type QosRuleType = (typeof qosRuleTypes)[number];

/** A rule of a policy, as far as the others depend on it. */
export interface QosRule {
  readonly id: string;
  readonly type: QosRuleType;
  /** Absent for a mark. */
  readonly direction?: string;
  /** kbit/s; of a limit and of a minimum. */
  readonly max_kbps?: number;
  readonly min_kbps?: number;
}

function checkBandwidths(policyId: string, wanted: QosRule, others: readonly QosRule[]): void {
  for (const other of others) {
    if (other.direction !== wanted.direction) continue;
    const isAbove = (wanted.min_kbps ?? 0) > (other.max_kbps ?? Number.POSITIVE_INFINITY);
    if (wanted.min_kbps !== undefined && other.max_kbps !== undefined && isAbove)
      throw qosRuleParameterConflict(wanted.min_kbps, policyId, other.type, other.max_kbps);
    const isBelow = (other.min_kbps ?? 0) > (wanted.max_kbps ?? Number.POSITIVE_INFINITY);
    if (wanted.max_kbps !== undefined && other.min_kbps !== undefined && isBelow)
      throw qosRuleParameterConflict(wanted.max_kbps, policyId, other.type, other.min_kbps);
  }
}

/** A minimum packet rate is for each direction, or for both together. */
function checkPacketRates(policyId: string, wanted: QosRule, others: readonly QosRule[]): void {
  if (wanted.type !== 'minimum_packet_rate') return;
  const mixed = others.find(
    (other) => other.type === wanted.type && (other.direction === 'any') !== (wanted.direction === 'any'),
  );
  if (mixed) throw qosRuleParameterConflict(wanted.direction ?? '', policyId, mixed.type, mixed.direction ?? '');
}

/** Throws the fault of a rule that cannot be in the policy beside the others, or that is there already. */
export function checkRuleInPolicy(policyId: string, wanted: QosRule, rules: readonly QosRule[]): void {
  const others = rules.filter((rule) => rule.id !== wanted.id);
  checkBandwidths(policyId, wanted, others);
  checkPacketRates(policyId, wanted, others);
  const same = others.find((other) => other.type === wanted.type && other.direction === wanted.direction);
  if (same) throw qosRulesConflict(wanted.type, same.id, policyId);
}

/** A parameter of a type of rules, as `GET /qos/rule-types/{type}` shows it. */
interface Parameter {
  readonly parameter_name: string;
  readonly parameter_type: 'range' | 'choices';
  readonly parameter_values: { readonly start: number; readonly end: number } | readonly (string | number)[];
}

const amount = (name: string): Parameter => ({
  parameter_name: name,
  parameter_type: 'range',
  parameter_values: { start: 0, end: 2147483647 },
});
const choice = (name: string, values: readonly (string | number)[]): Parameter => ({
  parameter_name: name,
  parameter_type: 'choices',
  parameter_values: values,
});
const directions = choice('direction', ['ingress', 'egress']);

/** What each mechanism driver can do for a port (neutron/services/qos/drivers/*), and what ports it wires. */
const limitsAndMarks: Partial<Record<QosRuleType, readonly Parameter[]>> = {
  bandwidth_limit: [amount('max_kbps'), amount('max_burst_kbps'), directions],
  dscp_marking: [choice('dscp_mark', dscpMarks)],
};
const drivers: Readonly<
  Record<string, { readonly vifType: string; readonly rules: Partial<Record<QosRuleType, readonly Parameter[]>> }>
> = {
  linuxbridge: { vifType: 'bridge', rules: limitsAndMarks },
  openvswitch: { vifType: 'ovs', rules: limitsAndMarks },
};

/** The drivers among the configured mechanism drivers that know QoS. */
function loaded(mechanismDrivers: readonly string[]) {
  return mechanismDrivers.flatMap((name) => {
    const driver = drivers[name];
    return driver ? [{ name, ...driver }] : [];
  });
}

/** The types of rules that every loaded driver has; `all_supported`: that one of them has; `all_rules`: that there are. */
export function supportedRuleTypes(
  mechanismDrivers: readonly string[],
  asked: 'common' | 'all_supported' | 'all_rules' = 'common',
): QosRuleType[] {
  if (asked === 'all_rules') return [...qosRuleTypes];
  const all = loaded(mechanismDrivers);
  const has = (type: QosRuleType) =>
    asked === 'common' ? all.every((driver) => driver.rules[type]) : all.some((driver) => driver.rules[type]);
  return all.length === 0 ? [] : qosRuleTypes.filter(has);
}

/** The drivers that have a type of rules, with its parameters. */
export function ruleTypeDrivers(mechanismDrivers: readonly string[], type: string) {
  return loaded(mechanismDrivers).flatMap(({ name, rules }) => {
    const supported_parameters = rules[type as QosRuleType];
    return supported_parameters ? [{ name, supported_parameters }] : [];
  });
}

/** Whether a port that is wired like this can have a rule of the type; one that is not wired is judged by any driver. */
export function isSupportedOn(mechanismDrivers: readonly string[], type: QosRuleType, vifType?: string): boolean {
  return loaded(mechanismDrivers).some(
    (driver) => driver.rules[type] && (vifType === undefined || !isWired(vifType) || driver.vifType === vifType),
  );
}

const isWired = (vifType: string) => vifType !== 'unbound' && vifType !== 'binding_failed';

/** The wirings of ports that cannot have a rule of the type. */
export function unsupportedVifTypes(
  mechanismDrivers: readonly string[],
  type: QosRuleType,
  vifTypes: readonly string[],
): string[] {
  return vifTypes.filter((vifType) => !isSupportedOn(mechanismDrivers, type, vifType));
}
