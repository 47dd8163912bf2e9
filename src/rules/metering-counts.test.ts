import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeteringCount } from '../model/host-objects.ts';
import { countAfter, riseSince, sumOf } from './metering-counts.ts';

const before = { boot: 'b', read_packets: 5, read_bytes: 500 };

test('a counter that was read before rose by the difference; another one, by all that it is at', () => {
  assert.deepEqual(riseSince(before, { packets: 7, bytes: 700 }, 'b'), { packets: 2, bytes: 200 });
  assert.deepEqual(riseSince(before, { packets: 5, bytes: 500 }, 'b'), { packets: 0, bytes: 0 });
  assert.deepEqual(riseSince(before, { packets: 7, bytes: 700 }, 'other kernel'), { packets: 7, bytes: 700 });
  assert.deepEqual(riseSince(before, { packets: 4, bytes: 400 }, 'b'), { packets: 4, bytes: 400 }, 'made anew');
  assert.deepEqual(riseSince(undefined, { packets: 4, bytes: 400 }, 'b'), { packets: 4, bytes: 400 });
});

test('what follows a counter that has ended begins at 0', () => {
  const read = { router_id: 'r', label_id: 'l', direction: 'egress', project_id: 'p', packets: 5, bytes: 500 } as const;
  const ended: MeteringCount = { ...read, ended: true };
  const first = countAfter(undefined, 'h', ended, 'b', 'early');
  const next = countAfter(first.row, 'h', { ...read, packets: 6, bytes: 600 }, 'b', 'late');
  assert.deepEqual([next.row.packets, next.row.bytes, next.rise], [11, 1100, { packets: 6, bytes: 600 }]);
  assert.deepEqual([next.row.first_update, next.row.last_update], ['early', 'late']);
  const same = countAfter(next.row, 'h', { ...read, packets: 6, bytes: 600 }, 'b', 'later');
  assert.deepEqual([same.row.packets, same.row.last_update], [11, 'late'], 'nothing passed');
});

test('sums end where numbers cannot be told apart', () => {
  const most = { packets: 1, bytes: Number.MAX_SAFE_INTEGER };
  assert.deepEqual(sumOf(most, most), { packets: 2, bytes: Number.MAX_SAFE_INTEGER });
});
