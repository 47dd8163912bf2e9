import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteList } from './byte-list.ts';

const joined = (list: ByteList) => Buffer.concat(list.parts(), list.bytes).toString();

test('what was added is there, in UTF-8, however long the pieces', () => {
  const piece = fc.tuple(fc.string({ unit: 'grapheme' }), fc.constantFrom(1, 1000, 20_000));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const texts = pieces.map(([text, times]) => text.repeat(times));
      const list = new ByteList();
      for (const text of texts) list.add(text);
      assert.equal(list.bytes, Buffer.byteLength(texts.join('')));
      assert.equal(joined(list), texts.join(''));
    }),
    { numRuns: 50 },
  );
});

test('freed blocks are gone at once, copies of them stay', () => {
  const list = new ByteList();
  list.add('x'.repeat(100_000));
  list.add('y'.repeat(300_000));
  const parts = list.parts();
  const copy = Buffer.concat(parts);
  list.free();
  assert.deepEqual(
    parts.map(({ byteLength }) => byteLength),
    [0, 0],
  );
  assert.equal(copy.toString(), 'x'.repeat(100_000) + 'y'.repeat(300_000));
});
