import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { outside } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { bandwidthLimitRule, qosPolicy } from '../../src/model/index.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const datagrams = 2000;
const bytes = 1200;

// As fast as it can; what a limit drops is lost, and nobody waits.
const blast = `
const [host, count, size] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
let left = Number(count);
const next = () => left-- > 0 ? socket.send(Buffer.alloc(Number(size)), 9, host, next) : socket.close();
next();
`;

interface End {
  readonly host: LabHost;
  readonly netns?: string;
  readonly device: string;
}

describe('the quality of service of floating IPs and gateways', { skip, timeout: 240_000 }, () => {
  let c: SmallCloud;
  let inst: Instance;
  let plain: Instance;
  let fip: { id: string; address: string };
  const world = (): End => ({ host: c.cloud.world, device: 'uplink' });
  const end = ({ host, netns }: Instance): End => ({ host, netns, device: 'eth0' });

  before(async () => {
    const plugins = '[DEFAULT]\nservice_plugins = router,port_forwarding,qos\n';
    c = await startSmallCloud({ files: { 'neutron.conf': plugins } });
    [inst, plain] = await Promise.all([c.boot('inst'), c.boot('plain')]);
    fip = await c.floatingIp(inst.port.id);
    await eventually('the floating IP leads in', async () => {
      return (await c.cloud.world.run(['ping', '-c1', '-W1', fip.address], { mayFail: true })).code === 0;
    });
  });
  after(() => c?.close());

  const on = async ({ host, netns }: End, ...argv: string[]) =>
    (await host.run(argv, { ...(netns ? { netns } : {}), mayFail: true, timeoutMs: 30_000 })).stdout;
  const received = async (who: End) => {
    const [device] = JSON.parse(await on(who, 'ip', '-j', '-s', 'link', 'show', who.device));
    return device.stats64.rx.bytes as number;
  };

  /** Which part of what `from` sends to an address at once arrives at `to`. */
  async function passes(from: End, to: End, address: string): Promise<number> {
    const start = await received(to);
    await on(from, process.execPath, '-e', blast, address, String(datagrams), String(bytes));
    let now = await received(to);
    for (let last = -1; last !== now; now = await received(to)) last = now;
    return (now - start) / (datagrams * bytes);
  }

  const router = () => ({ netns: `qrouter-${c.router.id}` });
  const limits = async () =>
    (await inst.host.run(['nft', 'list', 'table', 'inet', 'neutrino-qos'], { ...router(), mayFail: true })).stdout;

  async function policy(name: string, direction: 'ingress' | 'egress') {
    const { id } = await c.api.of(qosPolicy).create({ name });
    const rule = { max_kbps: 5000, max_burst_kbps: 400, direction } as const;
    return { id, rule: await c.api.of(bandwidthLimitRule, id).create(rule) };
  }

  for (const direction of ['ingress', 'egress'] as const)
    test(`a floating IP with a limit of ${direction} lets a part through, and its neighbours all`, async () => {
      const [from, to, address] =
        direction === 'ingress' ? [world(), end(inst), fip.address] : [end(inst), world(), outside.far];
      assert.ok((await passes(from, to, address)) > 0.9, 'without a limit');
      const { id, rule } = await policy(direction, direction);
      await c.api.floatingIps.update(fip.id, { qos_policy_id: id });
      await eventually('the limit is there', async () => (await limits()).includes(`${fip.address} limit`));
      const slow = await passes(from, to, address);
      assert.ok(slow > 0.005 && slow < 0.5, `with 5 Mbit/s ${slow} arrives`);
      if (direction === 'egress') assert.ok((await passes(end(plain), world(), outside.far)) > 0.9, 'others are free');
      await c.api.of(bandwidthLimitRule, id).update(rule.id, { max_kbps: 5_000_000, max_burst_kbps: 5_000_000 });
      await eventually('it is fast', async () => (await limits()).includes('rate over 625000000 bytes/second'));
      assert.ok((await passes(from, to, address)) > 0.9, 'with 5 Gbit/s');
      await c.api.floatingIps.update(fip.id, { qos_policy_id: null });
      await eventually('no limit is left', async () => (await limits()) === '');
    });

  test('the policy of a gateway limits those who hide behind it, and no floating IP', async () => {
    const { id } = await policy('gateway', 'egress');
    const network_id = c.external.id;
    const give = (qos_policy_id: string | null) =>
      c.api.routers.update(c.router.id, {
        external_gateway_info: { network_id, qos_policy_id },
      } as Parameters<typeof c.api.routers.update>[1]);
    await give(id);
    await eventually('the limit is there', async () => (await limits()).includes(' limit rate over'));
    const slow = await passes(end(plain), world(), outside.far);
    assert.ok(slow > 0.005 && slow < 0.5, `with 5 Mbit/s ${slow} arrives`);
    assert.ok((await passes(end(inst), world(), outside.far)) > 0.9, 'the floating IP is free');
    await give(null);
    await eventually('no limit is left', async () => (await limits()) === '');
  });

  test('the policy of the external network counts where there is no other', async () => {
    const { id } = await policy('network', 'ingress');
    await c.api.networks.update(c.external.id, { qos_policy_id: id });
    await eventually('the limit is there', async () => (await limits()).includes(`${fip.address} limit`));
    const slow = await passes(world(), end(inst), fip.address);
    assert.ok(slow > 0.005 && slow < 0.5, `with 5 Mbit/s ${slow} arrives`);
    await c.api.networks.update(c.external.id, { qos_policy_id: null });
    await eventually('no limit is left', async () => (await limits()) === '');
  });
});
