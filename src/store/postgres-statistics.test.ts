import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Statistics } from './postgres-statistics.ts';

function watched() {
  const looks: string[][] = [];
  let end = () => {};
  const statistics = new Statistics((tables) => {
    looks.push([...tables]);
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  const ended = async () => {
    end();
    await statistics.settled();
  };
  return { looks, statistics, ended };
}

test('a table is looked at after its first rows, then each time it has four times as many', async () => {
  const { looks, statistics, ended } = watched();
  const at: number[] = [];
  for (let rows = 1; rows <= 1000; rows++) {
    statistics.inserted('ports', 1);
    statistics.committed();
    if (looks.length > at.length) at.push(rows);
    await ended();
  }
  assert.deepEqual(at, [50, 200, 800]);
});

test('one look at a time, at all tables that are due when it begins', async () => {
  const { looks, statistics, ended } = watched();
  statistics.inserted('ports', 60);
  assert.deepEqual(looks, [], 'not before the commit');
  statistics.committed();
  statistics.inserted('networks', 60);
  statistics.inserted('subnets', 60);
  statistics.committed();
  assert.deepEqual(looks, [['ports']]);
  await ended();
  statistics.committed();
  assert.deepEqual(looks, [['ports'], ['networks', 'subnets']]);
  await ended();
});

test('a look that fails changes nothing', async () => {
  const statistics = new Statistics(() => Promise.reject(new Error('no permission')));
  statistics.inserted('ports', 100);
  statistics.committed();
  await statistics.settled();
});
