/** An installed host with systemd and the kernel's Open vSwitch: a loss of power on trial leads back, after the confirmation it does not. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootGuest, createDisk, type Guest, noGuest } from '../support/guest/guest.ts';
import { installedPackages } from './support/installed-host.ts';
import { startPing } from './support/nic-world.ts';
import { program } from './support/small-cloud.ts';

const network = '[Match]\nName=en*\n\n[Network]\nAddress=192.0.2.2/24\nGateway=192.0.2.1\n';
const setUp = `systemctl disable --now NetworkManager networking >/dev/null 2>&1
cat > /etc/systemd/network/20-lan.network && systemctl enable --now systemd-networkd`;

describe('a host that loses its power', { skip: noGuest() ?? false, timeout: 1_800_000 }, () => {
  let guest: Guest;
  let folder: string;
  let nic: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-nic-guest-'));
    const disk = await createDisk(join(folder, 'disk'));
    const nics = [{ tap: 'nic0', mac: '52:54:00:00:00:01' }];
    guest = await bootGuest({ name: 'host', init: 'systemd', disk, packages: installedPackages, nics });
    await guest.rack.run(['ip', 'address', 'add', '192.0.2.1/24', 'dev', 'nic0']);
    await guest.run(['sh', '-c', setUp], { input: network, timeoutMs: 120_000 });
    const links = JSON.parse((await guest.run(['ip', '-j', 'link'])).stdout) as { ifname: string }[];
    nic = links.find(({ ifname }) => ifname.startsWith('en'))?.ifname ?? '';
    await untilOn(nic);
  });
  after(async () => {
    await guest?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const neutrino = async (...args: string[]) => {
    const argv = [...program, 'nic', ...args, '--json'];
    const { stdout, stderr } = await guest.run(argv, { mayFail: true, timeoutMs: 240_000 });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout);
  };

  /** Waits until the address and the default route are on the device, and the host answers. */
  async function untilOn(device: string): Promise<void> {
    let text = '';
    for (let at = 0; at < 120; at++, await sleep(1000)) {
      const { stdout } = await guest.run(['sh', '-c', 'ip -br -4 addr; ip route'], { mayFail: true });
      text = stdout;
      if (!new RegExp(`^${device} .*192\\.0\\.2\\.2/24`, 'm').test(text)) continue;
      if (!text.includes(`default via 192.0.2.1 dev ${device}`)) continue;
      const ping = await guest.rack.run(['ping', '-c', '1', '-W', '1', '192.0.2.2'], { mayFail: true });
      if (ping.code === 0) return;
    }
    throw new Error(`${device} does not have the address: ${text}`);
  }

  for (const driver of ['ovs', 'linuxbridge'])
    test(`${driver}: on trial, confirmed, released`, async (t) => {
      assert.equal((await neutrino('adopt', nic, '--driver', driver, '--timeout', '900')).outcome, 'trial');
      await guest.reboot('power cut');
      await untilOn(nic);
      assert.deepEqual(await neutrino('status'), []);
      assert.doesNotMatch((await guest.run(['sh', '-c', 'ovs-vsctl show; ip link'])).stdout, /br-ex/);

      const ping = startPing(guest.rack, '192.0.2.2');
      assert.equal((await neutrino('adopt', nic, '--driver', driver, '--yes')).outcome, 'confirmed');
      const { sent, lost } = await ping.end();
      t.diagnostic(`pings lost: ${lost} of ${sent}`);
      assert.ok(lost <= 100, `${lost} of ${sent} pings lost`);
      await guest.reboot('power cut');
      await untilOn('br-ex');
      const [status] = await neutrino('status');
      assert.deepEqual([status.inPlace, status.changedFiles], [true, []]);

      assert.equal((await neutrino('release', 'br-ex', '--yes')).outcome, 'confirmed');
      await untilOn(nic);
      assert.equal((await guest.run(['sh', '-c', 'ls /etc/systemd/network'])).stdout, '20-lan.network\n');
    });
});
