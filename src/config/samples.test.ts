/** Files as distributions and deployment tools write them: none of their values is refused. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, loadSettings, settingsOf } from './load.ts';

const samples = join(import.meta.dirname, 'samples');

/** The files of a sample, neutron.conf first, as services are given them. */
function load(sample: string, ...further: string[]) {
  const names = readdirSync(join(samples, sample)).sort((a, b) => {
    const rank = (name: string) => Number(name !== 'neutron.conf');
    return rank(a) - rank(b) || a.localeCompare(b);
  });
  return loadSettings([...names.map((name) => join(samples, sample, name)), ...further]);
}

test("Debian's files", () => {
  const { settings, warnings } = load('debian');
  assert.equal(settings.server.keystone?.authUrl, 'http://localhost:5000');
  assert.deepEqual(settings.networking.servicePlugins, ['router', 'metering', 'qos']);
  assert.deepEqual(settings.networking.vlanRanges, { external: [{ first: 1, last: 4094 }] });
  assert.deepEqual(settings.agent.l3Extensions, []);
  assert.deepEqual(settings.server.database, { kind: 'sqlite', path: '/var/lib/neutron/neutrondb' });
  const { nova, ...doors } = settings.agent.metadata;
  assert.deepEqual(doors, { port: 9697, routers: true, isolated: true, force: false });
  assert.deepEqual([nova?.protocol, nova?.host, nova?.port], ['http', '127.0.0.1', 8775]);
  assert.equal(settings.agent.dhcp.logFolder, '', '<None> is none');
  assert.deepEqual(
    warnings.filter((line) => !/^\S+:\d+: .*[.?]$/.test(line)),
    [],
  );
});

test('those of a tool that runs services in containers', () => {
  const { settings } = load('kolla');
  assert.equal(settings.server.keystone?.password, 'pa$word');
  assert.equal(settings.server.keystone?.projectDomainId, 'default');
  assert.ok(settings.networking.servicePlugins.includes('port_forwarding'));
  assert.deepEqual(settings.networking.vlanRanges, { physnet1: [{ first: 100, last: 200 }], physnet2: [] });
  assert.deepEqual(settings.agent.l3Extensions, ['port_forwarding', 'vpnaas']);
  assert.equal(settings.agent.localIp, '192.0.2.21');
});

test('Nova is asked where a file names it, or the secret that is shared with it; else the agent answers itself', () => {
  const nova = (content: string) =>
    settingsOf([{ path: 'metadata_agent.ini', content: `[DEFAULT]\n${content}\n` }]).settings.agent.metadata.nova;
  assert.equal(nova(''), null);
  assert.equal(nova('nova_metadata_host = 192.0.2.9')?.host, '192.0.2.9');
  assert.equal(nova('nova_metadata_ip = 192.0.2.9')?.host, '192.0.2.9');
  assert.equal(nova('metadata_proxy_shared_secret = x')?.host, '127.0.0.1');
});

test("those of developers' machines", () => {
  const { settings } = load('devstack');
  assert.equal(settings.server.keystone?.interface, 'public');
  assert.deepEqual(settings.networking.flatNetworks, ['public']);
  assert.deepEqual(settings.agent.bridgeMappings, { public: 'br-ex' });
});

test('no warning shows a secret', () => {
  for (const sample of readdirSync(samples)) {
    const text = load(sample).warnings.join('\n');
    assert.doesNotMatch(text, /s3cr3t|pa\$|SERVICE_PASSWORD|METADATA_SECRET|abcdefgh|:secret/);
  }
});

test('--config-dir reads *.conf by name after the files, and says what it passes over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-config-'));
  try {
    const write = (name: string, mtu: number) =>
      writeFile(join(folder, name), `[DEFAULT]\nglobal_physnet_mtu = ${mtu}\n`);
    await write('10-first.conf', 1400);
    await write('20-second.conf', 9000);
    await write('30-third.ini', 1300);
    await write('.hidden.conf', 1200);
    const { settings, warnings } = loadSettings([join(folder, '30-third.ini')], [folder]);
    assert.equal(settings.networking.mtu.globalPhysnetMtu, 9000);
    assert.match(warnings[0] ?? '', /--config-dir reads \*\.conf only, as in Neutron, and not 30-third\.ini/);
    assert.throws(() => loadSettings([], [join(folder, 'none')]), ConfigError);
  } finally {
    await rm(folder, { recursive: true });
  }
});
