import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SetFact } from '../plan/facts.ts';
import { linesOf } from './ipset.ts';

const members = Array.from({ length: 5000 }, (_, n) => `10.0.${Math.floor(n / 250)}.${n % 250}`);
const set = (elements: readonly string[]): SetFact => {
  return { fact: 'set', namespace: '', name: 'NIPv4x', family: 4, elements };
};

test('one member of 5,000 that comes, goes or changes is one line for each element that does', () => {
  const [first = '', ...rest] = members;
  const change = (was: readonly string[], now: readonly string[]) =>
    linesOf({ do: 'change', fact: set(now), was: set(was), why: '' }).filter((line) => !line.startsWith('create'));
  assert.deepEqual(change(rest, members), [`add NIPv4x ${first}`]);
  assert.deepEqual(change(members, rest), [`del NIPv4x ${first}`]);
  assert.deepEqual(change(members, [...rest, '10.9.9.9']), ['add NIPv4x 10.9.9.9', `del NIPv4x ${first}`]);
});
