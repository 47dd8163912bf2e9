/**
 * How to find a free number among very many, when what is taken is known only to a database: guesses first, then every number
 * once. The number of queries does not depend on how many are taken, until nearly all are.
 */
import type { Random } from './random.ts';

/** How many guesses a round has: the first is small since it nearly always succeeds. */
const ROUNDS = [8, 32];
/** How many neighbouring numbers are asked for at a time when guessing failed. */
const WINDOW = 512;
/** So many windows are looked through before giving up: 2^21 numbers. */
const MAX_WINDOWS = 4096;

/** A random integer, 0 ≤ n < `limit`, for a limit of any size. */
export function randomBelow(random: Random, limit: bigint): bigint {
  if (limit <= 0x1000000000000n) return BigInt(random.below(Number(limit)));
  let value = 0n;
  for (let span = 1n; span < limit; span <<= 32n) value = (value << 32n) | BigInt(random.below(0x100000000));
  return value % limit;
}

/**
 * Batches of numbers 0 ≤ n < `size`, to be tried in their order: random ones, then, from a random place on and around, each
 * number once (of the first 2^21).
 */
export function* probes(size: bigint, random: Random): Generator<bigint[]> {
  if (size <= 0n) return;
  for (const count of ROUNDS) {
    if (size <= BigInt(count)) break;
    yield [...new Set(Array.from({ length: count }, () => randomBelow(random, size)))];
  }
  const start = randomBelow(random, size);
  for (let window = 0; window < MAX_WINDOWS; window++) {
    const offset = BigInt(window * WINDOW);
    if (offset >= size) return;
    const left = size - offset;
    const length = left < BigInt(WINDOW) ? Number(left) : WINDOW;
    yield Array.from({ length }, (_, index) => (start + offset + BigInt(index)) % size);
  }
}
