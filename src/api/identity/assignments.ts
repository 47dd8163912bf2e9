/** Who has which role in which project. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { project, role, roleAssignment, user } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Reader } from '../../store/store.ts';
import { type Query, readQuery } from '../wire/query-string.ts';
import { paramOf, route } from '../wire/router.ts';
import { defaultDomain } from './bootstrap.ts';
import { kinds, requireRow } from './directory.ts';
import { identityNotFound } from './faults.ts';
import { type Identity, requireAdmin } from './identity.ts';
import { rolesIn } from './sessions.ts';

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
      });
      identity.sessions.forget();
    },
  });
  route(app, '/identity/v3/projects/:project/users/:user/roles', {
    GET: async (request) => {
      await requireAdmin(identity, request, 'list_grants');
      const rows = await store.read((r) => rolesIn(r, paramOf(request, 'user'), paramOf(request, 'project')));
      return { roles: rows.map((row) => ({ ...row, domain_id: null })), links: {} };
    },
  });
}

/** Which assignments a query asks for. */
function matching(query: Query): Partial<Assignment> {
  const wanted = { user_id: 'user.id', project_id: 'scope.project.id', role_id: 'role.id' } as const;
  const match: Record<string, string> = {};
  for (const [column, parameter] of Object.entries(wanted)) {
    const value = query.get(parameter)?.at(-1);
    if (value) match[column] = value;
  }
  return match;
}

const namesOf = (rows: readonly { id: string; name: string }[]) => new Map(rows.map((row) => [row.id, row.name]));

async function listAssignments(r: Reader, query: Query, publicUrl: string): Promise<unknown[]> {
  const rows = await r.find(roleAssignment, matching(query));
  const withNames = query.has('include_names') && rows.length > 0;
  const ids = (column: keyof Assignment) => [...new Set(rows.map((row) => row[column]))];
  const names = withNames
    ? {
        user: namesOf(await r.find(user, { id: ids('user_id') })),
        project: namesOf(await r.find(project, { id: ids('project_id') })),
        role: namesOf(await r.find(role, { id: ids('role_id') })),
      }
    : undefined;
  const shown = (kind: 'user' | 'project' | 'role', id: string) => {
    const name = names?.[kind].get(id);
    return { id, ...(name === undefined ? {} : { name, ...(kind === 'role' ? {} : { domain: defaultDomain }) }) };
  };
  return rows.map((row) => ({
    role: shown('role', row.role_id),
    user: shown('user', row.user_id),
    scope: { project: shown('project', row.project_id) },
    links: {
      assignment: `${publicUrl}/identity/v3/projects/${row.project_id}/users/${row.user_id}/roles/${row.role_id}`,
    },
  }));
}

/** Registers the paths of role assignments. */
export function assignmentRoutes(app: FastifyInstance, identity: Identity): void {
  const { store, publicUrl } = identity.services;
  oneAssignment(app, identity);
  route(app, '/identity/v3/role_assignments', {
    GET: async (request) => {
      await requireAdmin(identity, request, 'list_role_assignments');
      const query = readQuery(request.url);
      return { role_assignments: await store.read((r) => listAssignments(r, query, publicUrl())), links: {} };
    },
  });
}
