/** `neutrino mtu calc`, `explain` and `audit` as processes, with a server that was configured otherwise meanwhile. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mtuSentences } from '../../src/cli/mtu/sentences.ts';
import { connect } from '../../src/client/index.ts';
import { unequalPlaces } from '../../src/lib/catalogue.ts';
import { runNeutrino, type Server, startNeutrino, temporaryFolder } from '../support/neutrino.ts';

const run = (...args: string[]) => runNeutrino(['mtu', ...args]);

test('calc: the sum as words and as JSON, without a server', async () => {
  const json = await run('calc', '--type', 'vxlan', '--underlay', '9000', '--ip', '6', '--json');
  assert.equal(json.code, 0, json.stderr);
  const { mtu, lines } = JSON.parse(json.stdout);
  assert.equal(mtu, 8930);
  assert.deepEqual(
    lines.map(({ part, bytes }: { part: string; bytes: number }) => [part, bytes]),
    [
      ['base', 9000],
      ['ip-header', -40],
      ['encapsulation', -30],
    ],
  );
  const words = await run('calc', '--type', 'vxlan', '--underlay', '9000', '--ip', '6', '--lang', 'en');
  assert.equal(
    words.stdout,
    [
      'vxlan',
      '    9000  [DEFAULT] global_physnet_mtu (--underlay)',
      '          [ml2] path_mtu (default): not considered',
      "     -40  the tunnel's IPv6 header; [ml2] overlay_ip_version (--ip)",
      '     -30  VXLAN: Ethernet 14, UDP 8, VXLAN 8',
      '=   8930  the largest packet',
      '',
    ].join('\n'),
  );
  const chinese = await run('calc', '--type', 'geneve', '--path', '1300', '--lang', 'zh');
  assert.match(chinese.stdout, /^=\s+1250\s+最大的数据包$/m);
  assert.match(chinese.stdout, /IPv6.*1280/);
});

test('calc: what cannot be is refused with what is expected', async () => {
  const refused = async (...args: string[]) => {
    const { code, stderr } = await run('calc', ...args);
    assert.equal(code, 2);
    return stderr;
  };
  assert.match(await refused(), /--type takes one of flat, vlan, .*; it is missing/);
  assert.match(await refused('--type', 'mpls'), /not "mpls"/);
  assert.match(await refused('--type', 'vxlan', '--underlay', '64'), /from 68 to 65535, not "64"/);
  assert.match(await refused('--type', 'vxlan', '--ip', '5'), /4 or 6, not "5"/);
  assert.match(await refused('--type', 'vxlan', '--lang', 'fr'), /en or zh, not "fr"/);
});

test('every sentence has the same places in both languages', () => {
  assert.deepEqual(unequalPlaces(mtuSentences), []);
});

async function session(server: Server, t: TestContext) {
  const { auth_url: authUrl, username, password } = server.auth();
  const domain = { userDomain: 'Default', projectDomain: 'Default' };
  const it = await connect({ authUrl, username, password, project: 'admin', ...domain });
  t.after(() => it.close());
  return it.networking;
}

test('explain and audit: the configuration changes, networks keep their MTU, audit --fix sets them', async (t) => {
  const dir = await temporaryFolder(t);
  const config = join(dir, 'neutron.conf');
  const start = async (lines: string) => {
    await writeFile(config, lines);
    return startNeutrino(t, dir, ['--config-file', config]);
  };
  const ask = (...args: string[]) => run(...args, '--state-dir', dir, '--lang', 'en');
  const first = await start('[DEFAULT]\nglobal_physnet_mtu = 9000\n');
  const api = await session(first, t);
  const inside = await api.networks.create({ name: 'inside' });
  await api.subnets.create({ network_id: inside.id, cidr: '10.0.0.0/24', ip_version: 4 });
  const chosen = await api.networks.create({ name: 'chosen', mtu: 1400 });
  const same = await ask('explain', 'inside');
  assert.equal(same.code, 0, same.stderr);
  assert.match(same.stdout, new RegExp(`9000  \\[DEFAULT\\] global_physnet_mtu \\(${config}:2\\)`));
  assert.match(same.stdout, /Stored with the network: 8950\.\nThat is what the configuration gives\./);
  const deliberate = await ask('audit');
  assert.equal(deliberate.code, 1);
  assert.match(deliberate.stdout, /^chosen \(.*\): 1400, could be 8950$/m);
  assert.equal((await ask('audit', '--only-above')).code, 0);
  await first.end('SIGTERM');

  const second = await start('[DEFAULT]\n\n[ml2]\npath_mtu = 1450\n');
  const after = await session(second, t);
  assert.equal((await after.networks.show(inside.id)).mtu, 8950);
  const explained = await ask('explain', inside.id, '--json');
  assert.equal(explained.code, 2);
  const told = JSON.parse(explained.stdout);
  assert.deepEqual([told.stored, told.mtu, told.verdict], [8950, 1400, 'above']);
  assert.deepEqual(told.segments[0].lines[0].option, {
    ...{ section: 'ml2', name: 'path_mtu', value: 1450 },
    place: { file: config, line: 4 },
  });
  const audit = await ask('audit');
  assert.equal(audit.code, 2);
  assert.equal(
    audit.stdout,
    `inside (${inside.id}): 8950, must be 1400: larger packets are lost between hosts\n` +
      '1 of 2 networks differ from the configuration; 1 of them are too large.\n' +
      'To set them: neutrino mtu audit --fix\n',
  );
  const fixed = await ask('audit', '--fix', '--json');
  assert.equal(fixed.code, 0, fixed.stderr);
  assert.deepEqual(JSON.parse(fixed.stdout).networks, [
    { id: inside.id, name: 'inside', stored: 8950, now: 1400, verdict: 'above', fixed: true },
  ]);
  assert.equal((await after.networks.show(inside.id)).mtu, 1400);
  const clean = await ask('audit', '--network', chosen.id, '--network', 'inside');
  assert.deepEqual([clean.code, clean.stdout], [0, 'All 2 networks have the MTU that the configuration gives.\n']);
  await second.end('SIGTERM');

  const third = await start('[ml2]\npath_mtu = 1250\n');
  const last = await session(third, t);
  await last.subnets.create({ network_id: inside.id, cidr: '2001:db8::/64', ip_version: 6 });
  const stuck = await ask('audit', '--network', 'inside', '--fix');
  assert.equal(stuck.code, 2);
  assert.match(stuck.stdout, /^inside \(.*\): stays at 1400: MTU of .* requires a minimum of 1280$/m);
  assert.match((await ask('explain', 'nowhere')).stderr, /There is no network "nowhere"/);
});
