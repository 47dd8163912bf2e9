/** Keeping the table of tokens small: those that have ended go in batches, and a user has only so many. */
import type { Clock } from '../../lib/clock.ts';
import { token } from '../../model/index.ts';
import type { Transactor } from '../../store/store.ts';

/** How many tokens a user may have at a time, give or take `checkEvery`; the oldest end first. */
export const maxTokensOfUser = 10_000;

const sweepMs = 60_000;
const batch = 500;

/**
 * Removes tokens that have ended: a batch a minute, and while a batch is full one with each log-in, so that the table shrinks
 * faster than it grows.
 */
export function createTokenSweep(clock: Clock): (t: Transactor) => Promise<void> {
  let nextMs = clock.now() + sweepMs;
  return async (t) => {
    const now = clock.now();
    if (now < nextMs) return;
    const ended = await t.list(token, { op: 'lt', column: 'expires_ms', value: now }, { limit: batch });
    if (ended.length < batch) nextMs = now + sweepMs;
    if (ended.length > 0) await t.deleteMany(token, { hash: ended.map((row) => row.hash) });
  };
}

/** Ends a user's oldest tokens beyond `max`. Counting costs something, so it is done once in `checkEvery` log-ins of a user. */
export function boundTokens(max = maxTokensOfUser, checkEvery = 200): (t: Transactor, userId: string) => Promise<void> {
  // Cleared when it is large: then some users are counted later than others.
  const issued = new Map<string, number>();
  return async (t, userId) => {
    const count = (issued.get(userId) ?? 0) + 1;
    if (issued.size > 4096) issued.clear();
    issued.set(userId, count % checkEvery);
    if (count < checkEvery) return;
    const excess = (await t.count(token, { user_id: userId })) - max;
    if (excess <= 0) return;
    const where = { op: 'in', column: 'user_id', values: [userId] } as const;
    const sort = [{ column: 'expires_ms', direction: 'asc' }] as const;
    const oldest = await t.list(token, where, { sort, limit: Math.min(excess, 5 * batch) });
    await t.deleteMany(token, { hash: oldest.map((row) => row.hash) });
  };
}
