/** `POST /auth/tokens`: a token by password, by an earlier token, or by an application credential. */
import { unauthorized } from '../../model/faults.ts';
import { applicationCredential, project, user } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Reader, Transactor } from '../../store/store.ts';
import { identityForbidden } from './faults.ts';
import { type LogInMethod, type Named, type NamedCredential, readLogIn, type WantedScope } from './log-in-body.ts';
import type { PasswordChecker } from './passwords.ts';
import { makeSession, type Session, type SessionScope, type Sessions, sessionRoles } from './sessions.ts';

type User = Row<typeof user>;
type Credential = Row<typeof applicationCredential>;

/** What logging in needs. */
export interface LogInServices {
  readonly sessions: Sessions;
  readonly passwords: PasswordChecker;
  readonly read: <T>(work: (r: Reader) => Promise<T>) => Promise<T>;
  readonly transact: <T>(work: (t: Transactor) => Promise<T>) => Promise<T>;
  readonly now: () => number;
  readonly lifetimeMs: number;
}

/** Who a log-in is by, how that was shown, and when a token made by it ends at the latest. */
interface Identified {
  readonly userId: string;
  readonly methods: readonly string[];
  readonly untilMs: number;
  /** The hash that the password fitted; the user's is the same when the token is written. */
  readonly hash?: string;
  readonly credentialId?: string;
}

async function findUser(r: Reader, named: Named): Promise<User | undefined> {
  if ('id' in named) return r.get(user, named.id);
  return named.inDefault ? r.first(user, { name: named.name }) : undefined;
}

async function findProject(r: Reader, named: Named): Promise<Row<typeof project> | undefined> {
  if ('id' in named) return r.get(project, named.id);
  return named.inDefault ? r.first(project, { name: named.name }) : undefined;
}

async function findCredential(r: Reader, named: NamedCredential): Promise<Credential | undefined> {
  if ('id' in named) return r.get(applicationCredential, named.id);
  const owner = await findUser(r, named.user);
  return owner && r.first(applicationCredential, { user_id: owner.id, name: named.name });
}

// Whom a wrong password is counted against. A name that is nobody's counts too: it must look the same.
const keyOf = (named: Named) => ('id' in named ? `id ${named.id}` : `name ${named.name}`);

async function byPassword(s: LogInServices, method: LogInMethod & { kind: 'password' }): Promise<Identified> {
  const found = await s.read((r) => findUser(r, method.user));
  const key = found ? `id ${found.id}` : keyOf(method.user);
  if (!(await s.passwords.check(found, method.password, key)) || !found) throw unauthorized();
  return {
    userId: found.id,
    hash: found.password_hash,
    methods: ['password'],
    untilMs: s.now() + s.lifetimeMs,
  };
}

async function byToken(s: LogInServices, text: string, scope: WantedScope): Promise<Identified> {
  const by = await s.sessions.read(text);
  if (!by) throw unauthorized();
  if (by.credential && scope.kind !== 'default')
    throw identityForbidden('Using an application credential token to create a scoped token is not allowed');
  if (by.isSystem && (scope.kind === 'project' || scope.kind === 'nowhere'))
    throw identityForbidden(
      'Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed',
    );
  const methods = [...new Set(['token', ...by.methods])];
  const credentialId = by.credential === null ? {} : { credentialId: by.credential.id };
  // A token got by a token ends no later than the first one.
  return { userId: by.user.id, methods, untilMs: by.expiresMs, ...credentialId };
}

async function byCredential(
  s: LogInServices,
  method: LogInMethod & { kind: 'application_credential' },
  scope: WantedScope,
): Promise<Identified> {
  const found = await s.read((r) => findCredential(r, method.credential));
  const { credential } = method;
  const key = `credential ${found?.id ?? ('id' in credential ? credential.id : credential.name)}`;
  const owner = found && { id: found.id, password_hash: found.secret_hash };
  if (!(await s.passwords.check(owner, method.secret, key)) || !found) throw unauthorized();
  const now = s.now();
  if (found.expires_ms !== null && found.expires_ms <= now) throw unauthorized();
  // Keystone: an application credential has its project; asking for a scope is a mistake.
  if (scope.kind !== 'default') throw unauthorized();
  const untilMs = Math.min(now + s.lifetimeMs, found.expires_ms ?? Number.MAX_SAFE_INTEGER);
  return { userId: found.user_id, methods: ['application_credential'], untilMs, credentialId: found.id };
}

async function identify(s: LogInServices, method: LogInMethod, scope: WantedScope): Promise<Identified> {
  if (method.kind === 'password') return byPassword(s, method);
  return method.kind === 'token' ? byToken(s, method.token, scope) : byCredential(s, method, scope);
}

type Place = Omit<SessionScope, 'roles'>;

/** The scope that the request asks for, whether or not the user has a role there; `undefined`: there is none such. */
async function placeOf(
  r: Reader,
  who: User,
  scope: WantedScope,
  credential: Credential | null,
): Promise<Place | undefined> {
  const nowhere: Place = { user: who, project: null, isSystem: false, credential };
  if (credential) {
    const where = await r.get(project, credential.project_id);
    return where && { ...nowhere, project: where };
  }
  if (scope.kind === 'unscoped') return nowhere;
  if (scope.kind === 'system') return { ...nowhere, isSystem: true };
  if (scope.kind === 'project') {
    const where = await findProject(r, scope.project);
    return where && { ...nowhere, project: where };
  }
  if (scope.kind === 'nowhere') return undefined;
  const where = who.default_project_id === null ? undefined : await r.get(project, who.default_project_id);
  return where ? { ...nowhere, project: where } : nowhere;
}

/** The user where they want to be; as in Keystone a default project in which they have no role gives an unscoped token. */
async function enter(
  r: Reader,
  who: User,
  scope: WantedScope,
  credential: Credential | null,
): Promise<SessionScope | undefined> {
  const place = await placeOf(r, who, scope, credential);
  if (place === undefined) return undefined;
  const roles = place.project?.enabled === false ? [] : await sessionRoles(r, place);
  if (roles.length > 0 || (place.project === null && !place.isSystem)) return { ...place, roles };
  if (scope.kind === 'default' && !credential) return { ...place, project: null, roles: [] };
  return undefined;
}

async function credentialOf(r: Reader, id: string | undefined): Promise<Credential | null | undefined> {
  return id === undefined ? null : r.get(applicationCredential, id);
}

/** Logs in: the new session and the text of its token. Throws 401 without saying what of it was wrong. */
export async function logIn(s: LogInServices, body: unknown): Promise<{ session: Session; token: string }> {
  const { method, scope } = readLogIn(body);
  const who = await identify(s, method, scope);
  return s.transact(async (t) => {
    const row = await t.get(user, who.userId);
    const isSame = row && (who.hash === undefined || who.hash === row.password_hash);
    const credential = await credentialOf(t, who.credentialId);
    if (!row?.enabled || !isSame || credential === undefined) throw unauthorized();
    const entered = await enter(t, row, scope, credential);
    if (!entered) throw unauthorized();
    const times = { methods: who.methods, issuedMs: s.now(), expiresMs: who.untilMs };
    const session = makeSession(entered, times);
    return { session, token: await s.sessions.issue(t, session) };
  });
}
