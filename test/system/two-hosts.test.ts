import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { outside } from '../../src/lab/cloud.ts';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

describe('two hosts, a VXLAN network between them', { skip, timeout: 180_000 }, () => {
  let c: SmallCloud;
  let near: Instance;
  let far: Instance;

  before(async () => {
    c = await startSmallCloud({ hosts: 2 });
    near = await c.boot('near', { on: 0 });
    far = await c.boot('far', { on: 1 });
  });
  after(() => c?.close());

  test('an instance on the second host gets its lease over the tunnel', () => {
    assert.equal(near.lease.mtu, 1450);
    assert.equal(far.lease.mtu, 1450);
    assert.notEqual(near.lease.ip, far.lease.ip);
  });

  test('instances reach each other over the tunnel, with packets of full size and no larger', async () => {
    const ping = (size: number) =>
      near.host.run(['ping', '-c', '1', '-W', '1', '-M', 'do', '-s', String(size - 28), far.lease.ip], {
        netns: 'near',
        mayFail: true,
      });
    await eventually('full size passes', async () => (await ping(1450)).code === 0);
    assert.notEqual((await ping(1451)).code, 0);
  });

  test('unicast alone: each host has a forwarding entry for the other side and floods to no one else', async () => {
    const vni = c.inside['provider:segmentation_id'];
    const fdb = await near.host.run(['bridge', 'fdb', 'show', 'dev', `vxlan-${vni}`]);
    assert.match(fdb.stdout, new RegExp(`${far.port.mac_address} dst 192\\.0\\.2\\.2`));
  });

  test('a forwarded port leads to the instance on the other host, and follows when the instance goes', async () => {
    await serve(far.host, 'far', { tcp: [8080] }, 'far');
    const fip = await c.floatingIp();
    const inner = { internal_ip_address: far.lease.ip, internal_port_id: far.port.id, protocol: 'tcp' } as const;
    await c.api.portForwardings(fip.id).create({ ...inner, internal_port: 8080, external_port: 9000 });
    const page = await eventually('the forwarded port answers', async () => {
      const answer = await fetchPage(c.cloud.world, fip.address, 9000, { ms: 1000 });
      return answer.reached && answer.text;
    });
    assert.equal(page, `hello from far port 8080 to ${outside.gateway}\n`);
  });

  test('the last port of the network on a host gone, the host has nothing of the network left', async () => {
    const vni = c.inside['provider:segmentation_id'];
    await c.api.ports.remove(far.port.id);
    await eventually('the tunnel device of the second host is gone', async () => {
      const links = await far.host.run(['ip', '-br', 'link']);
      return !links.stdout.includes(`vxlan-${vni}`) && !links.stdout.includes('brq');
    });
    // What the bridge has learned by itself ages; an entry with `dst` is the tunnel's.
    const tunnelled = new RegExp(`${far.port.mac_address} dst`);
    await eventually('the first host has no entry for it', async () => {
      const fdb = await near.host.run(['bridge', 'fdb', 'show', 'dev', `vxlan-${vni}`]);
      return !tunnelled.test(fdb.stdout);
    });
  });
});
