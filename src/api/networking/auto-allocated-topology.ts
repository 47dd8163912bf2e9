/** `/auto-allocated-topology/{project}`: what a project gets by itself. Neutron: extensions/auto_allocated_topology.py. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badRequest, forbidden } from '../../model/faults.ts';
import { checkTopology, ensureTopology, removeTopology } from '../../operations/auto-allocated-topology.ts';
import type { Caller } from '../../operations/context.ts';
import { holds } from '../../rules/policy.ts';
import { type Services, writeContext } from '../services.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, paramOf, route } from '../wire/router.ts';

/** The project in the path; clients write None for the caller's own. */
function projectOf(request: FastifyRequest, caller: Caller, verb: 'get' | 'delete'): string {
  const given = paramOf(request, 'project');
  const projectId = given === 'None' ? caller.projectId : given;
  const role = verb === 'get' ? 'reader' : 'member';
  if (projectId === '' || projectId.length > 255 || !holds(caller, role, { projectId }))
    throw forbidden(`rule:${verb}_auto_allocated_topology`);
  return projectId;
}

const shown = (id: string, projectId: string) => ({
  auto_allocated_topology: { id, tenant_id: projectId, project_id: projectId },
});

/** Registers the path. */
export function autoAllocatedTopologyRoutes(app: FastifyInstance, services: Services): void {
  route(app, '/v2.0/auto-allocated-topology/:project', {
    GET: async (request) => {
      const caller = callerOf(request);
      const projectId = projectOf(request, caller, 'get');
      const fields = (readQuery(request.url).get('fields') ?? []).filter((name) => name !== '');
      if (fields.includes('dry-run')) {
        await services.store.read((r) => checkTopology(r));
        return shown('dry-run=pass', projectId);
      }
      if (fields.length > 0) throw badRequest('auto_allocate', 'Unrecognized field');
      const id = await services.store.transact((t) => ensureTopology(writeContext(services, t, caller), projectId));
      return shown(id, projectId);
    },
    DELETE: async (request) => {
      const caller = callerOf(request);
      const projectId = projectOf(request, caller, 'delete');
      await services.store.transact((t) => removeTopology(writeContext(services, t, caller), projectId));
      return undefined;
    },
  });
}
