/** The paths of what administrators keep: projects, users, roles, and who has which role where. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { applicationCredential, roleAssignment, systemAssignment, token } from '../../model/index.ts';
import { ConstraintError, type Reader, type Transactor } from '../../store/store.ts';
import { isObject } from '../wire/json-body.ts';
import { readQuery } from '../wire/query-string.ts';
import { jsonBody, paramOf, route } from '../wire/router.ts';
import { storePassword } from './accounts.ts';
import { newId } from './bootstrap.ts';
import { type Kind, kinds, listKind, type Members, merged, projectKind, readMembers, requireRow } from './directory.ts';
import { identityConflict, identityForbidden, identityInvalid, identityNotFound } from './faults.ts';
import { type Identity, requireAdmin, requireSession } from './identity.ts';
import { hashPassword } from './passwords.ts';

type Json = Record<string, unknown>;

/** What a new row has where the request says nothing. A user without a password cannot log in: nothing fits an empty hash. */
const initial: Readonly<Record<Kind['name'], Json>> = {
  project: { description: '', enabled: true, tags: [], extra: {} },
  user: { enabled: true, default_project_id: null, password_hash: '', options: {}, extra: {} },
  role: { description: null },
};

/** The members of a body as columns: a password becomes its hash, outside any transaction. */
async function readColumns(kind: Kind, body: unknown): Promise<Members> {
  const { columns: given, extra } = readMembers(kind, body);
  const { password, options, ...columns } = given;
  if (kind.name === 'user' && options !== undefined) columns.options = options;
  if (typeof password === 'string') columns.password_hash = await hashPassword(password);
  return { columns, extra };
}

/** Runs a change; a second row of one name is Keystone's 409. */
async function change<T>(
  identity: Identity,
  kind: Kind,
  name: unknown,
  work: (t: Transactor) => Promise<T>,
): Promise<T> {
  try {
    return await identity.services.store.transact(work);
  } catch (error) {
    const isTwice = error instanceof ConstraintError && error.constraint === 'unique';
    throw isTwice ? identityConflict(kind.name, String(name)) : error;
  } finally {
    identity.sessions.forget();
  }
}

async function create(identity: Identity, kind: Kind, body: unknown): Promise<Json> {
  const { columns, extra } = await readColumns(kind, body);
  if (columns.name === undefined) throw identityInvalid('name', 'a text', 'nothing');
  const row: Json = { id: newId(), ...initial[kind.name], ...columns };
  if (columns.options) row.options = merged('options', {}, columns.options as Json);
  if (kind.keepsExtra) row.extra = merged('extra', {}, extra);
  return change(identity, kind, columns.name, (t) => t.insert(kind.record, row as never) as Promise<Json>);
}

/** Whoever is switched off is out at once, and stays so when switched on again until they log in anew. */
async function endTokens(t: Transactor, kind: Kind, id: string): Promise<void> {
  if (kind.name === 'user') {
    await t.deleteMany(token, { user_id: id });
    await t.deleteMany(applicationCredential, { user_id: id });
  }
  if (kind.name === 'project') await t.deleteMany(token, { project_id: id });
}

async function update(identity: Identity, kind: Kind, id: string, body: unknown): Promise<Json> {
  const { columns: given, extra } = await readColumns(kind, body);
  const { password_hash: hash, ...columns } = given;
  return change(identity, kind, columns.name, async (t) => {
    const before = await requireRow(t, kind, id);
    const changes: Json = { ...columns };
    if (columns.options) changes.options = merged('options', before.options, columns.options as Json);
    if (Object.keys(extra).length > 0) changes.extra = merged('extra', before.extra, extra);
    if (typeof hash === 'string') await storePassword(t, id, hash);
    if (columns.enabled === false) await endTokens(t, kind, id);
    if (Object.keys(changes).length > 0) await t.update(kind.record, id, changes as never);
    return requireRow(t, kind, id);
  });
}

async function remove(identity: Identity, kind: Kind, id: string): Promise<void> {
  await change(identity, kind, id, async (t) => {
    await requireRow(t, kind, id);
    if (kind.name === 'role') {
      await t.deleteMany(roleAssignment, { role_id: id });
      await t.deleteMany(systemAssignment, { role_id: id });
    }
    await t.delete(kind.record, id);
  });
}

