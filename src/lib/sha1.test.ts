import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha1 } from './sha1.ts';

test('SHA-1 is that of the rest of the world', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'binary' }), (text) => {
      const bytes = new TextEncoder().encode(text);
      assert.equal(sha1(text), createHash('sha1').update(bytes).digest('hex'));
    }),
  );
});
