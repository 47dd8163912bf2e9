/** Loads what QoS policies mean to hosts. */
import type { HostQos } from '../model/host-objects.ts';
import { bandwidthLimitRule, dscpMarkingRule, network, type port } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { hostQos } from '../rules/host-view/qos.ts';
import type { Reader } from '../store/store.ts';

/** What a policy asks of hosts; undefined: nothing. */
export async function loadQos(r: Reader, policyId: string | null): Promise<HostQos | undefined> {
  if (policyId === null) return undefined;
  const limits = await r.find(bandwidthLimitRule, { qos_policy_id: policyId });
  return hostQos(limits, await r.first(dscpMarkingRule, { qos_policy_id: policyId }));
}

/** What the policy of an instance's port, or else that of its network, asks for (Neutron: `_get_port_qos_policy`). */
export async function loadPortQos(r: Reader, row: Row<typeof port>): Promise<HostQos | undefined> {
  return loadQos(r, row.qos_policy_id ?? (await r.get(network, row.network_id))?.qos_policy_id ?? null);
}
