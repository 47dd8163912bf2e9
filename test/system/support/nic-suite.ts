/** What a move keeps to, whichever switch the bridge belongs to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createNicWorld, type NicWorld, startPing, startStream } from './nic-world.ts';
import { skip } from './small-cloud.ts';

/** Pings that may be lost: a second's worth. */
const mayBeLost = 100;

const answer = (outcome: { stdout: string; stderr: string }) => {
  assert.notEqual(outcome.stdout, '', outcome.stderr);
  return JSON.parse(outcome.stdout);
};

async function inWorld(driver: 'linuxbridge' | 'ovs', work: (world: NicWorld) => Promise<void>): Promise<void> {
  const world = await createNicWorld({ ovs: driver === 'ovs' });
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

/** Traffic from outside while `work` is done: what of it got lost. */
async function underTraffic(world: NicWorld, work: () => Promise<void>) {
  const four = startPing(world.outside, '192.0.2.2');
  const six = startPing(world.outside, '2001:db8::2');
  const stream = await startStream(world, '192.0.2.2');
  await work();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [lostFour, lostSix, bytes] = [await four.end(), await six.end(), await stream.end()];
  assert.ok(lostFour.sent > 20 && lostFour.lost <= mayBeLost, `IPv4: ${JSON.stringify(lostFour)}`);
  assert.ok(lostSix.sent > 20 && lostSix.lost <= mayBeLost, `IPv6: ${JSON.stringify(lostSix)}`);
  assert.ok(bytes.back > 0 && bytes.worst < 1000, JSON.stringify(bytes));
}

/** Declares the tests for a driver. */
export function nicMoveTests(driver: 'linuxbridge' | 'ovs'): void {
  describe(`one NIC into its bridge: ${driver}`, { skip, timeout: 180_000 }, () => {
    const adopt = (world: NicWorld, ...more: string[]) =>
      world.nic('adopt', 'ens0', '--bridge', 'br-ex', '--driver', driver, ...world.datapath, '--json', ...more);

    test('an adoption under traffic, taken back: not a byte differs', () =>
      inWorld(driver, async (world) => {
        const before = await world.text();
        await underTraffic(world, async () => {
          assert.equal(answer(await adopt(world)).outcome, 'trial');
          assert.match(await world.text(), /default via 192\.0\.2\.1 dev br-ex metric 100/);
          assert.equal(answer(await world.nic('rollback', '--json')).outcome, 'undone');
        });
        assert.equal(await world.text(), before);
      }));

    test('an adoption under traffic, confirmed, then released: the NIC is bare in between', () =>
      inWorld(driver, async (world) => {
        const before = await world.text();
        await underTraffic(world, async () => {
          assert.equal(answer(await adopt(world)).outcome, 'trial');
          assert.equal(answer(await world.nic('confirm', '--json')).outcome, 'confirmed');
        });
        const { stdout } = await world.host.run(['ip', '-j', 'addr', 'show', 'dev', 'ens0']);
        assert.deepEqual(JSON.parse(stdout)[0].addr_info, []);
        assert.equal(answer(await adopt(world)).outcome, 'already');
        await underTraffic(world, async () => {
          assert.equal(answer(await world.nic('release', 'br-ex', '--yes', '--json')).outcome, 'confirmed');
        });
        assert.doesNotMatch(await world.text(), /br-ex/);
        const addresses = (text: string) =>
          text
            .split('\n')
            .filter((line) => /^ +inet6? /.test(line))
            .sort();
        assert.deepEqual(addresses(await world.text()), addresses(before));
      }));

    test('nobody confirms: all is put back by itself', () =>
      inWorld(driver, async (world) => {
        const before = await world.text();
        assert.equal(answer(await adopt(world, '--timeout', '2')).outcome, 'trial');
        assert.equal((await world.settled()).reason?.code, 'not-confirmed');
        assert.equal(await world.text(), before);
      }));

    test('every check that fails takes it back', () =>
      inWorld(driver, async (world) => {
        const before = await world.text();
        const refused = answer(await adopt(world, '--yes', '--check-tcp', '192.0.2.1:9'));
        assert.deepEqual([refused.outcome, refused.reason.code], ['undone', 'tcp-silent']);
        assert.equal(await world.text(), before);
        // The gateway falls silent once the bridge is there.
        const silence = world.silenceWhen('br-ex');
        const unanswered = answer(await adopt(world, '--yes'));
        assert.deepEqual([unanswered.outcome, unanswered.reason.code], ['undone', 'gateway-silent']);
        await (await silence).lift();
        assert.equal(await world.text(), before);
      }));
  });
}
