/** A network's MTU changes while packets pass: it reaches every device, and not one is lost. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { outside } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { dhcp } from '../../src/lab/instance.ts';
import { attach } from './support/attach.ts';
import { eventually, type Instance, type SmallCloud, skipDriver, startSmallCloud } from './support/small-cloud.ts';

interface Link {
  readonly ifname: string;
  readonly mtu: number;
}

/** What has to be among the devices, by driver: the switch of Open vSwitch has no MTU of its own. */
const kinds = {
  linuxbridge: ['host1 brq', 'host1 vxlan-', 'host1 tap', 'host2 brq', 'host2 vxlan-', 'host2 tap'],
  openvswitch: ['host1 tap', 'host2 tap'],
} as const;

for (const driver of ['linuxbridge', 'openvswitch'] as const)
  describe(`the MTU of a network changes, ${driver}`, { skip: skipDriver(driver), timeout: 180_000 }, () => {
    let c: SmallCloud;
    let near: Instance;
    let far: Instance;

    before(async () => {
      c = await startSmallCloud({ hosts: 2, driver });
      near = await attach(c, 'near', 0);
      far = await attach(c, 'far', 1);
    });
    after(() => c?.close());

    const linksOf = async (host: LabHost, netns?: string): Promise<Link[]> =>
      JSON.parse((await host.run(['ip', '-j', 'link'], netns ? { netns } : {})).stdout);

    /** The MTUs of all devices of the network, by where they are; br-ex and what belongs to the outside are none of it. */
    async function mtus(): Promise<Record<string, number>> {
      const { external } = c;
      const outer = (await c.api.ports.list({ network_id: external.id })).map(({ id }) => id.slice(0, 11));
      const places: [string, LabHost, string?][] = [
        ['host1', near.host],
        ['host2', far.host],
        ['near', near.host, 'near'],
        ['far', far.host, 'far'],
        ['dhcp', near.host, `qdhcp-${c.inside.id}`],
        ['router', near.host, `qrouter-${c.router.id}`],
      ];
      const found: Record<string, number> = {};
      for (const [place, host, netns] of places)
        for (const { ifname, mtu } of await linksOf(host, netns))
          if (/^(tap|brq|vxlan|eth0$|ns-|qr-|qg-)/.test(ifname) && !outer.some((id) => ifname.endsWith(id)))
            if (!(ifname === 'eth0' && !netns)) found[`${place} ${ifname}`] = mtu;
      return found;
    }

    /** Pings without a pause, as large as the smaller MTU allows, until it is told to end. */
    function pinging(target: string) {
      const size = String(1300 - 28);
      const child = near.host.start(['ping', '-i', '0.005', '-M', 'do', '-s', size, target], { netns: 'near' });
      let text = '';
      child.stdout?.on('data', (data) => {
        text += data;
      });
      return async () => {
        near.host.kill(child, 'SIGINT');
        await new Promise((resolve) => child.once('close', resolve));
        const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
        return { sent: Number(sent), received: Number(received), text: text.slice(-2000) };
      };
    }

    for (const mtu of [1300, 1450])
      test(`to ${mtu}: on every device of both hosts, and no packet is lost`, async () => {
        const pings = [pinging(far.lease.ip), pinging(outside.far)];
        await new Promise((resolve) => setTimeout(resolve, 300));
        await c.api.networks.update(c.inside.id, { mtu });
        await eventually(`every device has ${mtu}`, async () =>
          Object.values(await mtus()).every((one) => one === mtu),
        );
        const all = Object.keys(await mtus());
        for (const kind of [...kinds[driver], 'near eth0', 'far eth0', 'dhcp ns-', 'router qr-'])
          assert.ok(
            all.some((name) => name.startsWith(kind)),
            `${kind} of ${all}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 300));
        for (const end of pings) {
          const { sent, received, text } = await end();
          // The last one may be under way when the ping is ended.
          assert.ok(sent > 50 && sent - received <= 1, `${received} of ${sent} came back: ${text}`);
        }
        const lease = await eventually('DHCP tells the new MTU', async () => {
          const again = await dhcp(near.host, 'near', 5);
          return again?.mtu === mtu && again;
        });
        assert.equal(lease.ip, near.lease.ip);
      });
  });
