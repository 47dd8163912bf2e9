import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonStream } from './json-stream.ts';

test('objects come out whole, however their text is cut', () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });
  fc.assert(
    fc.property(objects, fc.array(fc.nat(40), { minLength: 1 }), (all, cuts) => {
      const text = all.map((one) => JSON.stringify(one)).join('');
      const cut = jsonStream(10_000);
      const found: unknown[] = [];
      let at = 0;
      for (let n = 0; at < text.length; n++) {
        const end = at + 1 + (cuts[n % cuts.length] ?? 0);
        found.push(...cut(text.slice(at, end)));
        at = end;
      }
      assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(all)));
    }),
  );
});

test('an object without an end is given up', () => {
  const cut = jsonStream(100);
  assert.throws(() => cut(`{"a":"${'x'.repeat(200)}`), /more than 100 characters/);
});
