import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { program, skip, skipDriver } from './support/small-cloud.ts';

const [node = '', ...args] = program;
const run = (more: string[]) => promisify(execFile)(node, [...args, 'demo', ...more], { timeout: 90_000 });

const labFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('neutrino-lab-')).sort();

describe('neutrino demo', { skip, timeout: 200_000 }, () => {
  test('proves the forwarded port and leaves no trace', async () => {
    const folders = await labFolders();
    const { stdout } = await run(['--json']);
    const result = JSON.parse(stdout);
    assert.match(result.page, /^hello from web-1 port 8080 /);
    assert.equal(result.mtu, 1450);
    assert.equal(result.shut, true);
    assert.equal(result.connectionCut, true);
    const rules = result.path.map((hop: { rule: string | null }) => hop.rule).filter(Boolean);
    assert.match(rules[0], /--dport 9000 -j DNAT --to-destination 10\.100\.0\.\d+:8080/);
    assert.deepEqual(await labFolders(), folders);
  });

  test('--driver ovs --type gre --hosts 2 leads through both switches', {
    skip: skipDriver('openvswitch'),
  }, async () => {
    const folders = await labFolders();
    const { stdout } = await run(['--json', '--driver', 'ovs', '--type', 'gre', '--hosts', '2']);
    const result = JSON.parse(stdout);
    assert.match(result.page, /^hello from web-1 port 8080 /);
    assert.equal(result.mtu, 1458);
    assert.equal(result.connectionCut, true);
    const devices = result.path.map((hop: { device: string }) => hop.device).join('\n');
    assert.match(devices, /^br-int → patch-tun → br-tun → gre-c0000202$/m);
    assert.match(devices, /^br-tun → patch-int → br-int → tap/m);
    assert.deepEqual(await labFolders(), folders);
  });

  test('what bridges of the kernel cannot do is said at once', async () => {
    await assert.rejects(run(['--type', 'geneve']), /say --driver ovs/);
  });

  test('--keep leaves it up, --down takes it down, in Chinese too', async () => {
    const folders = await labFolders();
    const { stdout } = await run(['--keep', '--lang', 'zh']);
    assert.match(stdout, /这个云保持运行/);
    assert.equal((await labFolders()).length, folders.length + 1);
    const down = await run(['--down', '--lang', 'zh']);
    assert.match(down.stdout, /演示已拆除/);
    assert.deepEqual(await labFolders(), folders);
  });
});
