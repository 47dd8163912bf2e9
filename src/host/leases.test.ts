import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHosts, parseLeases, seedLeases, strangersOf } from './leases.ts';

const hosts = `fa:16:3e:00:00:05,host-10-0-0-5.openstacklocal,10.0.0.5
fa:16:3e:00:00:06,id:01:02,web.example.org,10.0.0.6
fa:16:3e:00:00:05,tag:dhcpv6,host-fd00--5.openstacklocal,[fd00::5]
fa:16:3e:00:00:07,tag:dhcpv6,host-fd00--7.openstacklocal,[fd00::7]
`;
const duid = (mac: string) => `00:01:00:01:32:99:69:ca:${mac}`;
const leases = `1795686090 fa:16:3e:00:00:05 10.0.0.5 host-10-0-0-5 01:fa:16:3e:00:00:05
1795686090 fa:16:3e:00:00:99 10.0.0.6 old *
1795686090 fa:16:3e:00:00:98 10.0.0.9 older ff:aa
duid 00:01:00:01:32:99:69:c7:1a:48:61:1b:cc:1a
1795607191 1040187397 fd00::5 host ${duid('fa:16:3e:00:00:05')}
1795607191 77 fd00::7 host ${duid('fa:16:3e:00:00:99')}
1795607191 78 fd00::9 host 00:04:01:02
`;

function files() {
  const folder = mkdtempSync(join(tmpdir(), 'neutrino-leases-'));
  const of = { file: join(folder, 'leases'), hostsFile: join(folder, 'host'), device: 'ns-1', seconds: 86400 };
  return { of, remove: () => rmSync(folder, { recursive: true }) };
}

test('hosts are read by their address, whatever stands between', () => {
  assert.deepEqual(
    [...parseHosts(hosts)],
    [
      ['10.0.0.5', 'fa:16:3e:00:00:05'],
      ['10.0.0.6', 'fa:16:3e:00:00:06'],
      ['fd00::5', 'fa:16:3e:00:00:05'],
      ['fd00::7', 'fa:16:3e:00:00:07'],
    ],
  );
});

test('leases are read with what is needed to release them', () => {
  const read = parseLeases(leases);
  assert.equal(read.serverId, '00:01:00:01:32:99:69:c7:1a:48:61:1b:cc:1a');
  assert.equal(read.leases.length, 6);
  assert.deepEqual(
    { ...read.leases[2], line: '' },
    {
      ...{ version: 4, line: '', ip: '10.0.0.9', mac: 'fa:16:3e:00:00:98', clientId: 'ff:aa' },
    },
  );
  assert.deepEqual(
    { ...read.leases[5], line: '' },
    {
      ...{ version: 6, line: '', ip: 'fd00::9', iaid: '78', duid: '00:04:01:02' },
    },
  );
});

test('a lease is a stranger where its address is no host, or that of another', async () => {
  const { of, remove } = files();
  writeFileSync(of.file, leases);
  writeFileSync(of.hostsFile, hosts);
  assert.deepEqual(await strangersOf(of), ['10.0.0.6', '10.0.0.9', 'fd00::7', 'fd00::9']);
  remove();
});

test('before a start each host has a lease, strangers have none, and what was known stays', async () => {
  const { of, remove } = files();
  writeFileSync(of.file, leases);
  writeFileSync(of.hostsFile, hosts);
  await seedLeases(of);
  const lines = readFileSync(of.file, 'utf8').split('\n');
  assert.equal(lines[0], '1795686090 fa:16:3e:00:00:05 10.0.0.5 host-10-0-0-5 01:fa:16:3e:00:00:05');
  assert.match(lines[1] ?? '', /^\d{10,} fa:16:3e:00:00:06 10\.0\.0\.6 \* \*$/);
  assert.match(lines[2] ?? '', /^duid /);
  assert.match(lines[3] ?? '', / fd00::5 /);
  assert.equal(lines.length, 5);
  assert.deepEqual(await strangersOf(of), []);
  remove();
});

test('without any file all hosts of IPv4 are given a lease, for ever where leases are', async () => {
  const { of, remove } = files();
  writeFileSync(of.hostsFile, hosts);
  await seedLeases({ ...of, seconds: -1 });
  assert.equal(readFileSync(of.file, 'utf8'), '0 fa:16:3e:00:00:05 10.0.0.5 * *\n0 fa:16:3e:00:00:06 10.0.0.6 * *\n');
  remove();
});
