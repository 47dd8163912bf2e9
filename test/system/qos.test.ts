import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bandwidthLimitRule, dscpMarkingRule, qosPolicy } from '../../src/model/index.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const datagrams = 2000;
const bytes = 1200;

// As fast as it can; what the queue of the way does not take is lost, and nobody waits.
const blast = `
const [host, count, size] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
let left = Number(count);
const next = () => left-- > 0 ? socket.send(Buffer.alloc(Number(size)), 9, host, next) : socket.close();
next();
`;

describe('the quality of service of a port', { skip, timeout: 240_000 }, () => {
  let c: SmallCloud;
  let one: Instance;
  let two: Instance;

  before(async () => {
    const plugins = '[DEFAULT]\nservice_plugins = router,port_forwarding,qos\n';
    c = await startSmallCloud({ files: { 'neutron.conf': plugins } });
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
  const queues = (who: Instance) => who.host.run(['tc', 'qdisc', 'show']).then(({ stdout }) => stdout);
  const noQueue = (who: Instance) => eventually('no queue is left', async () => !/tbf|ingress/.test(await queues(who)));

  for (const direction of ['ingress', 'egress'] as const)
    test(`a limit of ${direction} lets a part through, a changed one another, and none all`, async () => {
      assert.ok((await passes(one, two)) > 0.9, 'without a limit');
      const id = await policy(direction);
      const limits = c.api.of(bandwidthLimitRule, id);
      const rule = await limits.create({ max_kbps: 5000, max_burst_kbps: 400, direction });
      const limited = direction === 'ingress' ? two : one;
      await c.api.ports.update(limited.port.id, { qos_policy_id: id });
      await eventually('the queue is there', async () => /tbf.*rate 5Mbit/.test(await queues(limited)));
      const slow = await passes(one, two);
      assert.ok(slow > 0.01 && slow < 0.5, `with 5 Mbit/s ${slow} arrives`);
      assert.ok((await passes(two, one)) > 0.9, 'the other direction is free');
      await limits.update(rule.id, { max_kbps: 5_000_000, max_burst_kbps: 5_000_000 });
      await eventually('the queue is fast', async () => /tbf.*rate 5Gbit/.test(await queues(limited)));
      assert.ok((await passes(one, two)) > 0.9, 'with 5 Gbit/s');
      await c.api.ports.update(limited.port.id, { qos_policy_id: null });
      await noQueue(limited);
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
    await eventually('its own policy counts', async () => /rate 1Mbit/.test(await queues(one)));
    await eventually('and its own has no mark', async () => {
      const before = await marked();
      return (await marked()) === before;
    });
    await c.api.ports.remove(one.port.id);
    await noQueue(one);
  });
});
