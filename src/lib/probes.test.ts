import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { probes, randomBelow } from './probes.ts';
import { SeededRandom } from './random.ts';

test('probes name only numbers below the size, and in the end each of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer(), (size, seed) => {
      const seen = new Set([...probes(BigInt(size), new SeededRandom(seed))].flat());
      assert.equal(seen.size, size);
      for (const number of seen) assert.ok(number >= 0n && number < BigInt(size));
    }),
    { numRuns: 200 },
  );
});

test('probes of a vast size begin with a few guesses and end after a bounded number of batches', () => {
  let batches = 0;
  for (const batch of probes(1n << 64n, new SeededRandom(1))) {
    if (batches === 0) assert.ok(batch.length <= 8);
    batches++;
  }
  assert.ok(batches <= 4098);
});

test('randomBelow reaches both halves of a range wider than 2^48', () => {
  const random = new SeededRandom(3);
  const numbers = Array.from({ length: 100 }, () => randomBelow(random, 1n << 64n));
  assert.ok(numbers.some((number) => number < 1n << 63n));
  assert.ok(numbers.some((number) => number >= 1n << 63n));
});
