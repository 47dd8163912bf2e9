/** The paths of what administrators keep: projects, users, roles, and who has which role where. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { roleAssignment } from '../../model/index.ts';
import { ConstraintError, type Transactor } from '../../store/store.ts';
import { readQuery } from '../wire/query-string.ts';
import { jsonBody, paramOf, route } from '../wire/router.ts';
import { storePassword } from './accounts.ts';
import { newId } from './bootstrap.ts';
import { type Kind, kinds, listKind, readMembers, requireRow } from './directory.ts';
import { identityConflict, identityForbidden, identityInvalid } from './faults.ts';
import { type Identity, requireAdmin, requireSession } from './identity.ts';
import { hashPassword } from './passwords.ts';

type Json = Record<string, unknown>;

/** What a new row has where the request says nothing. */
const initial: Readonly<Record<Kind['name'], Json>> = {
  project: { description: '', enabled: true },
  user: { enabled: true, default_project_id: null },
  role: {},
};

/** The members of a body as columns: a password becomes its hash, outside any transaction. */
async function readColumns(kind: Kind, body: unknown): Promise<Json> {
  const { password, ...columns } = readMembers(kind, body);
  return typeof password === 'string' ? { ...columns, password_hash: await hashPassword(password) } : columns;
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
  const columns = await readColumns(kind, body);
  if (columns.name === undefined) throw identityInvalid('name', 'a text', 'nothing');
  // A user without a password cannot log in: no password has an empty hash.
  const secret = kind.name === 'user' && columns.password_hash === undefined ? { password_hash: '' } : {};
  const row = { id: newId(), ...initial[kind.name], ...secret, ...columns };
  return change(identity, kind, columns.name, (t) => t.insert(kind.record, row as never) as Promise<Json>);
}

async function update(identity: Identity, kind: Kind, id: string, body: unknown): Promise<Json> {
  const { password_hash: hash, ...columns } = await readColumns(kind, body);
  return change(identity, kind, columns.name, async (t) => {
    await requireRow(t, kind, id);
    if (typeof hash === 'string') await storePassword(t, id, hash);
    if (Object.keys(columns).length > 0) await t.update(kind.record, id, columns as never);
    return requireRow(t, kind, id);
  });
}

async function remove(identity: Identity, kind: Kind, id: string): Promise<void> {
  await change(identity, kind, id, async (t) => {
    await requireRow(t, kind, id);
    if (kind.name === 'role') await t.deleteMany(roleAssignment, { role_id: id });
    await t.delete(kind.record, id);
  });
}

/** A row may be shown to whom it concerns: one's own user, the project of one's token; the rest to administrators. */
async function requireConcern(identity: Identity, request: FastifyRequest, kind: Kind, id: string): Promise<void> {
  const session = await requireSession(identity.sessions, request);
  const isOwn =
    (kind.name === 'user' && session.user.id === id) || (kind.name === 'project' && session.project?.id === id);
  if (!isOwn && !session.caller.isAdmin) throw identityForbidden(`identity:get_${kind.name}`);
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

/** Registers projects, users and roles. */
export function directoryRoutes(app: FastifyInstance, identity: Identity): void {
  for (const kind of kinds) kindRoutes(app, identity, kind);
}
