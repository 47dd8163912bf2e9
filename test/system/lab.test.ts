import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createHost, type LabHost } from '../../src/lab/host.ts';
import { dhcp, plugInstance } from '../../src/lab/instance.ts';
import { askUdp, fetchPage, holdConnection, serve } from '../../src/lab/probe.ts';
import { createBridge, createWire } from '../../src/lab/wire.ts';

let a: LabHost;
let b: LabHost;

before(async () => {
  [a, b] = await Promise.all([createHost('a'), createHost('b')]);
  await createWire(
    { host: a, device: 'wire0', address: '198.51.100.1/24' },
    { host: b, device: 'wire0', address: '198.51.100.2/24' },
  );
});

after(() => Promise.all([a.close(), b.close()]));

test('hosts reach each other over a wire, by TCP and UDP', async () => {
  await b.run(['ip', 'netns', 'add', 'server']);
  await b.run(['ip', 'netns', 'del', 'server']);
  await b.run(['ip', 'netns', 'add', 'inside']);
  await b.run(['ip', '-batch', '-'], {
    input: 'link add in0 type veth peer name eth0 netns inside\naddress add 192.0.2.1/24 dev in0\nlink set in0 up\n',
  });
  await b.run(['ip', '-n', 'inside', '-batch', '-'], {
    input: 'address add 192.0.2.2/24 dev eth0\nlink set eth0 up\nroute add default via 192.0.2.1\n',
  });
  await b.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await a.run(['ip', 'route', 'add', '192.0.2.0/24', 'via', '198.51.100.2']);
  const server = await serve(b, 'web', { tcp: [8080], udp: [5353] }, 'inside');
  const page = await fetchPage(a, '192.0.2.2', 8080);
  assert.equal(page.reached && page.text, 'hello from web port 8080 to 198.51.100.1\n');
  const echo = await askUdp(a, '192.0.2.2', 5353, 'x');
  assert.equal(echo.reached && echo.text, 'echo 5353 x');
  const closed = await fetchPage(a, '192.0.2.2', 8081);
  assert.deepEqual(closed, { reached: false, why: 'ECONNREFUSED' });

  const held = await holdConnection(a, '192.0.2.2', 8080);
  await held.nextTick(1000);
  await b.run(['ip', 'link', 'set', 'in0', 'down']);
  await held.untilCut(300, 3000);
  held.close();
  b.kill(server);
});

test('an instance gets its lease, MTU and router by DHCP, and the machine has no new namespace', async () => {
  const before = await readdir('/run/netns').catch(() => []);
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-lab-'));
  await createBridge(a, 'br0');
  await a.run(['ip', 'address', 'add', '10.1.0.1/24', 'dev', 'br0']);
  const dnsmasq = a.start([
    ...['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--port=0', '--interface=br0', '--bind-interfaces'],
    ...['--dhcp-range=10.1.0.0,static,255.255.255.0', '--dhcp-option-force=26,1400', '--dhcp-option=3,10.1.0.1'],
    ...['--dhcp-host=fa:16:3e:00:00:01,10.1.0.9', `--dhcp-leasefile=${folder}/leases`, `--pid-file=${folder}/pid`],
  ]);
  await plugInstance(a, 'vm', { id: '11111111-2222-3333-4444-555555555555', mac_address: 'fa:16:3e:00:00:01' });
  await a.run(['ip', 'link', 'set', 'tap11111111-22', 'master', 'br0']);
  const lease = await dhcp(a, 'vm');
  assert.deepEqual(lease, {
    ip: '10.1.0.9',
    mask: 24,
    router: '10.1.0.1',
    dns: [],
    mtu: 1400,
    routes: [],
    server: '10.1.0.1',
  });
  assert.deepEqual(await readdir('/run/netns').catch(() => []), before);
  a.kill(dnsmasq);
  await rm(folder, { recursive: true });
});
