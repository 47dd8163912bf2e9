/**
 * Tokens: 32 random bytes, of which only the SHA-256 is stored. What a token stands for is remembered for a few seconds, so most
 * requests ask the database nothing; a change of users, roles or projects made here forgets everything at once.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { agentToken, project, role, roleAssignment, token, user } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Caller } from '../../operations/context.ts';
import type { Reader, Store, Transactor } from '../../store/store.ts';

/** What a token stands for. */
export interface Session {
  readonly user: Row<typeof user>;
  /** null: unscoped. */
  readonly project: Row<typeof project> | null;
  readonly roles: readonly Row<typeof role>[];
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly auditId: string;
  readonly caller: Caller;
}

/** Issues, reads and ends tokens. */
export interface Sessions {
  /** Writes a token and returns its text. The project, if any, has been checked by `rolesIn`. */
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

/** The roles of a user in a project. */
export async function rolesIn(r: Reader, userId: string, projectId: string): Promise<Row<typeof role>[]> {
  const assignments = await r.find(roleAssignment, { user_id: userId, project_id: projectId });
  if (assignments.length === 0) return [];
  return r.find(role, { id: assignments.map((assignment) => assignment.role_id) });
}

/** A session of a user, in a project or in none. */
export function makeSession(
  who: Row<typeof user>,
  where: Row<typeof project> | null,
  roles: readonly Row<typeof role>[],
  times: { issuedMs: number; expiresMs: number },
  auditId = randomBytes(16).toString('base64url'),
): Session {
  const names = roles.map((one) => one.name.toLowerCase());
  const caller = { userId: who.id, projectId: where?.id ?? '', roles: names, isAdmin: names.includes('admin') };
  return { user: who, project: where, roles, ...times, auditId, caller };
}

async function load(r: Reader, hash: string): Promise<Session | undefined> {
  const row = await r.first(token, { hash });
  const who = row && (await r.get(user, row.user_id));
  if (!row || !who?.enabled) return undefined;
  const times = { issuedMs: row.issued_ms, expiresMs: row.expires_ms };
  if (row.project_id === null) return makeSession(who, null, [], times, row.audit_id);
  const where = await r.get(project, row.project_id);
  const roles = await rolesIn(r, who.id, row.project_id);
  if (!where?.enabled || roles.length === 0) return undefined;
  return makeSession(who, where, roles, times, row.audit_id);
}

// Milliseconds that another server's revocation may take to be felt here.
const rememberMs = 5_000;
const sweepMs = 60_000;

/** A map of at most `size` entries that drops what was not used for longest. */
function memory<T>(size: number) {
  const entries = new Map<string, T>();
  return {
    get(key: string): T | undefined {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key: string, value: T): void {
      entries.delete(key);
      const oldest = entries.keys().next();
      if (entries.size >= size && !oldest.done) entries.delete(oldest.value);
      entries.set(key, value);
    },
    delete: (key: string) => entries.delete(key),
    clear: () => entries.clear(),
  };
}

/** Removes some of the tokens that have ended. */
async function sweep(t: Transactor, now: number): Promise<void> {
  const ended = await t.list(token, { op: 'lt', column: 'expires_ms', value: now }, { limit: 500 });
  if (ended.length > 0) await t.deleteMany(token, { hash: ended.map((row) => row.hash) });
}

/** The tokens of a store. */
export function createSessions(store: Store, clock: Clock): Sessions {
  const known = memory<{ session: Session; untilMs: number }>(4096);
  const agents = memory<number>(64);
  // Rises with `forget`: what was read before it is not remembered after it.
  let generation = 0;
  let sweptMs = clock.now();
  return {
    async issue(t, session) {
      const now = clock.now();
      if (now - sweptMs > sweepMs) {
        sweptMs = now;
        await sweep(t, now);
      }
      const text = randomBytes(32).toString('base64url');
      await t.insert(token, {
        hash: hashToken(text),
        user_id: session.user.id,
        project_id: session.project?.id ?? null,
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
