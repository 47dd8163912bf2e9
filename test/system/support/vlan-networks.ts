/** VLAN networks between two hosts. Run here or in a guest, as vlan-networks.test.ts decides. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { patient } from '../../../src/lab/host.ts';
import { type PhysicalCloud, startPhysicalCloud } from './physical-cloud.ts';
import { eventually, skip } from './small-cloud.ts';

describe('VLAN networks', { skip, timeout: patient(120_000) }, () => {
  let c: PhysicalCloud;
  before(async () => {
    c = await startPhysicalCloud();
  });
  after(() => c?.close());

  test('VLAN by an interface: leases and packets of 1500 bytes over the tagged wire, nothing left after', async () => {
    const two = await c.twoInstances('left', { type: 'vlan', physical: 'left', id: 105 });
    assert.equal(two.far.lease.mtu, 1500);
    await eventually('packets of full size pass', async () => (await c.ping(two, 1500)).code === 0);
    assert.match(await c.links(0), /phys0\.105@phys0:.* master brq.* vlan protocol 802\.1Q id 105/);
    const capture = two.far.host.run(['timeout', '20', 'tcpdump', '-c', '1', '-enlU', '-i', 'phys0', 'icmp or vlan']);
    await eventually('the frame on the wire is seen', async () => {
      await c.ping(two, 100);
      return Promise.race([capture.then(() => true), new Promise<false>((wake) => setTimeout(() => wake(false), 200))]);
    });
    assert.match((await capture).stdout, /vlan 105/);
    await two.remove();
    for (const index of [0, 1])
      await eventually('the VLAN device is gone', async () => !/phys0\.105|brq/.test(await c.links(index)));
    assert.match(await c.links(0), /phys0@\S+ <[^>]*UP/);
  });

  test('VLAN by a bridge: a device on the bridge, which others go on using', async () => {
    const two = await c.twoInstances('right', { type: 'vlan', physical: 'right', id: 106 });
    await eventually('packets of full size pass', async () => (await c.ping(two, 1500)).code === 0);
    assert.match(await c.links(0), /br-right\.106@br-right:/);
    await two.remove();
    await eventually('the VLAN device is gone', async () => !(await c.links(0)).includes('br-right.106'));
    assert.match(await c.links(0), /trunk@\S+ .* master br-right/);
  });
});
