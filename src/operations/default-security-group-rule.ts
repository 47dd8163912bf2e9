/** The templates of the rules of new security groups (neutron/db/securitygroups_db.py). */

import {
  defaultSecurityGroupRuleExists,
  defaultSecurityGroupRuleNotFound,
} from '../model/faults-security-group-defaults.ts';
import { defaultSecurityGroupRule } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { canonicalRule, ruleKey } from '../rules/security-group.ts';
import type { Context, Operations } from './context.ts';

type Template = Row<typeof defaultSecurityGroupRule>;

/** Templates are looked through for the same one: an administrator makes few. */
async function checkNew(c: Context, rule: Template): Promise<void> {
  const { direction, ethertype } = rule;
  const key = ruleKey(rule);
  const overlaps = (other: Template) =>
    (rule.used_in_default_sg && other.used_in_default_sg) ||
    (rule.used_in_non_default_sg && other.used_in_non_default_sg);
  const others = await c.t.find(defaultSecurityGroupRule, { direction, ethertype });
  const same = others.find((other) => overlaps(other) && ruleKey(other) === key);
  if (same) throw defaultSecurityGroupRuleExists(same.id);
}

async function create(c: Context, draft: Draft<typeof defaultSecurityGroupRule>): Promise<Template> {
  const rule = canonicalRule<Template>({
    id: c.random.uuid(),
    description: draft.description ?? '',
    direction: draft.direction ?? 'ingress',
    ethertype: draft.ethertype ?? 'IPv4',
    protocol: draft.protocol ?? null,
    port_range_min: draft.port_range_min ?? null,
    port_range_max: draft.port_range_max ?? null,
    remote_ip_prefix: draft.remote_ip_prefix ?? null,
    remote_group_id: draft.remote_group_id ?? null,
    remote_address_group_id: draft.remote_address_group_id ?? null,
    used_in_default_sg: draft.used_in_default_sg ?? false,
    used_in_non_default_sg: draft.used_in_non_default_sg ?? true,
  });
  await checkNew(c, rule);
  return c.t.insert(defaultSecurityGroupRule, rule);
}

/** What the API calls. */
export const defaultSecurityGroupRuleOperations: Operations<typeof defaultSecurityGroupRule> = {
  resource: defaultSecurityGroupRule,
  notFound: defaultSecurityGroupRuleNotFound,
  create,
  remove: async (c, row) => {
    await c.t.delete(defaultSecurityGroupRule, row.id);
  },
};
