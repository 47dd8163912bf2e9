/** The rules of security groups. */
import { together } from '../lib/together.ts';
import {
  forbidden,
  securityGroupNotFound,
  securityGroupRuleExists,
  securityGroupRuleNotFound,
} from '../model/faults.ts';
import { securityGroup, securityGroupRule } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { canonicalRule, equalPrefixes, normalizedCidr, ruleKey } from '../rules/security-group.ts';
import { securityGroupKeys, setsOf } from '../rules/wake.ts';
import type { Context, Operations } from './context.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { isDefaultGroup, withDefaultGroup } from './security-group.ts';
import { newStandard } from './standard.ts';
import { visibleAddressGroup, visibleSecurityGroup } from './visible.ts';

type RuleRow = Row<typeof securityGroupRule>;

/** Throws SecurityGroupRuleExists where the group has the same rule. An index leads to those few that could be it. */
async function checkNew(c: Context, rule: RuleRow): Promise<void> {
  const key = ruleKey(rule);
  const check = async (prefix: RuleRow['normalized_cidr']) => {
    const others = await c.t.find(securityGroupRule, {
      security_group_id: rule.security_group_id,
      remote_group_id: rule.remote_group_id,
      remote_address_group_id: rule.remote_address_group_id,
      normalized_cidr: prefix,
      port_range_min: rule.port_range_min,
      port_range_max: rule.port_range_max,
    });
    const same = others.find((other) => ruleKey(other) === key);
    if (same) throw securityGroupRuleExists(same.id);
  };
  await together(...equalPrefixes(rule).map(check));
}

async function createRule(c: Context, draft: Draft<typeof securityGroupRule>): Promise<RuleRow> {
  const group = await visibleSecurityGroup(c, draft.security_group_id ?? '');
  // Neutron: create_security_group_rule is for the owner of the group.
  if (!c.caller.isAdmin && group.project_id !== c.caller.projectId) throw forbidden('rule:create_security_group_rule');
  if (draft.remote_group_id) await visibleSecurityGroup(c, draft.remote_group_id);
  if (draft.remote_address_group_id) await visibleAddressGroup(c, draft.remote_address_group_id);
  // A rule is of the project of its group, which sees it and takes it away.
  const standard = newStandard(c, { ...draft, project_id: group.project_id });
  const rule: RuleRow = canonicalRule({
    ...standard,
    security_group_id: group.id,
    direction: draft.direction ?? 'ingress',
    ethertype: draft.ethertype ?? 'IPv4',
    protocol: draft.protocol ?? null,
    port_range_min: draft.port_range_min ?? null,
    port_range_max: draft.port_range_max ?? null,
    remote_ip_prefix: draft.remote_ip_prefix ?? null,
    normalized_cidr: normalizedCidr(draft.remote_ip_prefix ?? null),
    belongs_to_default_sg: await isDefaultGroup(c, group),
    remote_group_id: draft.remote_group_id ?? null,
    remote_address_group_id: draft.remote_address_group_id ?? null,
  });
  await together(checkNew(c, rule), consumeQuota(c, 'security_group_rule', rule.project_id));
  const [row] = await together(c.t.insert(securityGroupRule, rule), touchGroup(c, rule));
  return row;
}

/** A group shows its rules, so a change of them is one of it. Hosts may need the set that the rule refers to, or need it no more. */
async function touchGroup(c: Context, row: RuleRow): Promise<void> {
  if (!(await c.t.update(securityGroup, row.security_group_id, {}))) throw securityGroupNotFound(row.security_group_id);
  c.t.wake([...securityGroupKeys(row.security_group_id), ...setsOf([row])]);
}

async function removeRule(c: Context, row: RuleRow): Promise<void> {
  await c.t.delete(securityGroupRule, row.id);
  await releaseQuota(c, 'security_group_rule', row.project_id);
  await touchGroup(c, row);
}

/** What the API calls. */
export const securityGroupRuleOperations: Operations<typeof securityGroupRule> = {
  resource: securityGroupRule,
  notFound: securityGroupRuleNotFound,
  create: createRule,
  remove: removeRule,
  beforeList: withDefaultGroup,
};
