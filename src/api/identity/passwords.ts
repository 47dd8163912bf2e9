/**
 * Passwords: scrypt hashes, made and checked with bounded concurrency. A password that was right a moment ago is recognised
 * without the work again; the key of that memory is random for each process and tied to the stored hash.
 */
import { createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { busy } from '../../model/faults.ts';

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

/** Checks passwords. */
export interface PasswordChecker {
  /** Whether the password is the user's. `user` undefined (nobody of that name) costs the same work and is false. */
  check(user: { readonly id: string; readonly password_hash: string } | undefined, password: string): Promise<boolean>;
}

// What the password of nobody is compared with.
const nobody: Parsed = { options: cost, salt: Buffer.alloc(16), key: Buffer.alloc(keyLength) };

/** A checker with its own memory of at most `remembered` passwords. */
export function createPasswordChecker(remembered = 1024): PasswordChecker {
  const secret = randomBytes(32);
  const right = new Set<string>();
  const digest = (parts: readonly string[]) =>
    createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64');
  return {
    async check(user, password) {
      if (password.length > maxPasswordLength) return false;
      const memory = user && digest([user.id, password, user.password_hash]);
      if (memory && right.has(memory)) return true;
      const parsed = user && parseHash(user.password_hash);
      const { options, salt, key } = parsed ?? nobody;
      const derived = await bounded(() => derive(password, salt, key.length, options));
      if (!timingSafeEqual(derived, key) || !parsed || !memory) return false;
      const oldest = right.values().next();
      if (right.size >= remembered && !oldest.done) right.delete(oldest.value);
      right.add(memory);
      return true;
    },
  };
}
