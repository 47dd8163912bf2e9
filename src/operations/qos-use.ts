/** QoS policies in use: what a port, a network, a floating IP and a gateway may have (neutron/core_extensions/qos.py). */

import { qosPolicyRemovalForbidden, qosRuleNotSupported, qosRuleNotSupportedByNetwork } from '../model/faults-qos.ts';
import { network, type port, qosDefaultPolicy, qosPolicy, qosRules } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { servicePluginNames } from '../rules/extensions.ts';
import { isSupportedOn, type QosRule, type QosRuleType } from '../rules/qos.ts';
import type { Reader } from '../store/store.ts';
import type { Context, ReadContext } from './context.ts';
import { isGranted } from './sharing.ts';
import { visibleQosPolicy } from './visible.ts';

/** A rule of whichever type as it is stored, with its type. */
export type StoredRule = QosRule & { readonly project_id: string; readonly qos_policy_id: string };

/** The rules of these policies, of every type, with one query each. */
export async function rulesOfPolicies(r: Reader, policyIds: readonly string[]): Promise<StoredRule[]> {
  if (policyIds.length === 0) return [];
  const rules: StoredRule[] = [];
  for (const resource of qosRules) {
    const type = resource.name.slice(0, -'_rule'.length) as QosRuleType;
    const rows = (await r.find(resource, { qos_policy_id: [...policyIds] })) as Omit<StoredRule, 'type'>[];
    for (const row of rows) rules.push({ ...row, type });
  }
  return rules;
}

/** Whoever takes a policy away must be able to see it. */
async function checkRemovable(c: Context, policyId: string | null): Promise<void> {
  if (policyId === null || c.caller.isAdmin) return;
  const policy = await c.t.get(qosPolicy, policyId);
  if (!policy || policy.project_id === c.caller.projectId) return;
  if (!(await isGranted(c.t, policyId, c.caller.projectId))) throw qosPolicyRemovalForbidden(policyId);
}

/** The type of a rule of the policy that something wired like this cannot have. */
async function unsupportedRule(c: Context, policyId: string, vifType?: string): Promise<QosRuleType | undefined> {
  const rules = await rulesOfPolicies(c.t, [policyId]);
  return rules.find((rule) => !isSupportedOn(c.settings.mechanismDrivers, rule.type, vifType))?.type;
}

/**
 * Whether a port may get this policy (null: none, undefined: the request says nothing of it). Faults: QosPolicyNotFound,
 * QosRuleNotSupported, PolicyRemoveAuthorizationError.
 */
export async function checkPortPolicy(
  c: Context,
  row: Pick<Row<typeof port>, 'id' | 'qos_policy_id' | 'binding:vif_type'>,
  policyId: string | null | undefined,
): Promise<void> {
  if (policyId === undefined || (policyId === null && row.qos_policy_id === null)) return;
  await checkRemovable(c, row.qos_policy_id);
  if (policyId === null) return;
  await visibleQosPolicy(c, policyId);
  if (policyId === row.qos_policy_id) return;
  const type = await unsupportedRule(c, policyId, row['binding:vif_type']);
  if (type !== undefined) throw qosRuleNotSupported(type, row.id);
}

/** As checkPortPolicy, for a network that is there; the fault of a rule that it cannot have is QosRuleNotSupportedByNetwork. */
export async function checkNetworkPolicy(
  c: Context,
  row: Pick<Row<typeof network>, 'id' | 'qos_policy_id'>,
  policyId: string | null | undefined,
): Promise<void> {
  if (policyId === undefined || (policyId === null && row.qos_policy_id === null)) return;
  await checkRemovable(c, row.qos_policy_id);
  if (policyId === null) return;
  await visibleQosPolicy(c, policyId);
  if (policyId === row.qos_policy_id) return;
  const type = await unsupportedRule(c, policyId);
  if (type !== undefined) throw qosRuleNotSupportedByNetwork(type, row.id);
}

/** The policy of a new network: the one asked for, or else the default one of its project. */
export async function policyOfNewNetwork(
  c: Context,
  row: { readonly id: string; readonly project_id: string },
  asked: string | null,
): Promise<string | null> {
  if (asked === null && !servicePluginNames(c.settings).has('qos')) return null;
  const policyId = asked ?? (await c.t.first(qosDefaultPolicy, { project_id: row.project_id }))?.qos_policy_id ?? null;
  await checkNetworkPolicy(c, { id: row.id, qos_policy_id: null }, policyId);
  return policyId;
}

/** The policies of these networks, by the network's id, with one query. */
export async function networkPolicies(
  c: Pick<ReadContext, 'r'>,
  networkIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(networkIds)];
  // Where there is no policy at all, one step in an index says so.
  const some = ids.length > 0 && (await c.r.first(qosPolicy, {}));
  const rows = some ? await c.r.find(network, { id: ids }) : [];
  return new Map(rows.flatMap((row) => (row.qos_policy_id ? [[row.id, row.qos_policy_id] as const] : [])));
}
