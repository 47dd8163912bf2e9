/** `POST /auth/tokens`: who asks (by password or by an earlier token), and for which project. */
import { type Fault, unauthorized } from '../../model/faults.ts';
import { project, user } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { describe } from '../../model/types.ts';
import type { Reader, Transactor } from '../../store/store.ts';
import { isObject } from '../wire/json-body.ts';
import { defaultDomain } from './bootstrap.ts';
import { identityInvalid } from './faults.ts';
import type { PasswordChecker } from './passwords.ts';
import { makeSession, rolesIn, type Session, type Sessions } from './sessions.ts';

type Json = Record<string, unknown>;

/** A user or project as a request names it: by id, or by name in a domain. */
type Named = { readonly id: string } | { readonly name: string; readonly inDefault: boolean };

/** What a log-in says. */
interface LogIn {
  readonly method: { readonly user: Named; readonly password: string } | { readonly token: string };
  /** `undefined`: not said, so the user's default project; null: none wanted; 'nowhere': a scope that nobody has a role in. */
  readonly scope: Named | null | undefined | 'nowhere';
}

const invalid = (where: string, expected: string, found: unknown): Fault =>
  identityInvalid(where, expected, typeof found === 'string' ? 'another text' : describe(found));

function objectAt(parent: Json, name: string, where: string): Json {
  const value = parent[name];
  if (!isObject(value)) throw invalid(`${where}.${name}`, 'an object', value === undefined ? undefined : 0);
  return value;
}

function textAt(parent: Json, name: string, where: string): string {
  const value = parent[name];
  const isText = typeof value === 'string' && value.length <= 4096 && value.isWellFormed() && !value.includes('\u0000');
  if (!isText) throw identityInvalid(`${where}.${name}`, 'a text', value === undefined ? 'nothing' : 'something else');
  return value;
}

function isDefaultDomain(value: unknown): boolean {
  if (!isObject(value)) return false;
  return value.id === defaultDomain.id || (typeof value.name === 'string' && value.name.toLowerCase() === 'default');
}

function readNamed(value: Json, where: string): Named {
  if (value.id !== undefined) return { id: textAt(value, 'id', where) };
  const name = textAt(value, 'name', where);
  if (!isObject(value.domain)) throw identityInvalid(`${where}.domain`, 'a domain beside the name', 'nothing');
  return { name, inDefault: isDefaultDomain(value.domain) };
}

function readScope(auth: Json): LogIn['scope'] {
  const { scope } = auth;
  if (scope === undefined) return undefined;
  if (scope === 'unscoped') return null;
  if (!isObject(scope)) throw invalid('auth.scope', 'an object', scope);
  if (scope.unscoped !== undefined) return null;
  if (scope.project !== undefined) return readNamed(objectAt(scope, 'project', 'auth.scope'), 'auth.scope.project');
  if (scope.domain !== undefined || scope.system !== undefined) return 'nowhere';
  throw invalid('auth.scope', 'an object with project', scope);
}

/** Reads the body of a log-in; throws a 400 fault. No message shows a password. */
export function readLogIn(body: unknown): LogIn {
  if (!isObject(body)) throw identityInvalid('auth', 'an object', 'nothing');
  const auth = objectAt(body, 'auth', 'body');
  const identity = objectAt(auth, 'identity', 'auth');
  const methods = Array.isArray(identity.methods) ? identity.methods : [];
  const scope = readScope(auth);
  if (methods.includes('password')) {
    const who = objectAt(objectAt(identity, 'password', 'auth.identity'), 'user', 'auth.identity.password');
    const where = 'auth.identity.password.user';
    return { method: { user: readNamed(who, where), password: textAt(who, 'password', where) }, scope };
  }
  if (methods.includes('token')) {
    const given = objectAt(identity, 'token', 'auth.identity');
    return { method: { token: textAt(given, 'id', 'auth.identity.token') }, scope };
  }
  throw identityInvalid('auth.identity.methods', 'a list with password or token', 'neither');
}

async function findUser(r: Reader, named: Named): Promise<Row<typeof user> | undefined> {
  if ('id' in named) return r.get(user, named.id);
  return named.inDefault ? r.first(user, { name: named.name }) : undefined;
}

async function findProject(r: Reader, named: Named): Promise<Row<typeof project> | undefined> {
  if ('id' in named) return r.get(project, named.id);
  return named.inDefault ? r.first(project, { name: named.name }) : undefined;
}

/** The user in the project asked for; as in Keystone a default project in which they have no role gives an unscoped token. */
async function enter(
  r: Reader,
  who: Row<typeof user>,
  scope: LogIn['scope'],
  times: { issuedMs: number; expiresMs: number },
): Promise<Session> {
  if (scope === 'nowhere') throw unauthorized();
  const isDefault = scope === undefined;
  const named = isDefault ? (who.default_project_id === null ? null : { id: who.default_project_id }) : scope;
  if (named === null) return makeSession(who, null, [], times);
  const where = await findProject(r, named);
  const roles = where?.enabled ? await rolesIn(r, who.id, where.id) : [];
  if (where && roles.length > 0) return makeSession(who, where, roles, times);
  if (!isDefault) throw unauthorized();
  return makeSession(who, null, [], times);
}

/** What logging in needs. */
export interface LogInServices {
  readonly sessions: Sessions;
  readonly passwords: PasswordChecker;
  readonly read: <T>(work: (r: Reader) => Promise<T>) => Promise<T>;
  readonly transact: <T>(work: (t: Transactor) => Promise<T>) => Promise<T>;
  readonly now: () => number;
  readonly lifetimeMs: number;
}

/** Who a log-in is by, and when a token made by it ends at the latest. */
async function identify(
  s: LogInServices,
  method: LogIn['method'],
): Promise<{ userId: string; hash?: string; untilMs: number }> {
  const untilMs = s.now() + s.lifetimeMs;
  if ('token' in method) {
    const session = await s.sessions.read(method.token);
    if (!session) throw unauthorized();
    // A token got by a token ends no later than the first one.
    return { userId: session.user.id, untilMs: Math.min(untilMs, session.expiresMs) };
  }
  const found = await s.read((r) => findUser(r, method.user));
  if (!(await s.passwords.check(found, method.password)) || !found) throw unauthorized();
  return { userId: found.id, hash: found.password_hash, untilMs };
}

/** Logs in: the new session and the text of its token. Throws 401 without saying what of it was wrong. */
export async function logIn(s: LogInServices, body: unknown): Promise<{ session: Session; token: string }> {
  const { method, scope } = readLogIn(body);
  const who = await identify(s, method);
  return s.transact(async (t) => {
    const row = await t.get(user, who.userId);
    const isSame = row && (who.hash === undefined || who.hash === row.password_hash);
    if (!row?.enabled || !isSame) throw unauthorized();
    const session = await enter(t, row, scope, { issuedMs: s.now(), expiresMs: who.untilMs });
    return { session, token: await s.sessions.issue(t, session) };
  });
}
