import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cidr, formatCidr, parseCidr, prefixOf } from './ip.ts';
import { commonPrefixes, compactPrefixes, coversPrefixes, prefixesOverlap, subtractPrefixes } from './prefix-set.ts';

const parsed = (...prefixes: string[]): Cidr[] => prefixes.flatMap((prefix) => parseCidr(prefix) ?? []);
const texts = (prefixes: readonly Cidr[]) => prefixes.map(formatCidr);

test('prefixes are joined to the fewest that have the same addresses', () => {
  assert.deepEqual(texts(compactPrefixes(parsed('10.0.1.0/24', '10.0.0.0/24', '10.0.0.128/25'))), ['10.0.0.0/23']);
  assert.deepEqual(texts(compactPrefixes(parsed('10.0.1.0/24', '10.0.2.0/24'))), ['10.0.1.0/24', '10.0.2.0/24']);
  assert.deepEqual(texts(compactPrefixes(parsed('::/1', '8000::/1'))), ['::/0']);
  assert.deepEqual(compactPrefixes([]), []);
});

test('what is taken out of a prefix leaves the fewest prefixes', () => {
  assert.deepEqual(texts(subtractPrefixes(parsed('10.0.0.0/24'), parsed('10.0.0.64/26'))), [
    '10.0.0.0/26',
    '10.0.0.128/25',
  ]);
  assert.deepEqual(subtractPrefixes(parsed('10.0.0.0/24'), parsed('10.0.0.0/8')), []);
});

// Sixteen addresses, so that sets of numbers can be the oracle.
const small = fc
  .array(fc.tuple(fc.nat(15), fc.integer({ min: 28, max: 32 })), { maxLength: 5 })
  .map((given) => given.map(([value, length]) => prefixOf({ version: 4, value: BigInt(value) }, length)));

const numbers = (prefixes: readonly Cidr[]) =>
  Array.from({ length: 16 }, (_, n) => n).filter((n) => prefixes.some(({ first, last }) => first <= n && n <= last));

test('sets of prefixes are sets of addresses', () => {
  fc.assert(
    fc.property(small, small, (one, other) => {
      const [a, b] = [numbers(one), numbers(other)];
      assert.deepEqual(numbers(compactPrefixes(one)), a);
      assert.deepEqual(
        numbers(subtractPrefixes(one, other)),
        a.filter((n) => !b.includes(n)),
      );
      assert.deepEqual(
        numbers(commonPrefixes(one, other)),
        a.filter((n) => b.includes(n)),
      );
      assert.equal(
        coversPrefixes(one, other),
        b.every((n) => a.includes(n)),
      );
      assert.equal(
        prefixesOverlap(one, other),
        b.some((n) => a.includes(n)),
      );
      const compact = compactPrefixes(one);
      assert.deepEqual(compactPrefixes(compact.toReversed()), compact);
    }),
  );
});
