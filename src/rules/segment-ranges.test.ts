import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { without } from './segment-ranges.ts';
import type { SegmentRange } from './segments.ts';

const numbers = (ranges: readonly SegmentRange[]) =>
  ranges.flatMap((range) =>
    Array.from({ length: range.last - range.first + 1 }, (_, n) => `${range.physicalNetwork} ${range.first + n}`),
  );

test('ranges without others have exactly the numbers that those do not have', () => {
  const range = fc
    .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 8 }), fc.constantFrom('a', 'b'))
    .map(([first, more, physicalNetwork]) => ({ first, last: first + more, physicalNetwork }));
  fc.assert(
    fc.property(range, fc.array(range, { maxLength: 5 }), (whole, others) => {
      const taken = new Set(numbers(others));
      assert.deepEqual(
        numbers(without([whole], others)),
        numbers([whole]).filter((number) => !taken.has(number)),
      );
    }),
  );
});
