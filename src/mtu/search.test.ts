import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findLargest, type Send } from './search.ts';
import type { Sent } from './world.ts';

/** A way that carries `carries`, says so or not, behind a device of the sender; counts what is sent. */
function way(carries: number, device: number, tells: boolean): { send: Send; count: () => number } {
  let count = 0;
  const send: Send = async (bytes): Promise<Sent> => {
    count += 1;
    if (bytes > device) return { outcome: 'refused', mtu: device, by: null };
    if (bytes <= carries) return { outcome: 'passed' };
    return tells ? { outcome: 'refused', mtu: carries, by: '10.0.0.1' } : { outcome: 'lost' };
  };
  return { send, count: () => count };
}

test('a healthy way costs three packets', async () => {
  const { send, count } = way(1450, 1450, true);
  assert.deepEqual(await findLargest(send, 1450, 1450), {
    largest: 1450,
    above: { bytes: 1451, sent: { outcome: 'refused', mtu: 1450, by: null } },
    full: null,
  });
  assert.equal(count(), 3);
});

test('what a refusal says is tried first', async () => {
  const { send, count } = way(1400, 1450, true);
  const found = await findLargest(send, 1450, 1450);
  assert.deepEqual([found.largest, found.above?.bytes, count()], [1400, 1401, 4]);
});

test('a sender whose device is larger than its network: its own full packet is looked at', async () => {
  const { send } = way(1454, 1500, false);
  const found = await findLargest(send, 1450, 1500);
  assert.deepEqual(found, {
    largest: 1454,
    above: { bytes: 1455, sent: { outcome: 'lost' } },
    full: { bytes: 1500, sent: { outcome: 'lost' } },
  });
});

test('where not even a small packet is answered, nothing else is sent', async () => {
  const { send, count } = way(50, 1450, false);
  const found = await findLargest(send, 1450, 1450);
  assert.deepEqual([found.largest, found.above?.sent.outcome, count()], [null, 'lost', 4]);
});

test('a packet that is lost now and then is sent again', async () => {
  const { send } = way(1450, 1450, true);
  let turn = 0;
  const found = await findLargest(async (bytes) => (++turn % 2 === 1 ? { outcome: 'lost' } : send(bytes)), 1450, 1450);
  assert.equal(found.largest, 1450);
});

test('any way: the largest is found, in a bounded number of packets, whoever tells or lies', async () => {
  const size = fc.integer({ min: 100, max: 9000 });
  await fc.assert(
    fc.asyncProperty(
      size,
      size,
      size,
      fc.constantFrom('tells', 'silent', 'lies'),
      async (carries, device, expected, kind) => {
        const { send, count } = way(carries, device, kind === 'tells');
        const lying: Send = async (bytes) => {
          const sent = await send(bytes);
          return sent.outcome === 'lost' && kind === 'lies' ? { outcome: 'refused', mtu: bytes - 1, by: 'x' } : sent;
        };
        const found = await findLargest(lying, expected, Math.max(device, expected));
        const most = Math.min(carries, device);
        // What fits more than was asked for is searched as far as the sender's device goes.
        assert.equal(found.largest, most);
        if (found.above) assert.equal(found.above.bytes, most + 1);
        assert.ok(count() <= 40, `${count()} packets`);
      },
    ),
  );
});
