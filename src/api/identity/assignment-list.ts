/** `GET /role_assignments` with its filters, and which role implies which. */
import type { FastifyInstance } from 'fastify';
import { project, role, roleAssignment, systemAssignment, user } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Reader } from '../../store/store.ts';
import { type Query, readQuery } from '../wire/query-string.ts';
import { paramOf, route } from '../wire/router.ts';
import { defaultDomain } from './bootstrap.ts';
import { requireRow, roleKind } from './directory.ts';
import { identityForbidden } from './faults.ts';
import { type Identity, requireAdmin, requireSession } from './identity.ts';
import { impliedBy, namesImplied } from './roles.ts';

type Role = Row<typeof role>;

/** One assignment, in a project or in the system; `prior` is the role that implied it. */
interface Found {
  readonly user_id: string;
  readonly role_id: string;
  readonly project_id?: string;
  readonly prior?: string;
}

const last = (query: Query, name: string) => query.get(name)?.at(-1) || undefined;
/** Keystone: a parameter without a value is true, and so is anything but 0. */
const isSet = (query: Query, name: string) =>
  query.has(name) && !['0', 'false'].includes((query.get(name)?.at(-1) ?? '').toLowerCase());

/** Whether the query asks for what is never there: groups, domains, inherited roles. */
function asksForNothing(query: Query): boolean {
  return ['group.id', 'scope.domain.id', 'scope.OS-INHERIT:inherited_to'].some((name) => last(query, name));
}

async function direct(r: Reader, query: Query, roleId: string | undefined): Promise<Found[]> {
  if (asksForNothing(query)) return [];
  const userId = last(query, 'user.id');
  const projectId = last(query, 'scope.project.id');
  const match = { ...(userId ? { user_id: userId } : {}), ...(roleId ? { role_id: roleId } : {}) };
  const inSystem = query.has('scope.system');
  const projects = inSystem
    ? []
    : await r.find(roleAssignment, { ...match, ...(projectId ? { project_id: projectId } : {}) });
  return [...projects, ...(projectId ? [] : await r.find(systemAssignment, match))];
}

/** What the assignments come to: those that roles imply too, each user, place and role once. */
function effective(found: readonly Found[], roles: readonly Role[]): Found[] {
  const byId = new Map(roles.map((one) => [one.id, one]));
  const byName = new Map(roles.map((one) => [one.name.toLowerCase(), one]));
  const result = new Map<string, Found>();
  const add = (one: Found) => {
    const key = JSON.stringify([one.user_id, one.project_id ?? '', one.role_id]);
    if (!result.has(key)) result.set(key, one);
  };
  for (const one of found) add(one);
  for (const one of found)
    for (const name of namesImplied(byId.get(one.role_id)?.name ?? '')) {
      const implied = byName.get(name);
      if (implied) add({ ...one, role_id: implied.id, prior: one.role_id });
    }
  return [...result.values()];
}

async function wanted(r: Reader, query: Query): Promise<Found[]> {
  const roleId = last(query, 'role.id');
  if (!isSet(query, 'effective')) return direct(r, query, roleId);
  const all = effective(await direct(r, query, undefined), await r.find(role));
  return roleId === undefined ? all : all.filter((one) => one.role_id === roleId);
}

const namesOf = (rows: readonly { id: string; name: string }[]) => new Map(rows.map((row) => [row.id, row.name]));

async function readNames(r: Reader, rows: readonly Found[]) {
  const ids = (column: 'user_id' | 'role_id' | 'project_id') => [...new Set(rows.flatMap((row) => row[column] ?? []))];
  const named = async (record: typeof user | typeof role | typeof project, of: string[]) =>
    of.length === 0 ? new Map<string, string>() : namesOf(await r.find(record, { id: of }));
  return {
    user: await named(user, ids('user_id')),
    role: await named(role, ids('role_id')),
    project: await named(project, ids('project_id')),
  };
}

async function listAssignments(r: Reader, query: Query, publicUrl: string): Promise<unknown[]> {
  const rows = await wanted(r, query);
  const names = isSet(query, 'include_names') ? await readNames(r, rows) : undefined;
  const shown = (kind: 'user' | 'project' | 'role', id: string) => {
    const name = names?.[kind].get(id);
    if (name === undefined) return { id };
    return { id, name, ...(kind === 'role' ? {} : { domain: defaultDomain }) };
  };
  const url = `${publicUrl}/identity/v3`;
  return rows.map(({ user_id: userId, project_id: projectId, role_id: roleId, prior }) => {
    const place = projectId === undefined ? 'system' : `projects/${projectId}`;
    return {
      role: shown('role', roleId),
      user: shown('user', userId),
      scope: projectId === undefined ? { system: { all: true } } : { project: shown('project', projectId) },
      links: {
        assignment: `${url}/${place}/users/${userId}/roles/${prior ?? roleId}`,
        ...(prior === undefined ? {} : { prior_role: `${url}/roles/${prior}/implies/${roleId}` }),
      },
    };
  });
}

async function inferences(r: Reader): Promise<{ prior_role: Role; implies: Role[] }[]> {
  const roles = await r.find(role);
  const byName = new Map(roles.map((one) => [one.name.toLowerCase(), one]));
  return roles.flatMap((prior) => {
    const implied = byName.get(impliedBy[prior.name.toLowerCase()] ?? '');
    return implied ? [{ prior_role: prior, implies: [implied] }] : [];
  });
}

/** Registers the list of assignments and the roles that roles imply. */
export function assignmentListRoutes(app: FastifyInstance, identity: Identity): void {
  const { store, publicUrl } = identity.services;
  route(app, '/identity/v3/role_assignments', {
    GET: async (request) => {
      const session = await requireSession(identity.sessions, request);
      const query = readQuery(request.url);
      // Who is no administrator may ask about themselves.
      if (!session.isAdmin && last(query, 'user.id') !== session.user.id)
        throw identityForbidden('identity:list_role_assignments');
      return { role_assignments: await store.read((r) => listAssignments(r, query, publicUrl())), links: {} };
    },
  });
  route(app, '/identity/v3/role_inferences', {
    GET: async (request) => {
      await requireAdmin(identity, request, 'list_role_inference_rules');
      return { role_inferences: await store.read(inferences), links: {} };
    },
  });
  route(app, '/identity/v3/roles/:id/implies', {
    GET: async (request) => {
      await requireAdmin(identity, request, 'list_implied_roles');
      const found = await store.read(async (r) => {
        const prior = await requireRow(r, roleKind, paramOf(request, 'id'));
        return (
          (await inferences(r)).find((one) => one.prior_role.id === prior.id) ?? { prior_role: prior, implies: [] }
        );
      });
      return { role_inference: found, links: {} };
    },
  });
}
