import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { together } from './together.ts';

const later = async <T>(ms: number, value: T): Promise<T> => {
  await wait(ms);
  return value;
};
const fail = async (ms: number, message: string): Promise<never> => {
  await wait(ms);
  throw new Error(message);
};

test('gives what each gave, in their order', async () => {
  assert.deepEqual(await together(later(5, 'a'), later(1, 2), later(3, undefined)), ['a', 2, undefined]);
});

test('throws what the first in order threw, once all have ended', async () => {
  let ended = false;
  const slow = later(20, 0).then(() => {
    ended = true;
  });
  await assert.rejects(together(slow, fail(10, 'first'), fail(1, 'faster')), /^Error: first$/);
  assert.equal(ended, true);
});
