/**
 * What an MTU promises, with real packets between two hosts and out through the router: what is as large as it says passes, what is one
 * byte larger is refused with the right size, and nothing is fragmented on the way.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CloudOptions, outside } from '../../../src/lab/cloud.ts';
import type { LabHost } from '../../../src/lab/host.ts';
import { dhcp, plugInstance } from '../../../src/lab/instance.ts';
import { createBridge, createWire } from '../../../src/lab/wire.ts';
import type { network } from '../../../src/model/index.ts';
import type { Draft } from '../../../src/model/language.ts';
import { eventually, type SmallCloud, startSmallCloud } from './small-cloud.ts';

/** One kind of network on one kind of host. */
export interface MtuCase {
  readonly title: string;
  readonly network: Draft<typeof network>;
  /** What it has to come to on an underlay of 1500. */
  readonly mtu: number;
  readonly cloud?: Partial<CloudOptions>;
  /** Why it cannot be tried here, or false. */
  readonly skip: string | false;
}

/** A second physical network between the hosts, for flat networks and VLANs. */
export const physical = 'physnet1';
const bridge = 'br-phys';
const agentFiles = {
  'bridges.ini': `[linux_bridge]\nbridge_mappings = public:br-ex,${physical}:${bridge}\n`,
};

async function joinPhysical(hosts: readonly LabHost[]): Promise<void> {
  const [first, second] = hosts as [LabHost, LabHost];
  for (const host of hosts) await createBridge(host, bridge);
  await createWire({ host: first, device: 'phys0', bridge }, { host: second, device: 'phys0', bridge });
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
export function mtuSuite(one: MtuCase): void {
  describe(`the MTU of ${one.title}`, { skip: one.skip, timeout: 180_000 }, () => {
    let c: SmallCloud;
    let near: Place & { ip: string; port: string };
    let far: Place & { ip: string; port: string };
    let places: Place[];

    before(async () => {
      c = await startSmallCloud({ hosts: 2, agentFiles, ...one.cloud });
      await joinPhysical(c.cloud.hosts);
      const inside = await c.api.networks.create(one.network);
      assert.equal(inside.mtu, one.mtu);
      const v4 = { ip_version: 4, cidr: '10.77.0.0/24', network_id: inside.id } as const;
      const subnet = await c.api.subnets.create(v4);
      await c.api.routers.action(c.router.id, 'add_router_interface', { subnet_id: subnet.id });
      const boot = async (name: string, on: number) => {
        const host = c.cloud.hosts[on] as LabHost;
        const binding = { 'binding:host_id': host.name, device_owner: 'compute:nova', device_id: name };
        const draft = { name, network_id: inside.id, security_groups: [c.open.id], ...binding };
        const port = await c.api.ports.create(draft);
        await plugInstance(host, name, port, { mtu: inside.mtu });
        const lease = await dhcp(host, name, 20);
        assert.ok(lease, `${name} got an address`);
        assert.equal(lease.mtu, one.mtu);
        return { host, netns: name, ip: lease.ip, port: port.id };
      };
      near = await boot('near', 0);
      far = await boot('far', 1);
      const [first, second] = c.cloud.hosts as [LabHost, LabHost];
      const router = { host: first, netns: `qrouter-${c.router.id}` };
      places = [near, far, { host: first }, { host: second }, router, { host: c.cloud.world }];
      await eventually('near reaches far', async () => (await send(near, far.ip, 100)) === 'passed');
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
          assert.equal(await send(from, to.ip, one.mtu), 'passed');
          assert.equal(await send(from, to.ip, one.mtu + 1), `refused here, mtu ${one.mtu}`);
        }
      }));

    test('a megabyte by TCP between them', () =>
      unfragmented(async () => {
        const server = far.host.start([process.execPath, '-e', sink], at(far));
        await new Promise((resolve) => server.stdout?.once('data', resolve));
        const sent = await near.host.run([process.execPath, '-e', source, far.ip], at(near));
        assert.equal(sent.stdout, '1000000');
        far.host.kill(server);
      }));

    test('out through the router, from either host: full size passes, one byte more is refused', () =>
      unfragmented(async () => {
        for (const from of [near, far]) {
          assert.equal(await send(from, outside.gateway, one.mtu), 'passed');
          assert.equal(await send(from, outside.gateway, one.mtu + 1), `refused here, mtu ${one.mtu}`);
        }
      }));

    test('in through the router: what is too large for the inside is refused by the router, with the size that passes', () =>
      unfragmented(async () => {
        const world = { host: c.cloud.world };
        const smaller = one.mtu - 100;
        if (one.mtu === 1500)
          await c.api.networks.update((await c.api.ports.show(far.port)).network_id, { mtu: smaller });
        const most = one.mtu === 1500 ? smaller : one.mtu;
        const fip = await c.floatingIp(far.port);
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
        assert.equal(await send(near, outside.gateway, most + 1), `refused by 10.77.0.1, mtu ${most}`);
      }));
  });
}
