/** Security groups, and the default one of each project. */
import {
  securityGroupCannotRemoveDefault,
  securityGroupCannotUpdateDefault,
  securityGroupDefaultExists,
  securityGroupInUse,
  securityGroupNotFound,
} from '../model/faults.ts';
import {
  addressGroup,
  defaultSecurityGroup,
  defaultSecurityGroupRule,
  portSecurityGroup,
  securityGroup,
  securityGroupRule,
} from '../model/index.ts';
import type { Draft, Resource, Row } from '../model/language.ts';
import { normalizedCidr, rulesFromTemplates } from '../rules/security-group.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { defaultStateful } from './default-statefulness.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { shareable } from './sharing.ts';
import { newStandard } from './standard.ts';
import { wakeSecurityGroup } from './wake.ts';

type GroupRow = Row<typeof securityGroup>;
type RuleRow = Row<typeof securityGroupRule>;

/** The rules that a new group has, by the templates; what one refers to may be gone by now, then there is no such rule. */
async function firstRules(c: Context, group: GroupRow, isDefault: boolean): Promise<RuleRow[]> {
  const use = isDefault ? { used_in_default_sg: true } : { used_in_non_default_sg: true };
  const rules = rulesFromTemplates(await c.t.find(defaultSecurityGroupRule, use), group.id);
  const there = async (of: typeof securityGroup | typeof addressGroup, ids: readonly (string | null)[]) => {
    const named = ids.filter((id) => id !== null);
    return new Set(named.length > 0 ? (await c.t.find(of, { id: named })).map((row) => row.id) : []);
  };
  const groups = await there(
    securityGroup,
    rules.map((rule) => rule.remote_group_id),
  );
  const addresses = await there(
    addressGroup,
    rules.map((rule) => rule.remote_address_group_id),
  );
  const stands = (set: ReadonlySet<string>, id: string | null) => id === null || set.has(id);
  return rules
    .filter((rule) => stands(groups, rule.remote_group_id) && stands(addresses, rule.remote_address_group_id))
    .map((rule) => ({
      ...newStandard(c, { project_id: group.project_id }),
      security_group_id: group.id,
      ...rule,
      normalized_cidr: normalizedCidr(rule.remote_ip_prefix),
      belongs_to_default_sg: isDefault,
    }));
}

async function insertGroup(c: Context, draft: Draft<typeof securityGroup>, isDefault: boolean): Promise<GroupRow> {
  const standard = newStandard(c, draft);
  const enforce = !isDefault;
  await consumeQuota(c, 'security_group', standard.project_id, 1, { enforce });
  const group = await c.t.insert(securityGroup, {
    ...standard,
    name: draft.name ?? '',
    stateful: draft.stateful ?? (isDefault || (await defaultStateful(c, standard.project_id))),
    security_group_rules: [],
    shared: false,
  });
  const rules = await firstRules(c, group, isDefault);
  await consumeQuota(c, 'security_group_rule', group.project_id, rules.length, { enforce });
  await c.t.insertMany(securityGroupRule, rules);
  return group;
}

/**
 * The id of the project's default group, which is made when it is first needed: all may leave, its own members may come in.
 * It is never refused for want of quota.
 */
export async function ensureDefaultGroup(c: Context, projectId: string): Promise<string> {
  const known = await c.t.first(defaultSecurityGroup, { project_id: projectId });
  if (known) return known.security_group_id;
  const draft = { name: 'default', description: 'Default security group', project_id: projectId };
  const group = await insertGroup(c, draft, true);
  await c.t.insert(defaultSecurityGroup, { project_id: projectId, security_group_id: group.id });
  return group.id;
}

/** Makes the default group of a project where the caller may: as Neutron does when networks, ports or groups are looked for. */
export async function ensureOwnDefaultGroup(c: Context, projectId: string): Promise<void> {
  if (projectId === '' || !(c.caller.isAdmin || projectId === c.caller.projectId)) return;
  await ensureDefaultGroup(c, projectId);
}

/** The project whose groups a list is about. */
function listedProject({ caller, filters }: Pick<ReadContext, 'caller' | 'filters'>): string {
  const asked = filters?.get('project_id') ?? filters?.get('tenant_id');
  return asked?.[0] ?? caller.projectId;
}

