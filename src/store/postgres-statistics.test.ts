import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Statistics } from './postgres-statistics.ts';

test('tables are looked at after the first commits, then ever more rarely, once at a time', async () => {
  const looks: number[] = [];
  let commits = 0;
  let end: (() => void) | undefined;
  const statistics = new Statistics(() => {
    looks.push(commits);
    return new Promise<void>((resolve) => (end = resolve));
  });
  const commit = async (count: number) => {
    for (let at = 0; at < count; at++) {
      commits++;
      statistics.committed();
    }
  };
  await commit(20);
  assert.deepEqual(looks, [8]);
  await commit(30);
  assert.deepEqual(looks, [8], 'one look at a time');
  end?.();
  await statistics.settled();
  await commit(150);
  assert.deepEqual(looks, [8, 51]);
});

test('a look that fails changes nothing', async () => {
  const statistics = new Statistics(() => Promise.reject(new Error('no permission')));
  for (let at = 0; at < 100; at++) statistics.committed();
  await statistics.settled();
});
