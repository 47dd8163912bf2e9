/**
 * Passwords: scrypt hashes, made and checked with bounded concurrency. A password that was right a moment ago is recognised
 * without the work again; the key of that memory is random for each process and tied to the stored hash. Whoever guesses wrong
 * again and again waits longer and longer; the right password of the memory never waits.
 */
import { createHash, createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { busy } from '../../model/faults.ts';
import { memory } from '../wire/memory.ts';
import { type Attempts, createAttempts } from './attempts.ts';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

const cost = { N: 16384, r: 8, p: 1 };
const keyLength = 32;

/** Characters of a password; more is refused before any work. */
export const maxPasswordLength = 1024;

/** Runs at most `running` works at once and lets at most `waiting` wait; more is a 503. */
function limiter(running: number, waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let active = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (active >= running) {
      if (queue.length >= waiting) throw busy('The log-in');
      await new Promise<void>((resolve) => queue.push(resolve));
    } else active++;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else active--;
    }
  };
}

// Each takes 16 MiB and some 50 ms of one processor.
const bounded = limiter(2, 64);

/** The hash of a password, with its parameters and salt: `scrypt$N$r$p$salt$key`. Never call it inside a transaction. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await bounded(() => derive(password, salt, keyLength, cost));
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), key.toString('base64')].join('$');
}

const sha256 = (secret: string) => createHash('sha256').update(secret).digest();

/** The hash of a secret of at least 256 random bits, which needs no work to be safe: `sha256$digest`. */
export function hashRandomSecret(secret: string): string {
  return `sha256$${sha256(secret).toString('base64')}`;
}

interface Parsed {
  readonly options: ScryptOptions;
  readonly salt: Buffer;
  readonly key: Buffer;
}

function parseHash(hash: string): Parsed | undefined {
  const [scheme, n, r, p, salt, key] = hash.split('$');
  if (scheme !== 'scrypt' || !salt || !key) return undefined;
  return {
    options: { N: Number(n), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
}

/** Whoever has a password: a user, an application credential. */
export interface Secretive {
  readonly id: string;
  /** '' where there is no password, which nothing fits. */
  readonly password_hash: string;
}

/** Checks passwords. */
export interface PasswordChecker {
  /**
   * Whether the password is the owner's. `owner` undefined (nobody of that name) costs the same work and is false; `key` is
   * whom the attempt is counted against. Throws 503 while too many wait.
   */
  check(owner: Secretive | undefined, password: string, key: string): Promise<boolean>;
}

// What the password of nobody is compared with.
const nobody: Parsed = { options: cost, salt: Buffer.alloc(16), key: Buffer.alloc(keyLength) };

async function fits(owner: Secretive | undefined, password: string): Promise<boolean> {
  if (owner?.password_hash.startsWith('sha256$')) {
    const stored = Buffer.from(owner.password_hash.slice('sha256$'.length), 'base64');
    const given = sha256(password);
    return stored.length === given.length && timingSafeEqual(given, stored);
  }
  const parsed = owner && parseHash(owner.password_hash);
  const { options, salt, key } = parsed ?? nobody;
  const derived = await bounded(() => derive(password, salt, key.length, options));
  return timingSafeEqual(derived, key) && parsed !== undefined;
}

/** A checker with its own memory of at most `remembered` passwords. */
export function createPasswordChecker(
  remembered = 1024,
  attempts: Attempts = createAttempts({ now: () => performance.now() }),
): PasswordChecker {
  const secret = randomBytes(32);
  const right = memory<true>(remembered);
  const digest = (parts: readonly string[]) =>
    createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64');
  return {
    async check(owner, password, key) {
      if (password.length > maxPasswordLength) return false;
      const known = owner && digest([owner.id, password, owner.password_hash]);
      if (known && right.get(known)) return true;
      await attempts.enter(key);
      if (!(await fits(owner, password)) || !known) {
        attempts.failed(key);
        return false;
      }
      attempts.succeeded(key);
      right.set(known, true);
      return true;
    },
  };
}