/** A row may be shown to whom it concerns: one's own user, the project of one's token; the rest to administrators. */
async function requireConcern(identity: Identity, request: FastifyRequest, kind: Kind, id: string): Promise<void> {
  const session = await requireSession(identity.sessions, request);
  const isOwn =
    (kind.name === 'user' && session.user.id === id) || (kind.name === 'project' && session.project?.id === id);
  if (!isOwn && !session.isAdmin) throw identityForbidden(`identity:get_${kind.name}`);
}

function kindRoutes(app: FastifyInstance, identity: Identity, kind: Kind): void {
  const { store, publicUrl } = identity.services;
  const show = (row: Json) => ({ [kind.name]: kind.show(row as never, publicUrl()) });
  route(app, `/identity/v3/${kind.plural}`, {
    GET: async (request) => {
      await requireAdmin(identity, request, `list_${kind.plural}`);
      const rows = await store.read((r) => listKind(r, kind, readQuery(request.url)));
      const self = `${publicUrl()}/identity/v3/${kind.plural}`;
      return {
        [kind.plural]: rows.map((row) => kind.show(row as never, publicUrl())),
        links: { next: null, previous: null, self },
      };
    },
    POST: async (request) => {
      await requireAdmin(identity, request, `create_${kind.name}`);
      return show(await create(identity, kind, jsonBody(request)));
    },
  });
  route(app, `/identity/v3/${kind.plural}/:id`, {
    GET: async (request) => {
      const id = paramOf(request, 'id');
      await requireConcern(identity, request, kind, id);
      return show(await store.read((r) => requireRow(r, kind, id)));
    },
    PATCH: async (request) => {
      await requireAdmin(identity, request, `update_${kind.name}`);
      return show(await update(identity, kind, paramOf(request, 'id'), jsonBody(request)));
    },
    DELETE: async (request) => {
      await requireAdmin(identity, request, `delete_${kind.name}`);
      return remove(identity, kind, paramOf(request, 'id'));
    },
  });
}

/** `/projects/{id}/tags` and single tags. */
function projectTagRoutes(app: FastifyInstance, identity: Identity): void {
  const { store } = identity.services;
  const path = '/identity/v3/projects/:id/tags';
  const current = async (r: Reader, id: string) => (await requireRow(r, projectKind, id)).tags as string[];
  const change = async (request: FastifyRequest, by: (tags: string[]) => unknown): Promise<string[]> => {
    await requireAdmin(identity, request, 'update_project_tags');
    const id = paramOf(request, 'id');
    const before = await store.read((r) => current(r, id));
    const row = await update(identity, projectKind, id, { project: { tags: by(before) } });
    return row.tags as string[];
  };
  const read = async (request: FastifyRequest): Promise<string[]> => {
    await requireConcern(identity, request, projectKind, paramOf(request, 'id'));
    return store.read((r) => current(r, paramOf(request, 'id')));
  };
  const tagOf = (request: FastifyRequest) => paramOf(request, 'tag');
  route(app, path, {
    GET: async (request) => ({ tags: await read(request), links: {} }),
    PUT: async (request) => {
      const body = jsonBody(request);
      return { tags: await change(request, () => (isObject(body) ? body.tags : undefined)), links: {} };
    },
    DELETE: async (request) => void (await change(request, () => [])),
  });
  route(app, `${path}/:tag`, {
    GET: async (request) => {
      if (!(await read(request)).includes(tagOf(request))) throw identityNotFound('project tag', tagOf(request));
    },
    PUT: async (request, reply) => {
      await change(request, (tags) => [...new Set([...tags, tagOf(request)])]);
      return reply.code(201).send();
    },
    DELETE: async (request) => {
      if (!(await read(request)).includes(tagOf(request))) throw identityNotFound('project tag', tagOf(request));
      await change(request, (tags) => tags.filter((tag) => tag !== tagOf(request)));
    },
  });
}

/** Registers projects, users and roles. */
export function directoryRoutes(app: FastifyInstance, identity: Identity): void {
  for (const kind of kinds) kindRoutes(app, identity, kind);
  projectTagRoutes(app, identity);
}
