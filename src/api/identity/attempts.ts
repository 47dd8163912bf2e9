/**
 * Guessing is slow: after a few wrong passwords for one user each further attempt has its turn later than the one before. Nobody
 * is locked out: a turn comes within seconds, and a password that the server remembers needs none.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import { busy } from '../../model/faults.ts';
import { memory } from '../wire/memory.ts';

/** Counts attempts, by whom they are against. */
export interface Attempts {
  /** Resolves when the attempt has its turn. Throws 503 where that would take longer than `maxWaitMs`. */
  enter(key: string): Promise<void>;
  failed(key: string): void;
  succeeded(key: string): void;
}

/** How many wrong passwords cost nothing. */
export const freeFailures = 5;
/** Milliseconds between two turns, at most. */
export const maxDelayMs = 3_000;
/** Milliseconds that an attempt may wait, at most. */
export const maxWaitMs = 10_000;
// Milliseconds without a failure after which a user starts anew.
const forgetMs = 15 * 60_000;

/** Milliseconds between two turns after so many failures in a row. */
export function delayAfter(failures: number): number {
  return failures < freeFailures ? 0 : Math.min(maxDelayMs, 100 * 2 ** (failures - freeFailures));
}

interface Tally {
  failures: number;
  lastMs: number;
  /** When the next attempt has its turn. */
  nextMs: number;
}

/** Counts for at most `remembered` keys; `now` in milliseconds of any origin, never going back. */
export function createAttempts(options: {
  readonly now: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
  readonly remembered?: number;
}): Attempts {
  const { now, sleep = (ms: number) => sleepFor(ms), remembered = 4096 } = options;
  const records = memory<Tally>(remembered);
  const recent = (key: string): Tally | undefined => {
    const record = records.get(key);
    return record && now() - record.lastMs < forgetMs ? record : undefined;
  };
  return {
    async enter(key) {
      const record = recent(key);
      const delay = delayAfter(record?.failures ?? 0);
      if (!record || delay === 0) return;
      const wait = Math.max(0, record.nextMs - now());
      if (wait > maxWaitMs) throw busy('The log-in of this user');
      record.nextMs = now() + wait + delay;
      if (wait > 0) await sleep(wait);
    },
    failed(key) {
      const record = recent(key) ?? { failures: 0, lastMs: 0, nextMs: 0 };
      record.failures += 1;
      record.lastMs = now();
      if (record.failures === freeFailures) record.nextMs = now() + delayAfter(freeFailures);
      records.set(key, record);
    },
    succeeded: (key) => void records.delete(key),
  };
}
