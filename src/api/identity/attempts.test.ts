import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAttempts, delayAfter, freeFailures, maxDelayMs, maxWaitMs } from './attempts.ts';
import { createPasswordChecker, hashPassword } from './passwords.ts';

/** Attempts over a clock that sleeping moves. */
function bed() {
  let now = 0;
  const slept: number[] = [];
  const attempts = createAttempts({
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  });
  return { attempts, slept, pass: (ms: number) => (now += ms) };
}

test('a few wrong passwords cost nothing; then each costs more, up to a bound', async () => {
  const { attempts, slept } = bed();
  for (let i = 0; i < 40; i++) {
    await attempts.enter('u');
    attempts.failed('u');
  }
  assert.equal(slept.length, 40 - freeFailures);
  assert.ok(slept.every((ms, i) => i === 0 || ms >= (slept[i - 1] ?? 0)));
  assert.equal(Math.max(...slept), maxDelayMs);
  await attempts.enter('another');
  assert.equal(slept.length, 40 - freeFailures, 'others do not wait');
});

test('a right password, or a quarter of an hour, starts anew', async () => {
  for (const forgive of ['success', 'time']) {
    const { attempts, slept, pass } = bed();
    for (let i = 0; i < 10; i++) attempts.failed('u');
    if (forgive === 'success') attempts.succeeded('u');
    else pass(16 * 60_000);
    await attempts.enter('u');
    assert.deepEqual(slept, []);
  }
});

test('of many at once only as many wait as have their turn in time; the rest hear so', async () => {
  const waits: number[] = [];
  const attempts = createAttempts({
    now: () => 0,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
  for (let i = 0; i < 30; i++) attempts.failed('u');
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => attempts.enter('u')));
  const refused = outcomes.filter((one) => one.status === 'rejected');
  assert.ok(refused.length >= 50 - 1 - Math.ceil(maxWaitMs / maxDelayMs) - 1, String(refused.length));
  assert.ok(waits.every((ms) => ms <= maxWaitMs));
  assert.equal(delayAfter(1000), maxDelayMs);
});

test('a remembered password is right without a turn, a hash without a password never', async () => {
  let entered = 0;
  const counting = { enter: async () => void entered++, failed: () => undefined, succeeded: () => undefined };
  const checker = createPasswordChecker(2, counting);
  const owner = { id: '1', password_hash: await hashPassword('right') };
  assert.equal(await checker.check(owner, 'right', 'k'), true);
  assert.equal(await checker.check(owner, 'right', 'k'), true);
  assert.equal(entered, 1);
  assert.equal(await checker.check({ id: '1', password_hash: await hashPassword('new') }, 'right', 'k'), false);
  assert.equal(await checker.check({ id: '2', password_hash: '' }, '', 'k'), false);
  assert.equal(await checker.check(undefined, 'right', 'k'), false);
});