/** A list of groups, or of their rules, has the default group of the project that it is about. */
export const withDefaultGroup: NonNullable<Operations<Resource>['beforeList']> = {
  async isThere(c) {
    const project_id = listedProject(c);
    if (project_id === '' || !(c.caller.isAdmin || project_id === c.caller.projectId)) return true;
    return (await c.r.first(defaultSecurityGroup, { project_id })) !== undefined;
  },
  make: (c) => ensureOwnDefaultGroup(c, listedProject(c)),
};

/** Whether the group is the default one of its project. */
export async function isDefaultGroup(c: Context, row: Pick<GroupRow, 'id' | 'project_id'>): Promise<boolean> {
  const { project_id, id: security_group_id } = row;
  return (await c.t.first(defaultSecurityGroup, { project_id, security_group_id })) !== undefined;
}

async function createGroup(c: Context, draft: Draft<typeof securityGroup>): Promise<GroupRow> {
  if (draft.name === 'default') throw securityGroupDefaultExists();
  await ensureDefaultGroup(c, draft.project_id ?? c.caller.projectId);
  return insertGroup(c, draft, false);
}

const isUsed = async (c: Context, id: string) =>
  (await c.t.first(portSecurityGroup, { security_group_id: id })) !== undefined;

async function updateGroup(c: Context, row: GroupRow, changes: Partial<GroupRow>): Promise<GroupRow> {
  if (changes.name !== undefined && changes.name !== row.name) {
    if (row.name === 'default') throw securityGroupCannotUpdateDefault();
    if (changes.name === 'default') throw securityGroupDefaultExists();
  }
  const flips = changes.stateful !== undefined && changes.stateful !== row.stateful;
  if (flips && (await isUsed(c, row.id))) throw securityGroupInUse(row.id);
  const result = await c.t.update(securityGroup, row.id, changes);
  if (!result) throw securityGroupNotFound(row.id);
  if (flips) await wakeSecurityGroup(c, row.id);
  return result;
}

/** Deletes a group with its rules, and those rules of other groups that refer to it, as Neutron's foreign keys do. */
async function removeGroup(c: Context, row: GroupRow): Promise<void> {
  if (await isUsed(c, row.id)) throw securityGroupInUse(row.id);
  if ((await isDefaultGroup(c, row)) && !c.caller.isAdmin) throw securityGroupCannotRemoveDefault();
  const referring = await c.t.find(securityGroupRule, { remote_group_id: row.id });
  const own = await c.t.find(securityGroupRule, { security_group_id: row.id });
  const rules = [...own, ...referring.filter((rule) => rule.security_group_id !== row.id)];
  await c.t.delete(securityGroup, row.id);
  for (const rule of rules) await releaseQuota(c, 'security_group_rule', rule.project_id);
  await releaseQuota(c, 'security_group', row.project_id);
  for (const id of new Set([row.id, ...referring.map((rule) => rule.security_group_id)]))
    await wakeSecurityGroup(c, id);
}

/** The rules of each group, with one query. */
async function computeRules(c: ReadContext, rows: readonly GroupRow[]): Promise<Partial<GroupRow>[]> {
  const rules =
    rows.length > 0 ? await c.r.find(securityGroupRule, { security_group_id: rows.map((row) => row.id) }) : [];
  const byGroup = new Map<string, RuleRow[]>();
  for (const rule of rules) {
    const list = byGroup.get(rule.security_group_id);
    if (list) list.push(rule);
    else byGroup.set(rule.security_group_id, [rule]);
  }
  return rows.map((row) => ({
    security_group_rules: (byGroup.get(row.id) ?? []).map((rule) => ({ ...rule, tenant_id: rule.project_id })),
  }));
}

/** What the API calls. */
export const securityGroupOperations: Operations<typeof securityGroup> = shareable({
  resource: securityGroup,
  notFound: securityGroupNotFound,
  create: createGroup,
  update: updateGroup,
  remove: removeGroup,
  compute: computeRules,
  beforeList: withDefaultGroup,
});
