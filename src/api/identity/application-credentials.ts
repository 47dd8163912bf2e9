/** Application credentials: what a program logs in with in place of its user, in one project, with some of the user's roles. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { applicationCredential, role } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { ConstraintError, type Reader } from '../../store/store.ts';
import { bodyMember, isObject } from '../wire/json-body.ts';
import { readQuery } from '../wire/query-string.ts';
import { jsonBody, paramOf, route } from '../wire/router.ts';
import { newId } from './bootstrap.ts';
import {
  credentialInvalid,
  credentialLimit,
  identityConflict,
  identityForbidden,
  identityInvalid,
  identityNotFound,
} from './faults.ts';
import { type Identity, requireSession } from './identity.ts';
import { hashPassword, hashRandomSecret, maxPasswordLength } from './passwords.ts';
import { withImplied } from './roles.ts';
import type { Session } from './sessions.ts';
import { keystoneTime } from './token-body.ts';

type Credential = Row<typeof applicationCredential>;
type Role = Row<typeof role>;

/** How many a user may have. */
const maxOfUser = 1000;

/** What a request to create one says. */
interface Wanted {
  readonly name: string;
  readonly description: string | null;
  readonly secret: string | undefined;
  readonly roles: readonly { readonly id?: unknown; readonly name?: unknown }[] | undefined;
  readonly unrestricted: boolean;
  readonly expiresMs: number | null;
}

function textOf(given: Record<string, unknown>, name: string, max: number): string | undefined {
  const value = given[name];
  if (value === undefined || value === null) return undefined;
  const isText = typeof value === 'string' && value.isWellFormed() && !value.includes('\u0000');
  if (isText && value.length <= max && (value !== '' || name === 'description')) return value;
  throw identityInvalid(`application_credential.${name}`, `a text of 1 to ${max} characters`, 'something else');
}

/** Keystone's form of an end: `2030-01-01T00:00:00`, with or without a fraction and Z; UTC. */
function endOf(text: string, now: number): number {
  const match = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z?$/.test(text);
  const ms = match ? Date.parse(`${text.slice(0, 19)}Z`) : Number.NaN;
  if (ms > now) return ms;
  throw identityInvalid('application_credential.expires_at', 'a time to come such as 2030-01-01T00:00:00', 'another');
}

function readWanted(body: unknown, now: number): Wanted {
  const given = bodyMember(body, 'application_credential');
  const name = textOf(given, 'name', 255);
  if (name === undefined) throw identityInvalid('application_credential.name', 'a text', 'nothing');
  const { roles = [], unrestricted = false, access_rules: rules = [] } = given;
  if (!(Array.isArray(roles) && roles.length <= 100 && roles.every(isObject)))
    throw identityInvalid('application_credential.roles', 'a list of objects with id or name', 'something else');
  if (typeof (unrestricted ?? false) !== 'boolean')
    throw identityInvalid('application_credential.unrestricted', 'true or false', 'something else');
  if (rules !== null && !(Array.isArray(rules) && rules.length === 0))
    throw credentialInvalid('access rules are not kept here; leave them out.');
  const end = textOf(given, 'expires_at', 64);
  return {
    name,
    description: textOf(given, 'description', 255) ?? null,
    secret: textOf(given, 'secret', maxPasswordLength),
    roles: roles.length === 0 ? undefined : roles,
    unrestricted: unrestricted === true,
    expiresMs: end === undefined ? null : endOf(end, now),
  };
}

/** The roles that are asked for, with those they imply; the asking token has to have all of them. */
async function rolesOf(r: Reader, session: Session, wanted: Wanted): Promise<readonly Role[]> {
  if (wanted.roles === undefined) return session.roles;
  const chosen: Role[] = [];
  for (const { id, name } of wanted.roles) {
    const found =
      typeof id === 'string'
        ? await r.get(role, id)
        : typeof name === 'string'
          ? await r.first(role, { name })
          : undefined;
    if (!found) throw identityNotFound('role', String(id ?? name).slice(0, 255));
    chosen.push(found);
  }
  const all = await withImplied(r, chosen);
  const has = new Set(session.roles.map((one) => one.id));
  if (all.every((one) => has.has(one.id))) return all;
  throw credentialInvalid('Cannot create an application credential with unassigned role');
}

