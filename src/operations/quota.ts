/** Quotas: counting what projects have, and what the quotas API shows and sets. */
import { badRequest, projectQuotaNotFound } from '../model/faults.ts';
import { quotaLimit, quotaUsage } from '../model/index.ts';
import { Problem } from '../model/types.ts';
import { checkQuota, defaultLimit, defaultLimits, quotaResources } from '../rules/quota.ts';
import type { Context, ReadContext } from './context.ts';

/**
 * Counts `count` new rows of a resource for a project, and throws OverQuota when that is more than its limit. `enforce: false`
 * counts only: rows that the system makes for itself (a DHCP port) are counted and never refused, as in Neutron. Rows of no
 * project (`projectId` '') are not counted.
 */
export async function consumeQuota(
  c: Context,
  resource: string,
  projectId: string,
  count = 1,
  options: { enforce?: boolean } = {},
): Promise<void> {
  if (projectId === '' || count === 0) return;
  if (options.enforce === false) {
    await c.t.addUsage(projectId, resource, count);
    return;
  }
  const [used, row] = await Promise.all([
    c.t.addUsage(projectId, resource, count),
    c.t.first(quotaLimit, { project_id: projectId, resource }),
  ]);
  checkQuota(resource, used, row?.limit ?? defaultLimit(c.settings, resource));
}

/** Takes `count` removed rows of a resource off a project's usage. */
export async function releaseQuota(c: Context, resource: string, projectId: string, count = 1): Promise<void> {
  if (projectId !== '' && count > 0) await c.t.releaseUsage(projectId, resource, count);
}

/** The limits of a project by resource: `GET /quotas/{project_id}`. */
export async function showQuota(c: ReadContext, projectId: string): Promise<Record<string, number>> {
  const limits = defaultLimits(c.settings);
  for (const row of await c.r.find(quotaLimit, { project_id: projectId })) {
    if (row.resource in limits) limits[row.resource] = row.limit;
  }
  return limits;
}

/** The limits of every project for which an administrator set some: `GET /quotas`. */
export async function listQuotas(
  c: ReadContext,
): Promise<(Record<string, number | string> & { project_id: string })[]> {
  const byProject = new Map<string, Record<string, number>>();
  for (const row of await c.r.find(quotaLimit)) {
    const limits = byProject.get(row.project_id) ?? defaultLimits(c.settings);
    if (row.resource in limits) limits[row.resource] = row.limit;
    byProject.set(row.project_id, limits);
  }
  return [...byProject].map(([project_id, limits]) => ({ ...limits, project_id }));
}

/** The limits of a project for which none are set: `GET /quotas/{project_id}/default`. */
export function defaultQuota(c: Pick<ReadContext, 'settings'>): Record<string, number> {
  return defaultLimits(c.settings);
}

/**
 * Sets limits of a project: `PUT /quotas/{project_id}`. `body` is as it came; an unknown name or a value that is no integer
 * from -1 is a 400. A limit below what is used is taken, as in Neutron without `check_limit`. Returns all limits.
 */
export async function setQuota(
  c: Context,
  projectId: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Record<string, number>> {
  for (const [resource, value] of Object.entries(body)) {
    if (resource === 'tenant_id' || resource === 'project_id') continue;
    if (!quotaResources.includes(resource)) throw badRequest('quota', `Unrecognized attribute(s) '${resource}'`);
    const limit = quotaLimit.fields.limit.type.parse(value);
    if (limit instanceof Problem) {
      throw badRequest(
        'quota',
        `Invalid input for ${resource}. Reason: expected ${limit.expected}, found ${limit.found}`,
      );
    }
    const key = { project_id: projectId, resource };
    if ((await c.t.updateMany(quotaLimit, key, { limit })) === 0) await c.t.insert(quotaLimit, { ...key, limit });
  }
  return showQuota({ ...c, r: c.t }, projectId);
}

/** Takes a project back to the defaults: `DELETE /quotas/{project_id}`; a 404 when it has them. */
export async function deleteQuota(c: Context, projectId: string): Promise<void> {
  if ((await c.t.deleteMany(quotaLimit, { project_id: projectId })) === 0) throw projectQuotaNotFound(projectId);
}

/** Limit and use of each resource: `GET /quotas/{project_id}/details`. Nothing is ever reserved: a create is one transaction. */
export async function quotaDetails(
  c: ReadContext,
  projectId: string,
): Promise<Record<string, { limit: number; used: number; reserved: number }>> {
  const limits = await showQuota(c, projectId);
  const usages = await c.r.find(quotaUsage, { project_id: projectId });
  const used = new Map(usages.map((row) => [row.resource, row.used]));
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [name, { limit, used: used.get(name) ?? 0, reserved: 0 }]),
  );
}
