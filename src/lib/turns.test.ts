import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Turns } from './turns.ts';

const refusal = () => new Error('refused');
const closed = () => new Error('closed');
const settle = () => new Promise((resume) => setImmediate(resume));

test('never more than the turns at a time, and first come, first served', async () => {
  const works = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), works, async (limit, lengths) => {
      const turns = new Turns({ turns: limit, waiting: 100, waitMs: 10_000, refusal });
      const begun: number[] = [];
      let at = 0;
      let most = 0;
      const work = async (index: number, length: number) => {
        await turns.take();
        begun.push(index);
        most = Math.max(most, ++at);
        for (let step = 0; step < length; step++) await settle();
        at--;
        turns.end();
      };
      await Promise.all(lengths.map((length, index) => work(index, length)));
      assert.deepEqual(
        begun,
        lengths.map((_, index) => index),
      );
      assert.equal(most, Math.min(limit, lengths.length));
      await turns.close(closed);
    }),
    { numRuns: 50 },
  );
});

test('a turn is tried for without waiting', async () => {
  const turns = new Turns({ turns: 1, waiting: 1, waitMs: 10_000, refusal });
  assert.equal(turns.tryTake(), true);
  assert.equal(turns.tryTake(), false);
  const next = turns.take();
  turns.end();
  await next;
  assert.equal(turns.tryTake(), false, 'the one that waited has it');
  turns.end();
  assert.equal(turns.tryTake(), true);
});

test('too many that wait, and waits that are too long, are refused', async () => {
  const turns = new Turns({ turns: 1, waiting: 1, waitMs: 1, refusal });
  await turns.take();
  const waits = turns.take();
  await assert.rejects(turns.take(), refusal());
  await assert.rejects(waits, refusal());
  turns.end();
  assert.equal(turns.tryTake(), true, 'no turn is lost to one that was refused');
});

test('a close refuses who waits and who comes, and waits for who has a turn', async () => {
  const turns = new Turns({ turns: 1, waiting: 1, waitMs: 10_000, refusal });
  await turns.take();
  const waits = turns.take();
  let isClosed = false;
  const closing = turns.close(closed).then(() => {
    isClosed = true;
  });
  await assert.rejects(waits, closed());
  await assert.rejects(turns.take(), closed());
  await settle();
  assert.equal(isClosed, false);
  turns.end();
  await closing;
});
