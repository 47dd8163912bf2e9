/**
 * Tokens: 32 random bytes, of which only the SHA-256 is stored. What a token stands for is remembered for a few seconds, so most
 * requests ask the database nothing; a change of users, roles or projects made here forgets everything at once.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { agentToken, applicationCredential, project, type role, token, user } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Caller } from '../../operations/context.ts';
import type { Reader, Store, Transactor } from '../../store/store.ts';
import { memory } from '../wire/memory.ts';
import { assignedInSystem, rolesIn, withImplied } from './roles.ts';
import { boundTokens, createTokenSweep } from './token-bounds.ts';

/** Who a token is of, and what it is good for. */
export interface SessionScope {
  readonly user: Row<typeof user>;
  /** null: unscoped, or the system. */
  readonly project: Row<typeof project> | null;
  readonly isSystem: boolean;
  readonly roles: readonly Row<typeof role>[];
  /** What it was got by, where that was one. */
  readonly credential: Row<typeof applicationCredential> | null;
}

/** How a token was got, and for how long it is good. */
export interface SessionTimes {
  readonly methods: readonly string[];
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** What a token stands for. */
export interface Session extends SessionScope, SessionTimes {
  readonly auditId: string;
  /** Whether they administer Identity: the role admin in a project or in the system. */
  readonly isAdmin: boolean;
  /** Who they are to the Networking API; as in Neutron the scope of the system has no rights there. */
  readonly caller: Caller;
}

/** Issues, reads and ends tokens. */
export interface Sessions {
  /** Writes a token and returns its text. The scope has been checked by `rolesIn`. */
  issue(t: Transactor, session: Session): Promise<string>;
  /** What a token stands for; `undefined` for one that is unknown, ended, or of somebody who may not come in any more. */
  read(text: string): Promise<Session | undefined>;
  revoke(text: string): Promise<void>;
  /** Whether the text is the long-lived secret of agents. */
  isAgentSecret(text: string): Promise<boolean>;
  /** Forgets what is remembered: users, roles or projects have changed. */
  forget(): void;
}

/** How a token lies in the database. */
export function hashToken(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A session of a user in a project, in the system, or in none. */
export function makeSession(
  scope: SessionScope,
  times: SessionTimes,
  auditId = randomBytes(16).toString('base64url'),
): Session {
  const names = scope.roles.map((one) => one.name.toLowerCase());
  const isAdmin = names.includes('admin');
  const caller = {
    userId: scope.user.id,
    projectId: scope.project?.id ?? '',
    roles: scope.isSystem ? [] : names,
    isAdmin: isAdmin && !scope.isSystem,
  };
  return { ...scope, ...times, auditId, isAdmin, caller };
}

/** The roles of a session: where it is by an application credential, those of them that it has. */
export async function sessionRoles(
  r: Reader,
  scope: Omit<SessionScope, 'roles'>,
): Promise<readonly Row<typeof role>[]> {
  if (scope.isSystem) return withImplied(r, await assignedInSystem(r, scope.user.id));
  if (scope.project === null) return [];
  const roles = await rolesIn(r, scope.user.id, scope.project.id);
  const allowed = scope.credential?.roles;
  return allowed === undefined ? roles : roles.filter((one) => allowed.includes(one.id));
}

async function load(r: Reader, hash: string): Promise<Session | undefined> {
  const row = await r.first(token, { hash });
  const who = row && (await r.get(user, row.user_id));
  if (!row || !who?.enabled) return undefined;
  const { project_id: projectId, application_credential_id: credentialId, is_system: isSystem } = row;
  const where = projectId === null ? null : await r.get(project, projectId);
  const credential = credentialId === null ? null : await r.get(applicationCredential, credentialId);
  if (where === undefined || credential === undefined || where?.enabled === false) return undefined;
  const scope = { user: who, project: where, isSystem, credential };
  const roles = await sessionRoles(r, scope);
  if (roles.length === 0 && (where !== null || isSystem)) return undefined;
  const times = { methods: row.methods, issuedMs: row.issued_ms, expiresMs: row.expires_ms };
  return makeSession({ ...scope, roles }, times, row.audit_id);
}

// Milliseconds that another server's revocation may take to be felt here.
const rememberMs = 5_000;

/** The tokens of a store. */
export function createSessions(store: Store, clock: Clock): Sessions {
  const known = memory<{ session: Session; untilMs: number }>(4096);
  const agents = memory<number>(64);
  const sweep = createTokenSweep(clock);
  const bound = boundTokens();
  // Rises with `forget`: what was read before it is not remembered after it.
  let generation = 0;
  return {
    async issue(t, session) {
      await sweep(t);
      await bound(t, session.user.id);
      const text = randomBytes(32).toString('base64url');
      await t.insert(token, {
        hash: hashToken(text),
        user_id: session.user.id,
        project_id: session.project?.id ?? null,
        is_system: session.isSystem,
        application_credential_id: session.credential?.id ?? null,
        methods: [...session.methods],
        issued_ms: session.issuedMs,
        expires_ms: session.expiresMs,
        audit_id: session.auditId,
      });
      return text;
    },
    async read(text) {
      const hash = hashToken(text);
      const now = clock.now();
      const remembered = known.get(hash);
      if (remembered && now < remembered.untilMs) return remembered.session;
      const before = generation;
      const session = await store.read((r) => load(r, hash));
      if (!session || session.expiresMs <= now) return undefined;
      if (before === generation) known.set(hash, { session, untilMs: Math.min(now + rememberMs, session.expiresMs) });
      return session;
    },
    async revoke(text) {
      const hash = hashToken(text);
      await store.transact((t) => t.deleteMany(token, { hash }));
      generation++;
      known.delete(hash);
    },
    async isAgentSecret(text) {
      const hash = hashToken(text);
      const now = clock.now();
      if (now < (agents.get(hash) ?? 0)) return true;
      const found = await store.read((r) => r.first(agentToken, { hash }));
      if (found) agents.set(hash, now + rememberMs);
      return found !== undefined;
    },
    forget() {
      generation++;
      known.clear();
    },
  };
}