async function create(
  identity: Identity,
  session: Session,
  body: unknown,
): Promise<{ row: Credential; secret: string }> {
  const { store, clock } = identity.services;
  const { project } = session;
  if (!project) throw credentialInvalid('it is for a project: ask with a token that is scoped to one.');
  const wanted = readWanted(body, clock.now());
  const secret = wanted.secret ?? randomBytes(64).toString('base64url');
  const hash = wanted.secret === undefined ? hashRandomSecret(secret) : await hashPassword(secret);
  const { name, description, unrestricted, expiresMs } = wanted;
  const user_id = session.user.id;
  try {
    const row = await store.transact(async (t) => {
      if ((await t.count(applicationCredential, { user_id })) >= maxOfUser) throw credentialLimit(maxOfUser);
      const roles = (await rolesOf(t, session, wanted)).map((one) => one.id);
      const [project_id, secret_hash] = [project.id, hash];
      const id = newId();
      return t.insert(applicationCredential, {
        ...{ id, name, description, user_id, project_id, roles, unrestricted, secret_hash },
        expires_ms: expiresMs,
      });
    });
    return { row, secret };
  } catch (error) {
    const isTwice = error instanceof ConstraintError && error.constraint === 'unique';
    throw isTwice ? identityConflict('application_credential', name) : error;
  }
}

/** The rows as clients see them; the secret is in none of them. */
async function shown(r: Reader, rows: readonly Credential[], publicUrl: string): Promise<Record<string, unknown>[]> {
  const ids = [...new Set(rows.flatMap((row) => row.roles))];
  const roles = new Map((ids.length === 0 ? [] : await r.find(role, { id: ids })).map((one) => [one.id, one]));
  return rows.map(({ secret_hash: _hidden, expires_ms: ends, roles: has, ...row }) => ({
    ...row,
    system: null,
    expires_at: ends === null ? null : keystoneTime(ends),
    roles: has.flatMap((id) => {
      const found = roles.get(id);
      return found ? [{ id, name: found.name, domain_id: null, description: found.description, options: {} }] : [];
    }),
    links: { self: `${publicUrl}/identity/v3/users/${row.user_id}/application_credentials/${row.id}` },
  }));
}

/** Whom the path names: oneself, or anybody where the caller is an administrator. */
async function requireOwner(identity: Identity, request: FastifyRequest, action: string): Promise<Session> {
  const session = await requireSession(identity.sessions, request);
  const isOwn = session.user.id === paramOf(request, 'id');
  if (isOwn || session.isAdmin) return session;
  throw identityForbidden(`identity:${action}_application_credential`);
}

// Keystone: a restricted credential that leaked must not make more of its kind.
function requireUnrestricted(session: Session): void {
  if (session.credential && !session.credential.unrestricted)
    throw identityForbidden(
      "Using method 'application_credential' is not allowed for managing additional application credentials",
    );
}

async function requireCredential(r: Reader, request: FastifyRequest): Promise<Credential> {
  const id = paramOf(request, 'credential');
  const row = await r.get(applicationCredential, id);
  if (row?.user_id === paramOf(request, 'id')) return row;
  throw identityNotFound('Application Credential', id.slice(0, 255));
}

/** Registers `/users/{id}/application_credentials`, and the access rules, of which there are none. */
export function applicationCredentialRoutes(app: FastifyInstance, identity: Identity): void {
  const { store, publicUrl } = identity.services;
  const path = '/identity/v3/users/:id/application_credentials';
  route(app, path, {
    GET: async (request) => {
      await requireOwner(identity, request, 'list');
      const names = readQuery(request.url).get('name');
      const match = { user_id: paramOf(request, 'id'), ...(names ? { name: names } : {}) };
      const rows = await store.read(async (r) => shown(r, await r.find(applicationCredential, match), publicUrl()));
      return { application_credentials: rows, links: { next: null, previous: null } };
    },
    POST: async (request) => {
      const session = await requireOwner(identity, request, 'create');
      requireUnrestricted(session);
      if (session.user.id !== paramOf(request, 'id'))
        throw identityForbidden('Cannot create an application credential for another user.');
      const { row, secret } = await create(identity, session, jsonBody(request));
      const [view] = await store.read((r) => shown(r, [row], publicUrl()));
      return { application_credential: { ...view, secret } };
    },
  });
  route(app, `${path}/:credential`, {
    GET: async (request) => {
      await requireOwner(identity, request, 'get');
      const [view] = await store.read(async (r) => shown(r, [await requireCredential(r, request)], publicUrl()));
      return { application_credential: view };
    },
    DELETE: async (request) => {
      requireUnrestricted(await requireOwner(identity, request, 'delete'));
      await store.transact(async (t) => t.delete(applicationCredential, (await requireCredential(t, request)).id));
      identity.sessions.forget();
    },
  });
  route(app, '/identity/v3/users/:id/access_rules', {
    GET: async (request) => {
      await requireOwner(identity, request, 'list');
      return { access_rules: [], links: { next: null, previous: null } };
    },
  });
}
