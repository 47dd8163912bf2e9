/** What a QoS policy means on a host. */
import type { HostBandwidth, HostQos } from '../../model/host-objects.ts';
import type { bandwidthLimitRule, dscpMarkingRule } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';

/**
 * The limits and the mark of a policy; undefined where it has none that hosts enforce: promises of bandwidth and limits of
 * packets no driver here can keep, and a port cannot have them.
 */
export function hostQos(
  limits: readonly Row<typeof bandwidthLimitRule>[],
  mark: Row<typeof dscpMarkingRule> | undefined,
): HostQos | undefined {
  const limit = (direction: 'ingress' | 'egress'): HostBandwidth | null => {
    const rule = limits.find((one) => one.direction === direction);
    // A limit of nothing is none: no queue can be made that passes nothing.
    return rule && rule.max_kbps > 0 ? { max_kbps: rule.max_kbps, max_burst_kbps: rule.max_burst_kbps } : null;
  };
  const qos = { ingress: limit('ingress'), egress: limit('egress'), dscp_mark: mark?.dscp_mark ?? null };
  return qos.ingress || qos.egress || qos.dscp_mark !== null ? qos : undefined;
}
