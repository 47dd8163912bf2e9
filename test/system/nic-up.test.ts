import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNicWorld } from './support/nic-world.ts';
import { program, skip } from './support/small-cloud.ts';

const plain = [
  'address add 192.0.2.2/24 brd + dev ens0',
  'link set ens0 up',
  'route add default via 192.0.2.1 dev ens0',
];

test('up --nic moves the NIC and serves; stopping leaves it in the bridge', { skip, timeout: 120_000 }, async () => {
  const { host, stateDir, close } = await createNicWorld({ lines: plain });
  try {
    const up = host.start([...program, 'up', '--nic', 'ens0', '--json', '--state-dir', stateDir]);
    let told = '';
    up.stdout?.on('data', (data) => {
      told += data;
    });
    up.stderr?.on('data', (data) => {
      told += data;
    });
    for (let at = 0; at < 600 && !told.includes('"api"'); at++) await sleep(100);
    assert.match(told, /"api":"http:\/\/127\.0\.0\.1:9696"/);
    const { stdout } = await host.run(['ip', '-br', '-4', 'addr']);
    assert.match(stdout, /^br-ex +UP +192\.0\.2\.2\/24/m);
    assert.doesNotMatch(stdout, /^ens0.*192/m);
    host.kill(up, 'SIGTERM');
    await new Promise((resolve) => up.once('exit', resolve));
    assert.equal((await host.run(['ping', '-c', '1', '-W', '2', '192.0.2.1'])).code, 0, 'stopping leaves it there');
  } finally {
    await close();
  }
});
