/** What a rule of a metering label must be (neutron/services/metering/metering_plugin.py). */
import { cidrsOverlap, parseCidr } from '../lib/ip.ts';
import { invalidMeteringRule, meteringLabelRuleOverlaps } from '../model/faults-metering.ts';
import type { meteringLabelRule } from '../model/index.ts';
import type { Row } from '../model/language.ts';

type Prefixes = Pick<Row<typeof meteringLabelRule>, 'remote_ip_prefix' | 'source_ip_prefix' | 'destination_ip_prefix'>;

/** Throws Invalid where the rule names no prefix, or one of the older kind together with the newer ones. */
export function checkPrefixes(rule: Prefixes): void {
  const isBetween = rule.source_ip_prefix !== null || rule.destination_ip_prefix !== null;
  if (rule.remote_ip_prefix !== null && isBetween)
    throw invalidMeteringRule(
      "Cannot use 'remote-ip-prefix' in conjunction with 'source-ip-prefix' or 'destination-ip-prefix'.",
    );
  if (rule.remote_ip_prefix === null && !isBetween)
    throw invalidMeteringRule(
      "You must define at least one of the following parameters 'remote_ip_prefix', or 'source_ip_prefix' or 'destination_ip_prefix'.",
    );
}

/** Throws MeteringLabelRuleOverlaps where one of the others counts the same addresses. */
export function checkOverlaps(rule: Prefixes, others: readonly Prefixes[]): void {
  const wanted = rule.remote_ip_prefix === null ? undefined : parseCidr(rule.remote_ip_prefix);
  if (!wanted) return;
  for (const other of others) {
    const there = other.remote_ip_prefix === null ? undefined : parseCidr(other.remote_ip_prefix);
    if (there && cidrsOverlap(wanted, there)) throw meteringLabelRuleOverlaps(rule.remote_ip_prefix ?? '');
  }
}
