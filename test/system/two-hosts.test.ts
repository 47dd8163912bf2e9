/** Two hosts and a network between them: of every type, by every driver that can. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LabNetworkType, outside } from '../../src/lab/cloud.ts';
import type { LabDriver } from '../../src/lab/ground.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { eventually, type Instance, type SmallCloud, skipDriver, startSmallCloud } from './support/small-cloud.ts';

/** The MTU of each type's networks over an underlay of 1500 bytes. */
const mtus = { vxlan: 1450, gre: 1458, geneve: 1450, vlan: 1500, flat: 1500 } as const;

const kinds: readonly { driver: LabDriver; type: LabNetworkType }[] = [
  { driver: 'linuxbridge', type: 'vxlan' },
  { driver: 'linuxbridge', type: 'flat' },
  ...(['vxlan', 'gre', 'geneve', 'vlan', 'flat'] as const).map((type) => ({ driver: 'openvswitch', type }) as const),
];

/** What a host has that leads to the other host for the network's sake, as text. */
async function wayOf(host: LabHost, c: SmallCloud): Promise<string> {
  const argv =
    c.cloud.driver === 'linuxbridge'
      ? ['bridge', 'fdb', 'show', 'dev', `vxlan-${c.inside['provider:segmentation_id']}`]
      : ['ovs-ofctl', '-O', 'OpenFlow14', '--names', '--no-stats', 'dump-flows', 'br-tun'];
  return (await host.run(argv, { mayFail: true })).stdout;
}

for (const { driver, type } of kinds)
  describe(`two hosts, a ${type} network between them, by ${driver}`, {
    skip: skipDriver(driver),
    timeout: 180_000,
  }, () => {
    let c: SmallCloud;
    let near: Instance;
    let far: Instance;
    const tunnelled = ['vxlan', 'gre', 'geneve'].includes(type);

    before(async () => {
      c = await startSmallCloud({ hosts: 2, driver, type });
      [near, far] = await Promise.all([c.boot('near', { on: 0 }), c.boot('far', { on: 1 })]);
    });
    after(() => c?.close());

    test('an instance on the second host gets its lease from the first', () => {
      assert.equal(near.lease.mtu, mtus[type]);
      assert.equal(far.lease.mtu, mtus[type]);
      assert.notEqual(near.lease.ip, far.lease.ip);
    });

    test('instances reach each other, with packets of full size and no larger', async () => {
      const ping = (size: number) =>
        near.host.run(['ping', '-c', '1', '-W', '1', '-M', 'do', '-s', String(size - 28), far.lease.ip], {
          netns: 'near',
          mayFail: true,
        });
      await eventually('full size passes', async () => (await ping(mtus[type])).code === 0);
      assert.notEqual((await ping(mtus[type] + 1)).code, 0);
    });

    test('a forwarded port leads to the instance on the other host', async () => {
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

    const knows = async () => {
      const mac = far.port.mac_address;
      const toTunnel = `dl_dst=${mac} .*output:"${type}-c0000202"`;
      const entry = driver === 'linuxbridge' ? `${mac} dst 192\\.0\\.2\\.2` : toTunnel;
      assert.match(await wayOf(near.host, c), new RegExp(entry));
    };
    if (tunnelled) test('unicast alone: a host knows where the ports on the other are', knows);

    test('the last port of the network on a host gone, nothing leads there any more', async () => {
      await c.api.ports.remove(far.port.id);
      await eventually('the second host has nothing of the network left', async () => {
        if (driver === 'linuxbridge') return !/vxlan-|brq/.test((await far.host.run(['ip', '-br', 'link'])).stdout);
        const ports = (await far.host.run(['ovs-vsctl', 'list-ports', 'br-tun'])).stdout;
        const flows = (await far.host.run(['ovs-ofctl', 'dump-flows', 'br-int'])).stdout;
        return ports.trim() === 'patch-int' && !/mod_vlan_vid/.test(flows);
      });
      const left = new RegExp(driver === 'linuxbridge' ? `${far.port.mac_address} dst` : 'c0000202');
      await eventually('the first host has no entry for it', async () => !left.test(await wayOf(near.host, c)));
    });
  });
