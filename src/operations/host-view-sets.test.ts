import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostAddressSet } from '../model/host-objects.ts';
import { SharedSets } from './host-view-sets.ts';
import { admin, openCloud } from './router-testing.ts';

test('a set is built once for each state, however many hosts look at it', async () => {
  const cloud = await openCloud();
  try {
    const sets = new SharedSets();
    let built = 0;
    const build = async (): Promise<HostAddressSet> => {
      built += 1;
      return { kind: 'address_set', id: 'set', ipv4: [`10.0.0.${built}`], ipv6: [] };
    };
    const look = () => cloud.read((r) => sets.get(r, 'set', build));
    const [one, other] = await Promise.all([look(), look()]);
    assert.equal(one, other);
    assert.equal(built, 1);
    await cloud.act(admin, async (c) => c.t.wake(['address_set/set']));
    assert.deepEqual((await look()).ipv4, ['10.0.0.2']);
    await cloud.read(async (r) => {
      await r.head();
      await cloud.act(admin, async (c) => c.t.wake(['address_set/set']));
      assert.deepEqual((await look()).ipv4, ['10.0.0.3']);
      assert.deepEqual(
        (await sets.get(r, 'set', build)).ipv4,
        ['10.0.0.4'],
        'an older state is not given the newer set',
      );
    });
    assert.deepEqual((await look()).ipv4, ['10.0.0.3'], 'nor the newer one the older set');
  } finally {
    await cloud.close();
  }
});
