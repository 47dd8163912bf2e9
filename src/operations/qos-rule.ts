/** The rules of QoS policies, of every type, under their policy and by the short ways (neutron/services/qos/qos_plugin.py). */

import { qosPolicyNotFound, qosRuleNotFound, qosRuleNotSupported } from '../model/faults-qos.ts';
import { port, qosPolicy, qosRuleAliases, qosRules } from '../model/index.ts';
import type { Draft, Resource, Row } from '../model/language.ts';
import { vifTypes } from '../model/resources/port.ts';
import { checkRuleInPolicy, type QosRuleType, unsupportedVifTypes } from '../rules/qos.ts';
import type { Context, Operations } from './context.ts';
import { rulesOfPolicies, type StoredRule } from './qos-use.ts';
import { wakePolicy } from './wake.ts';

type RuleResource = (typeof qosRules)[number];
type PolicyRow = Row<typeof qosPolicy>;

/** The rule may be in its policy, and the ports that have the policy can have it. */
async function check(c: Context, rule: StoredRule): Promise<void> {
  const policyId = rule.qos_policy_id;
  checkRuleInPolicy(policyId, rule, await rulesOfPolicies(c.t, [policyId]));
  const unable = unsupportedVifTypes(c.settings.mechanismDrivers, rule.type, vifTypes) as (typeof vifTypes)[number][];
  if (unable.length === 0) return;
  const one = await c.t.first(port, { qos_policy_id: policyId, 'binding:vif_type': unable });
  if (one) throw qosRuleNotSupported(rule.type, one.id);
}

/** A policy shows its rules, so a change of them is one of it; and of what hosts have of it. */
async function touchPolicy(c: Context, policyId: string): Promise<void> {
  if (!(await c.t.update(qosPolicy, policyId, {}))) throw qosPolicyNotFound(policyId);
  await wakePolicy(c, policyId);
}

/** The operations on the rules of one type; `shown` is the resource that the API shows them as. */
function ruleOperations(rows: RuleResource, shown: Resource = rows): Operations<Resource> {
  const type = rows.name.slice(0, -'_rule'.length) as QosRuleType;
  return {
    resource: shown,
    notFound: (id, policyId) => qosRuleNotFound(id, policyId ?? ''),
    async create(c, draft: Draft<Resource>, parent) {
      const policy = parent as unknown as PolicyRow;
      const row = { ...draft, id: c.random.uuid(), project_id: policy.project_id, qos_policy_id: policy.id };
      await check(c, { ...row, type });
      const created = await c.t.insert(rows as Resource, row as never);
      await touchPolicy(c, policy.id);
      return created;
    },
    async update(c, row, changes) {
      const before = row as unknown as StoredRule;
      await check(c, { ...before, ...changes, type });
      const after = await c.t.update(rows as Resource, before.id, changes);
      if (!after) throw qosRuleNotFound(before.id, before.qos_policy_id);
      await touchPolicy(c, before.qos_policy_id);
      return after;
    },
    async remove(c, row) {
      const { id, qos_policy_id } = row as unknown as StoredRule;
      await c.t.delete(rows, id);
      await touchPolicy(c, qos_policy_id);
    },
  };
}

/** What the API calls, by the name of the resource. */
export const qosRuleOperations: Readonly<Record<string, Operations<Resource>>> = Object.fromEntries([
  ...qosRules.map((rows) => [rows.name, ruleOperations(rows)] as const),
  ...qosRuleAliases.map((shown) => [shown.name, ruleOperations(shown.rowsOf as RuleResource, shown)] as const),
]);
