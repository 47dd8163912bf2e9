/** QoS policies (neutron/services/qos/qos_plugin.py, neutron/objects/qos/policy.py). */

import { qosDefaultPolicyExists, qosPolicyInUse, qosPolicyNotFound } from '../model/faults-qos.ts';
import { floatingip, network, port, qosDefaultPolicy, qosPolicy, router } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { rulesOfPolicies } from './qos-use.ts';
import { shareable } from './sharing.ts';
import { newStandard } from './standard.ts';

type PolicyRow = Row<typeof qosPolicy>;

/** Makes the policy the default one of its project; another one that is it already is a 409. */
async function makeDefault(c: Context, row: Pick<PolicyRow, 'id' | 'project_id'>): Promise<void> {
  const known = await c.t.first(qosDefaultPolicy, { project_id: row.project_id });
  if (known && known.qos_policy_id !== row.id) throw qosDefaultPolicyExists(row.project_id);
  if (!known) await c.t.insert(qosDefaultPolicy, { project_id: row.project_id, qos_policy_id: row.id });
}

async function create(c: Context, draft: Draft<typeof qosPolicy>): Promise<PolicyRow> {
  const row = await c.t.insert(qosPolicy, {
    ...newStandard(c, draft),
    name: draft.name ?? '',
    shared: false,
    is_default: draft.is_default ?? false,
    rules: [],
  });
  if (row.is_default) await makeDefault(c, row);
  return row;
}

async function update(c: Context, row: PolicyRow, changes: Partial<PolicyRow>): Promise<PolicyRow> {
  if (changes.is_default === true) await makeDefault(c, row);
  if (changes.is_default === false) await c.t.deleteMany(qosDefaultPolicy, { qos_policy_id: row.id });
  const result = await c.t.update(qosPolicy, row.id, changes);
  if (!result) throw qosPolicyNotFound(row.id);
  return result;
}

/** What has the policy, of the kind that is looked at first. */
async function userOf(c: Context, id: string): Promise<[kind: string, id: string] | undefined> {
  const onPort = await c.t.first(port, { qos_policy_id: id });
  if (onPort) return ['port', onPort.id];
  const onNetwork = await c.t.first(network, { qos_policy_id: id });
  if (onNetwork) return ['network', onNetwork.id];
  const onFloatingIp = await c.t.first(floatingip, { qos_policy_id: id });
  if (onFloatingIp) return ['fip', onFloatingIp.id];
  const onGateway = await c.t.first(router, { gw_qos_policy_id: id });
  return onGateway && ['router', onGateway.id];
}

async function remove(c: Context, row: PolicyRow): Promise<void> {
  const user = await userOf(c, row.id);
  if (user) throw qosPolicyInUse(row.id, ...user);
  await c.t.delete(qosPolicy, row.id);
}

/** The rules of each policy, of every type together. */
async function compute(c: ReadContext, rows: readonly PolicyRow[]): Promise<Partial<PolicyRow>[]> {
  const rules = await rulesOfPolicies(
    c.r,
    rows.map((row) => row.id),
  );
  const byPolicy = Map.groupBy(rules, (rule) => rule.qos_policy_id);
  return rows.map((row) => ({
    rules: (byPolicy.get(row.id) ?? []).map(({ project_id: _project, ...rule }) => ({ ...rule })),
  }));
}

/** What the API calls. */
export const qosPolicyOperations: Operations<typeof qosPolicy> = shareable({
  resource: qosPolicy,
  notFound: qosPolicyNotFound,
  create,
  update,
  remove,
  compute,
});
