import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unequalPlaces } from '../../lib/catalogue.ts';
import { meteringSentences } from './sentences.ts';

test('the sentences have the same places in both languages', () => {
  assert.deepEqual(unequalPlaces(meteringSentences), []);
});
