import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNicWorld, type NicWorld, startPing } from './support/nic-world.ts';
import { skip } from './support/small-cloud.ts';

/** What udhcpc calls: it changes addresses and routes as a distribution's script does, and leaves resolv.conf alone. */
const script = `#!/bin/sh
case "$1" in
deconfig) ip link set "$interface" up; ip -4 addr flush dev "$interface" ;;
bound|renew) ip -4 addr replace "$ip/$mask" broadcast "$broadcast" dev "$interface" valid_lft "$lease" preferred_lft "$lease"
  ip -4 route replace default via "$router" dev "$interface" ;;
esac
`;

type Client = (world: NicWorld) => Promise<string[]>;

const clients: Readonly<Record<string, Client>> = {
  async dhclient({ stateDir }) {
    const files = ['-pf', join(stateDir, 'dhclient.ens0.pid'), '-lf', join(stateDir, 'dhclient.ens0.leases')];
    return ['dhclient', ...files, 'ens0'];
  },
  async udhcpc({ stateDir }) {
    await writeFile(join(stateDir, 'script'), script, { mode: 0o755 });
    return ['busybox', 'udhcpc', '-i', 'ens0', '-s', join(stateDir, 'script'), '-p', join(stateDir, 'pid')];
  },
};

async function startServer({ outside, stateDir }: NicWorld): Promise<void> {
  const range = '--dhcp-range=192.0.2.50,192.0.2.60,255.255.255.0,2m';
  const files = [
    `--dhcp-leasefile=${stateDir}/leases`,
    `--pid-file=${stateDir}/dnsmasq.pid`,
    `--log-facility=${stateDir}/log`,
  ];
  const more = [
    '--conf-file=/dev/null',
    '--port=0',
    '--interface=out0',
    '--dhcp-option=3,192.0.2.1',
    '--log-dhcp',
    '--user=root',
  ];
  await outside.run(['dnsmasq', range, ...files, ...more]);
}

const processes = async ({ host }: NicWorld, name: string) => {
  const { stdout } = await host.run(['ps', '-e', '-o', 'stat=,args=']);
  return stdout.split('\n').filter((line) => line.includes(name) && line.includes(' ') && !line.includes('ps -e'));
};

describe('the lease of a DHCP client goes on', { skip, timeout: 240_000 }, () => {
  for (const [name, argvOf] of Object.entries(clients))
    test(`${name}: stands still on trial, goes on when taken back, asks for its address on the bridge when confirmed`, async () => {
      const world = await createNicWorld({ lines: ['link set ens0 up'], etc: {} });
      const { host, outside, stateDir } = world;
      try {
        await startServer(world);
        await host.run(await argvOf(world), { timeoutMs: 30_000 });
        const address = /inet (\S+)\/24/.exec((await host.run(['ip', '-4', 'addr', 'show', 'ens0'])).stdout)?.[1] ?? '';
        assert.match(address, /^192\.0\.2\.[56]\d$/);
        const requests = async () => {
          const log = await readFile(join(stateDir, 'log'), 'utf8');
          return log.split('\n').filter((line) => line.includes(`DHCPACK(out0) ${address}`)).length;
        };

        await world.nic('adopt', 'ens0', '--json');
        assert.match((await processes(world, name)).join('\n'), /^T/, 'it stands still');
        await world.nic('rollback');
        assert.match((await processes(world, name)).join('\n'), /^S/, 'it goes on');

        const before = await requests();
        const ping = startPing(outside, address);
        const done = await world.nic('adopt', 'ens0', '--yes', '--json');
        assert.equal(JSON.parse(done.stdout).outcome, 'confirmed', done.stdout + done.stderr);
        for (let at = 0; at < 100 && (await requests()) === before; at++) await sleep(100);
        const lost = await ping.end();
        assert.ok((await requests()) > before, 'the server acknowledged the address again');
        assert.ok(lost.sent > 20 && lost.lost <= 100, JSON.stringify(lost));
        const now = (await host.run(['ip', '-o', '-4', 'addr', 'show'])).stdout;
        assert.match(now, new RegExp(`br-ex +inet ${address.replaceAll('.', '\\.')}/24`));
        assert.doesNotMatch(now, /ens0 +inet/);
        // A client forks for its script and to leave the foreground.
        let running = await processes(world, name);
        for (let at = 0; at < 50 && running.length !== 1; at++) {
          await sleep(100);
          running = await processes(world, name);
        }
        assert.equal(running.length, 1, running.join('\n'));
        assert.match(running[0] ?? '', /br-ex/);
        assert.doesNotMatch(running[0] ?? '', /ens0/);
      } finally {
        await world.close();
      }
    });
});
