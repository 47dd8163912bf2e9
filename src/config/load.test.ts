import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultSettings } from '../rules/settings.ts';
import { allOptions, ConfigError, settingsOf } from './load.ts';
import type { OptionDefinition } from './option.ts';
import { options } from './options.ts';
import { configurationPage } from './reference.ts';

const load = (content: string, path = '/etc/neutron/neutron.conf') => settingsOf([{ path, content }]);
const refusal = (content: string, path?: string): string => {
  try {
    load(content, path);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  return assert.fail('it was accepted');
};

test('with no file, the settings are the defaults of the rules, and port forwarding is on', () => {
  const { settings, warnings } = settingsOf([]);
  assert.deepEqual(settings.networking, defaultSettings);
  assert.deepEqual(settings.agent.l3Extensions, ['port_forwarding']);
  assert.deepEqual(warnings, []);
});

test('service_plugins switches port forwarding, as in the notebook', () => {
  const on = load('[DEFAULT]\nservice_plugins = router,segments,port_forwarding\n');
  assert.deepEqual(on.settings.networking.servicePlugins, ['router', 'segments', 'port_forwarding']);
  assert.deepEqual(on.warnings, []);
  assert.deepEqual(load('[DEFAULT]\nservice_plugins = router\n').settings.networking.servicePlugins, ['router']);
  assert.deepEqual(load('[DEFAULT]\ndebug = no\n').settings.networking.servicePlugins, ['router']);
});

test('[agent] extensions of l3_agent.ini switches it on the host; that of the L2 agent does not', () => {
  const l3 = (content: string, path: string) => load(content, path).settings.agent.l3Extensions;
  assert.deepEqual(l3('[agent]\nextensions = port_forwarding\n', '/etc/neutron/l3_agent.ini'), ['port_forwarding']);
  assert.deepEqual(l3('[DEFAULT]\n', '/etc/neutron/l3_agent.ini'), []);
  assert.deepEqual(l3('[agent]\nextensions = qos\n', '/x/linuxbridge_agent.ini'), ['port_forwarding']);
  assert.deepEqual(load('[DEFAULT]\n', '/x/l3_agent.ini').settings.networking.servicePlugins, [
    'router',
    'port_forwarding',
    'qos',
    'trunk',
  ]);
});

test('of two files the later counts, and of two lines too', () => {
  const file = (path: string, mtu: number) => ({ path, content: `[DEFAULT]\nglobal_physnet_mtu = ${mtu}\n` });
  const { settings } = settingsOf([file('/a.ini', 9000), file('/b.ini', 1400)]);
  assert.equal(settings.networking.mtu.globalPhysnetMtu, 1400);
  assert.equal(load('[DEFAULT]\nbind_port=1\nbind_port=2\n').settings.server.bindPort, 2);
});

test('an older name is read, and the present one goes before it', () => {
  const types = (content: string) => load(`[ml2]\n${content}`).settings.networking.tenantNetworkTypes;
  assert.deepEqual(types('project_network_types = vlan\n'), ['vlan']);
  assert.deepEqual(types('tenant_network_types = flat\nproject_network_types = vlan\n'), ['flat']);
});

test('values of every kind', () => {
  const { networking, agent } = load(
    [
      '[ml2]',
      'physical_network_mtus = physnet1:9000, physnet2:1400',
      'overlay_ip_version = 6',
      '[ml2_type_vlan]',
      'network_vlan_ranges = physnet1:100:200,physnet1:300:301,physnet2',
      '[ml2_type_vxlan]',
      'vni_ranges = 1:10,20:30',
      '[quotas]',
      'quota_port = -1',
      '[linux_bridge]',
      'bridge_mappings = public:br-pub',
      '[vxlan]',
      'local_ip = 10.0.0.1',
    ].join('\n'),
  ).settings;
  assert.deepEqual(networking.mtu.physicalNetworkMtus, { physnet1: 9000, physnet2: 1400 });
  assert.equal(networking.mtu.overlayIpVersion, 6);
  assert.deepEqual(networking.vlanRanges, {
    physnet1: [
      { first: 100, last: 200 },
      { first: 300, last: 301 },
    ],
    physnet2: [],
  });
  assert.deepEqual(networking.vxlanRanges, [
    { first: 1, last: 10 },
    { first: 20, last: 30 },
  ]);
  assert.deepEqual(networking.quotas, { port: -1 });
  assert.deepEqual(agent.bridgeMappings, { public: 'br-pub' });
  assert.equal(agent.localIp, '10.0.0.1');
});

test('references are replaced, in the own section first', () => {
  const { settings } = load(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is oslo.config's.
    '[DEFAULT]\nstate_path = /x\n[database]\nname = n\nconnection = sqlite:///${state_path}/$name$$.db\n',
  );
  assert.deepEqual(settings.server.database, { kind: 'sqlite', path: '/x/n$.db' });
  assert.match(
    refusal('[DEFAULT]\nstate_path = $nothing/x\n'),
    /:2: \[DEFAULT\] state_path: .*\$nothing, which names no option\.$/,
  );
  assert.match(refusal('[DEFAULT]\nstate_path = a$state_path\n'), /leads back to itself/);
});

test('a wrong value names file, line, expectation and finding, every one of them', () => {
  assert.equal(
    refusal('[DEFAULT]\nbind_port = ninety\nglobal_physnet_mtu = 12\n'),
    '/etc/neutron/neutron.conf:3: [DEFAULT] global_physnet_mtu: expected an integer from 68 to 65535, found "12".\n' +
      '/etc/neutron/neutron.conf:2: [DEFAULT] bind_port: expected an integer from 0 to 65535, found "ninety".',
  );
});

test('a database that is not there is refused without telling the password', () => {
  assert.equal(
    refusal('[database]\nconnection = mysql+pymysql://neutron:geheim@db/neutron\n'),
    '/etc/neutron/neutron.conf:2: [database] connection: expected sqlite:////FILE or postgresql://USER:PASSWORD@HOST/NAME, found another.',
  );
  assert.doesNotMatch(refusal('[database]\nconnection = postgresql://n:ge$heim@db/n\n'), /heim/);
  assert.deepEqual(load('[database]\nconnection = postgresql+psycopg2://n:p@db/n\n').settings.server.database, {
    kind: 'postgres',
    url: 'postgresql://n:p@db/n',
  });
});

test('an option that has no effect is told with file, line, and the nearest name or the reason', () => {
  const { warnings } = load(
    '[DEFAULT]\nservice_plugins = router\ntransport_url = rabbit://\nglobal_physnet_mut = 9000\n[ovs]\nx = 1\ny = 2\n[quotes]\nz = 1\n',
  );
  assert.deepEqual(warnings, [
    '/etc/neutron/neutron.conf:3: [DEFAULT] transport_url has no effect: there is no message broker.',
    '/etc/neutron/neutron.conf:4: [DEFAULT] global_physnet_mut is not known and has no effect; did you mean global_physnet_mtu?',
    '/etc/neutron/neutron.conf:6: [ovs] x has no effect: the only driver is linuxbridge.',
    '/etc/neutron/neutron.conf:7: [ovs] y has no effect: the only driver is linuxbridge.',
    '/etc/neutron/neutron.conf:9: the section [quotes] is not known and has no effect; did you mean [quotas]?',
  ]);
});

test('defaults print to what reads back as them', () => {
  const wrong = allOptions.filter((option) => {
    const again = option.kind.parse(option.kind.print(option.default));
    return JSON.stringify(again) !== JSON.stringify(option.default);
  });
  assert.deepEqual(
    wrong.map((option) => option.name),
    [],
  );
});

test('ranges, printed and read again, are what they were', () => {
  const range = fc.tuple(fc.integer({ min: 1, max: 4094 }), fc.integer({ min: 1, max: 4094 })).map(([a, b]) => ({
    first: Math.min(a, b),
    last: Math.max(a, b),
  }));
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.array(range, { maxLength: 3 })), (value) => {
      const { kind } = options.vlanRanges;
      assert.deepEqual(kind.parse(kind.print(value)), { ...value });
    }),
  );
});

test('every option says what it means, in whole sentences', () => {
  const bare = allOptions.filter((option) => !/\.$/.test(option.doc));
  assert.deepEqual(
    bare.map((option: OptionDefinition<unknown>) => option.name),
    [],
  );
});

test('the reference page is current (npm run docs writes it)', () => {
  assert.equal(readFileSync('docs/reference/configuration.md', 'utf8'), configurationPage(allOptions));
});
