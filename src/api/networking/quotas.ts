/** `/v2.0/quotas`: what projects may have. Neutron: extensions/quotasv2.py, quotasv2_detail.py. */
import type { FastifyInstance } from 'fastify';
import { forbidden, malformedBody } from '../../model/faults.ts';
import type { Caller, ReadContext } from '../../operations/context.ts';
import { defaultQuota, deleteQuota, listQuotas, quotaDetails, setQuota, showQuota } from '../../operations/quota.ts';
import { readContext, type Services, writeContext } from '../services.ts';
import { bodyMember } from '../wire/json-body.ts';
import { callerOf, type Handlers, jsonBody, paramOf, type Router } from '../wire/router.ts';

function requireAdmin(caller: Caller, rule: string): void {
  if (!caller.isAdmin) throw forbidden(`rule:${rule}`);
}

/** A project's own limits may be read by it, other projects' by administrators. */
function requireReader(caller: Caller, projectId: string): void {
  if (projectId === '' || projectId !== caller.projectId) requireAdmin(caller, 'get_quota');
}

function ownProject(caller: Caller, key: 'tenant' | 'project'): unknown {
  if (caller.projectId === '') throw malformedBody('Tenant-id was missing from quota request.');
  return { [key]: { [`${key}_id`]: caller.projectId } };
}

/** Refuses a limit below what is used; with `force` it is taken (extensions/quotasv2.py). */
async function checkUse(c: ReadContext, projectId: string, limits: Record<string, unknown>): Promise<void> {
  const details = await quotaDetails(c, projectId);
  for (const [name, { used }] of Object.entries(details)) {
    const given = limits[name];
    const limit = typeof given === 'number' || typeof given === 'string' ? Number(given) : -1;
    if (limit >= 0 && limit < used)
      throw malformedBody(`Quota limit ${limit} for ${name} must be greater than or equal to already used ${used}`);
  }
}

function oneProject(services: Services): Handlers {
  return {
    GET: (request) => {
      const caller = callerOf(request);
      const projectId = paramOf(request, 'project');
      if (projectId === 'tenant' || projectId === 'project') return ownProject(caller, projectId);
      requireReader(caller, projectId);
      return services.store.read(async (r) => ({
        quota: await showQuota(readContext(services, r, caller), projectId),
      }));
    },
    PUT: async (request) => {
      const caller = callerOf(request);
      requireAdmin(caller, 'update_quota');
      // check_limit is of the time when limits were not checked unasked.
      const { force, check_limit: _asked, ...limits } = bodyMember(jsonBody(request), 'quota');
      const projectId = paramOf(request, 'project');
      const quota = await services.store.transact(async (t) => {
        if (force !== true) await checkUse(readContext(services, t, caller), projectId, limits);
        return setQuota(writeContext(services, t, caller), projectId, limits);
      });
      return { quota };
    },
    DELETE: async (request) => {
      const caller = callerOf(request);
      requireAdmin(caller, 'delete_quota');
      const projectId = paramOf(request, 'project');
      await services.store.transact((t) => deleteQuota(writeContext(services, t, caller), projectId));
      return undefined;
    },
  };
}

/** Registers the routes of quotas. */
export function quotaRoutes(app: FastifyInstance, route: Router, services: Services): void {
  route(app, '/v2.0/quotas', {
    GET: (request) => {
      const caller = callerOf(request);
      requireAdmin(caller, 'get_quota');
      return services.store.read(async (r) => {
        const quotas = await listQuotas(readContext(services, r, caller));
        return { quotas: quotas.map((quota) => ({ ...quota, tenant_id: quota.project_id })) };
      });
    },
  });
  route(app, '/v2.0/quotas/:project', oneProject(services));
  route(app, '/v2.0/quotas/:project/default', {
    GET: (request) => {
      requireReader(callerOf(request), paramOf(request, 'project'));
      return { quota: defaultQuota({ settings: services.settings }) };
    },
  });
  const details: Handlers = {
    GET: (request) => {
      const caller = callerOf(request);
      const projectId = paramOf(request, 'project');
      requireReader(caller, projectId);
      return services.store.read(async (r) => ({
        quota: await quotaDetails(readContext(services, r, caller), projectId),
      }));
    },
  };
  route(app, '/v2.0/quotas/:project/details', details);
  route(app, '/v2.0/quotas/:project/details.json', details);
}
