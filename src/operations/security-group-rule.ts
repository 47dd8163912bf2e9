/** The rules of security groups. */
import {
  forbidden,
  securityGroupNotFound,
  securityGroupRuleExists,
  securityGroupRuleNotFound,
} from '../model/faults.ts';
import { securityGroup, securityGroupRule } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { canonicalRule, ruleKey } from '../rules/security-group.ts';
import { setsOf } from '../rules/wake.ts';
import type { Context, Operations } from './context.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { newStandard } from './standard.ts';
import { visibleAddressGroup, visibleSecurityGroup } from './visible.ts';
import { wakeSecurityGroup } from './wake.ts';

type RuleRow = Row<typeof securityGroupRule>;

/** Rules of a group are looked through for the same one: a group has few, by its quota. */
async function checkNew(c: Context, rule: RuleRow): Promise<void> {
  const others = await c.t.find(securityGroupRule, {
    security_group_id: rule.security_group_id,
    direction: rule.direction,
    ethertype: rule.ethertype,
  });
  const key = ruleKey(rule);
  const same = others.find((other) => ruleKey(other) === key);
  if (same) throw securityGroupRuleExists(same.id);
}

async function createRule(c: Context, draft: Draft<typeof securityGroupRule>): Promise<RuleRow> {
  const group = await visibleSecurityGroup(c, draft.security_group_id ?? '');
  // Neutron: create_security_group_rule is for the owner of the group.
  if (!c.caller.isAdmin && group.project_id !== c.caller.projectId) throw forbidden('rule:create_security_group_rule');
  if (draft.remote_group_id) await visibleSecurityGroup(c, draft.remote_group_id);
  if (draft.remote_address_group_id) await visibleAddressGroup(c, draft.remote_address_group_id);
  const standard = newStandard(c, draft);
  const rule: RuleRow = canonicalRule({
    ...standard,
    security_group_id: group.id,
    direction: draft.direction ?? 'ingress',
    ethertype: draft.ethertype ?? 'IPv4',
    protocol: draft.protocol ?? null,
    port_range_min: draft.port_range_min ?? null,
    port_range_max: draft.port_range_max ?? null,
    remote_ip_prefix: draft.remote_ip_prefix ?? null,
    remote_group_id: draft.remote_group_id ?? null,
    remote_address_group_id: draft.remote_address_group_id ?? null,
  });
  await checkNew(c, rule);
  await consumeQuota(c, 'security_group_rule', rule.project_id);
  const row = await c.t.insert(securityGroupRule, rule);
  await touchGroup(c, group.id);
  return row;
}

/** A group shows its rules, so a change of them is one of it. */
async function touchGroup(c: Context, groupId: string): Promise<void> {
  if (!(await c.t.update(securityGroup, groupId, {}))) throw securityGroupNotFound(groupId);
  await wakeSecurityGroup(c, groupId);
}

async function removeRule(c: Context, row: RuleRow): Promise<void> {
  await c.t.delete(securityGroupRule, row.id);
  await releaseQuota(c, 'security_group_rule', row.project_id);
  await touchGroup(c, row.security_group_id);
  // Hosts may need the set no more.
  c.t.wake(setsOf([row]));
}

/** What the API calls. */
export const securityGroupRuleOperations: Operations<typeof securityGroupRule> = {
  resource: securityGroupRule,
  notFound: securityGroupRuleNotFound,
  create: createRule,
  remove: removeRule,
};
