/** Who has which role in which project, and in the whole system. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { applicationCredential, type role, roleAssignment, systemAssignment } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Reader } from '../../store/store.ts';
import { paramOf, route } from '../wire/router.ts';
import { assignmentListRoutes } from './assignment-list.ts';
import { kinds, requireRow, roleKind, userKind } from './directory.ts';
import { identityNotFound } from './faults.ts';
import { type Identity, requireAdmin } from './identity.ts';
import { assignedIn, assignedInSystem } from './roles.ts';

const shownRole = (row: Row<typeof role>) => ({ ...row, domain_id: null, options: {} });

type Assignment = Row<typeof roleAssignment>;

/** The assignment that a path names; each part of it must exist. */
async function named(r: Reader, request: FastifyRequest): Promise<Assignment> {
  const ids = { project: paramOf(request, 'project'), user: paramOf(request, 'user'), role: paramOf(request, 'role') };
  for (const kind of kinds) await requireRow(r, kind, ids[kind.name]);
  return { user_id: ids.user, project_id: ids.project, role_id: ids.role };
}

function oneAssignment(app: FastifyInstance, identity: Identity): void {
  const { store } = identity.services;
  route(app, '/identity/v3/projects/:project/users/:user/roles/:role', {
    GET: async (request) => {
      await requireAdmin(identity, request, 'check_grant');
      await store.read(async (r) => {
        const key = await named(r, request);
        if (!(await r.first(roleAssignment, key))) throw identityNotFound('role assignment', key.role_id);
      });
    },
    PUT: async (request) => {
      await requireAdmin(identity, request, 'create_grant');
      await store.transact(async (t) => {
        const key = await named(t, request);
        if (!(await t.first(roleAssignment, key))) await t.insert(roleAssignment, key);
      });
      identity.sessions.forget();
    },
    DELETE: async (request) => {
      await requireAdmin(identity, request, 'revoke_grant');
      await store.transact(async (t) => {
        const key = await named(t, request);
        if ((await t.deleteMany(roleAssignment, key)) === 0) throw identityNotFound('role assignment', key.role_id);
        // Keystone: who loses a role in a project loses the application credentials there.
        const { user_id, project_id } = key;
        await t.deleteMany(applicationCredential, { user_id, project_id });
      });
      identity.sessions.forget();
    },
  });
  route(app, '/identity/v3/projects/:project/users/:user/roles', {
    GET: async (request) => {
      await requireAdmin(identity, request, 'list_grants');
      const rows = await store.read((r) => assignedIn(r, paramOf(request, 'user'), paramOf(request, 'project')));
      return { roles: rows.map(shownRole), links: {} };
    },
  });
}

function systemAssignments(app: FastifyInstance, identity: Identity): void {
  const { store } = identity.services;
  const path = '/identity/v3/system/users/:user/roles';
  const keyOf = async (r: Reader, request: FastifyRequest) => {
    const [userId, roleId] = [paramOf(request, 'user'), paramOf(request, 'role')];
    await requireRow(r, userKind, userId);
    await requireRow(r, roleKind, roleId);
    return { user_id: userId, role_id: roleId };
  };
  route(app, path, {
    GET: async (request) => {
      await requireAdmin(identity, request, 'list_system_grants_for_user');
      const rows = await store.read((r) => assignedInSystem(r, paramOf(request, 'user')));
      return { roles: rows.map(shownRole), links: {} };
    },
  });
  route(app, `${path}/:role`, {
    GET: async (request) => {
      await requireAdmin(identity, request, 'check_system_grant_for_user');
      await store.read(async (r) => {
        const key = await keyOf(r, request);
        if (!(await r.first(systemAssignment, key))) throw identityNotFound('role assignment', key.role_id);
      });
    },
    PUT: async (request) => {
      await requireAdmin(identity, request, 'create_system_grant_for_user');
      await store.transact(async (t) => {
        const key = await keyOf(t, request);
        if (!(await t.first(systemAssignment, key))) await t.insert(systemAssignment, key);
      });
      identity.sessions.forget();
    },
    DELETE: async (request) => {
      await requireAdmin(identity, request, 'revoke_system_grant_for_user');
      await store.transact(async (t) => {
        const key = await keyOf(t, request);
        if ((await t.deleteMany(systemAssignment, key)) === 0) throw identityNotFound('role assignment', key.role_id);
      });
      identity.sessions.forget();
    },
  });
}

/** Registers the paths of role assignments. */
export function assignmentRoutes(app: FastifyInstance, identity: Identity): void {
  oneAssignment(app, identity);
  systemAssignments(app, identity);
  assignmentListRoutes(app, identity);
}
