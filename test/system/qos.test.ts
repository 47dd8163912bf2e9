import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LabDriver } from '../../src/lab/ground.ts';
import { noOvs } from '../../src/lab/ovs.ts';
import { bandwidthLimitRule, dscpMarkingRule, qosPolicy } from '../../src/model/index.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const datagrams = 500;
const bytes = 1200;

// Some at a time, so that no buffer on a free way overflows; what a limited way does not take is lost, and nobody waits.
const blast = `
const [host, count, size] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
let left = Number(count);
const next = () => {
  for (let i = 0; i < 5 && left > 0; i++, left--) socket.send(Buffer.alloc(Number(size)), 9, host);
  setTimeout(left > 0 ? next : () => socket.close(), 5);
};
next();
`;

const missing = noOvs();
for (const driver of ['linuxbridge', 'openvswitch'] as const) {
  const unable = skip || (driver === 'openvswitch' && missing) || false;
  describe(`the quality of service of a port: ${driver}`, { skip: unable, timeout: 240_000 }, () => suite(driver));
}

function suite(driver: LabDriver): void {
  let c: SmallCloud;
  let one: Instance;
  let two: Instance;

  before(async () => {
    const plugins = '[DEFAULT]\nservice_plugins = router,port_forwarding,qos\n';
    c = await startSmallCloud({ driver, files: { 'neutron.conf': plugins } });
    one = await c.boot('one');
    two = await c.boot('two');
  });
  after(() => c?.close());

  const inside = async (who: Instance, ...argv: string[]) =>
    (await who.host.run(argv, { netns: who.netns, mayFail: true, timeoutMs: 30_000 })).stdout;
  const received = async (who: Instance) => {
    const [device] = JSON.parse(await inside(who, 'ip', '-j', '-s', 'link', 'show', 'eth0'));
    return device.stats64.rx.bytes as number;
  };

  /** Which part of what `from` sends at once arrives at `to`. */
  async function passes(from: Instance, to: Instance): Promise<number> {
    await inside(from, 'ping', '-c1', '-W1', to.lease.ip);
    const start = await received(to);
    await inside(from, process.execPath, '-e', blast, to.lease.ip, String(datagrams), String(bytes));
    let now = await received(to);
    for (let last = -1; last !== now; now = await received(to)) last = now;
    return (now - start) / (datagrams * bytes);
  }

  async function policy(name: string): Promise<string> {
    return (await c.api.of(qosPolicy).create({ name })).id;
  }
  /** Queues and meters, as text: `rate 256Kbit`, `rate=256`. */
  const limits = async (who: Instance) => {
    const show = 'tc qdisc show; ovs-ofctl -O OpenFlow14 dump-meters br-int';
    return (await who.host.run(['sh', '-c', show], { mayFail: true })).stdout;
  };
  const noLimit = (who: Instance) =>
    eventually('no limit is left', async () => !/tbf|ingress|meter=/.test(await limits(who)));

  for (const direction of ['ingress', 'egress'] as const)
    test(`a limit of ${direction} lets a part through, a changed one another, and none all`, async () => {
      assert.ok((await passes(one, two)) > 0.9, 'without a limit');
      const id = await policy(direction);
      const rules = c.api.of(bandwidthLimitRule, id);
      const rule = await rules.create({ max_kbps: 256, max_burst_kbps: 160, direction });
      const limited = direction === 'ingress' ? two : one;
      await c.api.ports.update(limited.port.id, { qos_policy_id: id });
      await eventually('the limit is there', async () => /rate 256Kbit|rate=256 /.test(await limits(limited)));
      const slow = await passes(one, two);
      assert.ok(slow > 0.01 && slow < 0.5, `with 256 kbit/s ${slow} arrives`);
      assert.ok((await passes(two, one)) > 0.9, 'the other direction is free');
      await rules.update(rule.id, { max_kbps: 512_000, max_burst_kbps: 512_000 });
      await eventually('the limit is high', async () => /rate 512Mbit|rate=512000 /.test(await limits(limited)));
      assert.ok((await passes(one, two)) > 0.9, 'with 512 Mbit/s');
      await c.api.ports.update(limited.port.id, { qos_policy_id: null });
      await noLimit(limited);
    });

  test('the policy of a network counts for ports that have none; a mark arrives', async () => {
    const id = await policy('marked');
    await c.api.of(dscpMarkingRule, id).create({ dscp_mark: 26 });
    const counter = ['table inet q {', 'chain in {', 'type filter hook input priority 0;'];
    await two.host.run(['nft', '-f', '-'], {
      netns: two.netns,
      input: `${[...counter, 'icmp type echo-request ip dscp af31 counter', '}', '}'].join('\n')}\n`,
    });
    const marked = async () => {
      await inside(one, 'ping', '-c1', '-W1', two.lease.ip);
      return Number(/packets (\d+)/.exec(await inside(two, 'nft', 'list', 'table', 'inet', 'q'))?.[1]);
    };
    assert.equal(await marked(), 0);
    await c.api.networks.update(c.inside.id, { qos_policy_id: id });
    await eventually('the mark arrives', async () => (await marked()) > 0);
    const own = await policy('own');
    await c.api.of(bandwidthLimitRule, own).create({ max_kbps: 1000, max_burst_kbps: 0, direction: 'ingress' });
    await c.api.ports.update(one.port.id, { qos_policy_id: own });
    await eventually('its own policy counts', async () => /rate 1Mbit/.test(await limits(one)));
    await eventually('and its own has no mark', async () => {
      const before = await marked();
      return (await marked()) === before;
    });
    await c.api.ports.remove(one.port.id);
    await noLimit(one);
  });
}
