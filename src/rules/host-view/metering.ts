/** What hosts count for metering labels, from the rules of the labels (neutron/services/metering/drivers/iptables). */
import { formatCidr, parseCidr } from '../../lib/ip.ts';
import type { HostMetering } from '../../model/host-objects.ts';
import type { meteringLabelRule } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { byText } from './addresses.ts';

type RuleRow = Row<typeof meteringLabelRule>;
type HostRule = HostMetering['rules'][number];

/** A remote prefix is one of the inside: where the traffic comes from on its way out, where it goes to on its way in. */
function hostRules(row: RuleRow): HostRule[] {
  const { direction, excluded, remote_ip_prefix: remote } = row;
  const source = parseCidr((direction === 'egress' ? remote : null) ?? row.source_ip_prefix ?? '');
  const destination = parseCidr((direction === 'ingress' ? remote : null) ?? row.destination_ip_prefix ?? '');
  // No packet has both.
  if (source && destination && source.version !== destination.version) return [];
  const text = (prefix: typeof source) => (prefix ? formatCidr(prefix) : null);
  return [{ direction, excluded, source_ip_prefix: text(source), destination_ip_prefix: text(destination) }];
}

const ruleText = (rule: HostRule) =>
  `${rule.direction} ${rule.excluded} ${rule.source_ip_prefix} ${rule.destination_ip_prefix}`;

/** What the labels of these rules count; a label that counts nothing is left out. */
export function hostMetering(rows: readonly RuleRow[]): HostMetering[] {
  const labels = new Map<string, Map<string, HostRule>>();
  for (const row of rows) {
    const rules = labels.get(row.metering_label_id) ?? new Map<string, HostRule>();
    labels.set(row.metering_label_id, rules);
    for (const rule of hostRules(row)) rules.set(ruleText(rule), rule);
  }
  return [...labels]
    .map(([label_id, rules]) => ({ label_id, rules: [...rules.values()].sort(byText(ruleText)) }))
    .filter(({ rules }) => rules.some(({ excluded }) => !excluded))
    .sort(byText(({ label_id }) => label_id));
}
