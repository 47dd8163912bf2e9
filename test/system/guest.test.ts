import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createHost } from '../../src/lab/host.ts';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { createBridge, createWire } from '../../src/lab/wire.ts';
import { bootGuest, createDisk, type Guest, noGuest } from '../support/guest/guest.ts';

describe('a guest: a host with a kernel of its own', { skip: noGuest() ?? false, timeout: 600_000 }, () => {
  let guest: Guest;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-guest-test-'));
    const disk = await createDisk(join(folder, 'disk'), 256);
    guest = await bootGuest({ name: 'vm', disk, nics: [{ tap: 'nic0', mac: '52:54:00:00:00:01' }] });
  });
  after(async () => {
    await guest?.close();
    await rm(folder, { recursive: true });
  });

  test('its kernel is Debian’s and has what this machine’s may lack', async () => {
    assert.match((await guest.run(['uname', '-v'])).stdout, /Debian/);
    await guest.run(['sh', '-c', 'ip link add link eth0 name eth0.5 type vlan id 5 && ip link del eth0.5']);
  });

  test('commands have input, output, environment, exit code, and a deadline', async () => {
    assert.equal((await guest.run(['cat'], { input: 'to and fro' })).stdout, 'to and fro');
    const told = await guest.run(['sh', '-c', 'echo $WORD; echo bad >&2; exit 3'], {
      mayFail: true,
      env: { WORD: 'x' },
    });
    assert.deepEqual(told, { code: 3, stdout: 'x\n', stderr: 'bad\n' });
    await assert.rejects(guest.run(['false']), /on vm: false ended with 1/);
    const slow = await guest.run(['sleep', '1000'], { timeoutMs: 1500, mayFail: true });
    assert.equal(slow.code, null);
    assert.equal((await guest.run(['pgrep', '-x', 'sleep'], { mayFail: true })).stdout, '');
  });

  test('what is started goes on until it is killed', async () => {
    const child = guest.start(['sh', '-c', 'trap "echo told; exit 0" TERM; echo on; while :; do sleep 0.1; done']);
    let said = '';
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve) =>
      child.stdout?.on('data', (data) => {
        said += data;
        if (said.includes('on')) resolve();
      }),
    );
    guest.kill(child, 'SIGTERM');
    assert.equal(await ended, 0);
    assert.match(said, /told/);
  });

  test('its NIC leads through the rack to another host, and no further', async () => {
    const other = await createHost('other');
    try {
      await createBridge(guest.rack, 'br0');
      await guest.rack.run(['ip', 'link', 'set', 'nic0', 'master', 'br0']);
      await createWire(
        { host: guest.rack, device: 'out', bridge: 'br0' },
        { host: other, device: 'eth0', address: '192.0.2.1/24' },
      );
      await guest.run(['ip', '-batch', '-'], { input: 'address add 192.0.2.2/24 dev eth0\nlink set eth0 up\n' });
      await serve(other, 'other', { tcp: [80] }, '');
      const page = await fetchPage(guest, '192.0.2.1', 80, { ms: 5000 });
      assert.deepEqual(page, { reached: true, text: 'hello from other port 80 to 192.0.2.2\n' });
      await guest.cable('nic0', 'out');
      const carrier = () => guest.run(['cat', '/sys/class/net/eth0/carrier']);
      assert.equal((await carrier()).stdout, '0\n');
      await guest.cable('nic0', 'in');
      assert.equal((await carrier()).stdout, '1\n');
    } finally {
      await other.close();
    }
  });

  test('a reboot keeps the disk, and so does a power cut', async () => {
    await guest.run(['sh', '-c', 'echo kept > /etc/kept']);
    const ids: string[] = [];
    for (const how of ['clean', 'power cut'] as const) {
      await guest.reboot(how);
      ids.push((await guest.run(['cat', '/proc/sys/kernel/random/boot_id', '/etc/kept'])).stdout);
    }
    assert.ok(ids.every((id) => id.endsWith('kept\n')));
    assert.notEqual(ids[0], ids[1]);
    assert.equal(existsSync('/etc/kept'), false);
  });
});
