/**
 * What an MTU promises, with real packets between two hosts and out through the router: what is as large as it says passes, what is one
 * byte larger is refused with the right size, and nothing is fragmented on the way.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LabNetworkType, outside } from '../../../src/lab/cloud.ts';
import type { LabDriver } from '../../../src/lab/ground.ts';
import { type LabHost, patient } from '../../../src/lab/host.ts';
import { eventually, type Instance, type SmallCloud, startSmallCloud } from './small-cloud.ts';

/** One type of network on hosts of one driver. */
export interface MtuCase {
  readonly driver: LabDriver;
  readonly type: LabNetworkType;
  /** What it has to come to on an underlay of 1500. */
  readonly mtu: number;
  /** Why it cannot be tried here, or false. */
  readonly skip: string | false;
}

/** A place that packets are sent from. */
interface Place {
  readonly host: LabHost;
  readonly netns?: string;
}

const at = ({ netns }: Place) => (netns === undefined ? {} : { netns });

/** Sends one packet that must not be fragmented: passed, or the size that is told, or lost. */
async function send(from: Place, to: string, bytes: number): Promise<string> {
  const argv = ['ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', String(bytes - 28), to];
  const { code, stdout, stderr } = await from.host.run(argv, { ...at(from), mayFail: true });
  if (code === 0) return 'passed';
  const text = `${stdout}${stderr}`;
  const told = /From (\S+) .*Frag needed and DF set \(mtu = (\d+)\)/.exec(text);
  if (told) return `refused by ${told[1]}, mtu ${told[2]}`;
  const own = /message too long, mtu[=:] ?(\d+)/.exec(text);
  return own ? `refused here, mtu ${own[1]}` : `lost: ${text}`;
}

/** Fragments that were made or put together, by place. */
async function fragments(places: readonly Place[]): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const place of places) {
    const { stdout } = await place.host.run(['cat', '/proc/net/snmp', '/proc/net/snmp6'], at(place));
    const [names = '', values = ''] = stdout.split('\n').filter((line) => line.startsWith('Ip: '));
    const all = new Map(names.split(' ').map((name, index) => [name, Number(values.split(' ')[index])]));
    const sum = ['ReasmReqds', 'FragCreates'].reduce((total, name) => total + (all.get(name) ?? Number.NaN), 0);
    counted[`${place.host.name} ${place.netns ?? ''}`] = sum;
  }
  return counted;
}

const sink = `
require('net').createServer({ allowHalfOpen: true }, (socket) => {
  let got = 0;
  socket.on('data', (data) => { got += data.length; });
  socket.on('end', () => socket.end(String(got)));
}).listen(7000, () => console.log('ready'));
`;
const source = `
const socket = require('net').connect(7000, process.argv[1]);
socket.on('data', (data) => process.stdout.write(data));
socket.on('end', () => process.exit(0));
socket.end(Buffer.alloc(1000000));
`;

/** The suite for one kind of network. */
export function mtuSuite({ driver, type, mtu, skip }: MtuCase): void {
  describe(`the MTU of a ${type} network by ${driver}`, { skip, timeout: patient(180_000) }, () => {
    let c: SmallCloud;
    let near: Instance;
    let far: Instance;
    let places: Place[];

    before(async () => {
      c = await startSmallCloud({ hosts: 2, driver, type });
      assert.equal(c.inside.mtu, mtu);
      near = await c.boot('near', { on: 0 });
      far = await c.boot('far', { on: 1 });
      for (const { lease } of [near, far]) assert.equal(lease.mtu, mtu);
      const [first, second] = c.cloud.hosts as [LabHost, LabHost];
      const router = { host: first, netns: `qrouter-${c.router.id}` };
      places = [near, far, { host: first }, { host: second }, router, { host: c.cloud.world }];
      await eventually('near reaches far', async () => (await send(near, far.lease.ip, 100)) === 'passed');
      await eventually('far reaches the outside', async () => (await send(far, outside.gateway, 100)) === 'passed');
    });
    after(() => c?.close());

    /** Does something in which no packet may be fragmented. */
    async function unfragmented(work: () => Promise<void>): Promise<void> {
      const before = await fragments(places);
      await work();
      assert.deepEqual(await fragments(places), before);
    }

    test('between instances on two hosts, both ways: full size passes, one byte more is refused', () =>
      unfragmented(async () => {
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const) {
          assert.equal(await send(from, to.lease.ip, mtu), 'passed');
          assert.equal(await send(from, to.lease.ip, mtu + 1), `refused here, mtu ${mtu}`);
        }
      }));

    test('a megabyte by TCP between them', () =>
      unfragmented(async () => {
        const server = far.host.start([process.execPath, '-e', sink], at(far));
        await new Promise((resolve) => server.stdout?.once('data', resolve));
        const sent = await near.host.run([process.execPath, '-e', source, far.lease.ip], at(near));
        assert.equal(sent.stdout, '1000000');
        far.host.kill(server);
      }));

    test('out through the router, from either host: full size passes, one byte more is refused', () =>
      unfragmented(async () => {
        for (const from of [near, far]) {
          assert.equal(await send(from, outside.gateway, mtu), 'passed');
          assert.equal(await send(from, outside.gateway, mtu + 1), `refused here, mtu ${mtu}`);
        }
      }));

    test('in through the router: what is too large for the inside is refused by the router, with the size that passes', () =>
      unfragmented(async () => {
        const world = { host: c.cloud.world };
        const smaller = mtu - 100;
        if (mtu === 1500) await c.api.networks.update(c.inside.id, { mtu: smaller });
        const most = mtu === 1500 ? smaller : mtu;
        const fip = await c.floatingIp(far.port.id);
        await eventually('the world reaches far', async () => (await send(world, fip.address, 100)) === 'passed');
        await eventually('the router has the MTU', async () => {
          const links = await (c.cloud.hosts[0] as LabHost).run(['ip', '-o', 'link'], {
            netns: `qrouter-${c.router.id}`,
          });
          return new RegExp(`qr-\\S+ .* mtu ${most} `).test(links.stdout);
        });
        assert.equal(await send(world, fip.address, most), 'passed');
        // The router speaks in the name of the address that was sent to, as it is the one that translated.
        assert.equal(await send(world, fip.address, most + 1), `refused by ${fip.address}, mtu ${most}`);
      }));

    test('out to a network that carries less: the router refuses, with the size that passes', () =>
      unfragmented(async () => {
        const most = 1280;
        await c.api.networks.update(c.external.id, { mtu: most });
        await eventually('the gateway has the MTU', async () => {
          const links = await (c.cloud.hosts[0] as LabHost).run(['ip', '-o', 'link'], {
            netns: `qrouter-${c.router.id}`,
          });
          return new RegExp(`qg-\\S+ .* mtu ${most} `).test(links.stdout);
        });
        assert.equal(await send(near, outside.gateway, most), 'passed');
        assert.equal(await send(near, outside.gateway, most + 1), `refused by 10.100.0.1, mtu ${most}`);
      }));
  });
}
