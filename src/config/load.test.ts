import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultSettings } from '../rules/settings.ts';
import { allOptions, ConfigError, settingsOf } from './load.ts';
import { type OptionDefinition, optionsOf } from './option.ts';
import { options } from './options.ts';
import { parseOslo } from './oslo.ts';
import { readOptions } from './read-options.ts';
import { configurationPage } from './reference.ts';
import { text } from './values.ts';

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
    'conntrack_helper',
    'ndp_proxy',
    'metering',
    'local_ip',
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
  assert.deepEqual(Object.keys(networking.mtu.places).sort(), ['overlay_ip_version', 'physical_network_mtus']);
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

test('quotas without an option of their own have default_quota', () => {
  const quotas = (...lines: string[]) => load(['[quotas]', ...lines].join('\n')).settings.networking.quotas;
  assert.deepEqual(quotas('default_quota = 7', 'quota_rbac_policy = 3'), { subnetpool: 7, trunk: 7, rbac_policy: 3 });
  assert.deepEqual(quotas('quota_subnet = 0'), { subnet: 0 });
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
    '/etc/neutron/neutron.conf:6: [ovs] x is not known and has no effect.',
    '/etc/neutron/neutron.conf:7: [ovs] y is not known and has no effect.',
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

test('a later file counts, also with an older name; within a file the present name counts', () => {
  const file = (path: string, line: string) => ({ path, content: `[ml2]\n${line}\n` });
  const types = (...files: { path: string; content: string }[]) =>
    settingsOf(files).settings.networking.tenantNetworkTypes;
  const [now, older] = ['tenant_network_types = flat', 'project_network_types = vlan'];
  assert.deepEqual(types(file('/a.ini', now), file('/b.ini', older)), ['vlan']);
  assert.deepEqual(types(file('/a.ini', older), file('/b.ini', now)), ['flat']);
  assert.deepEqual(types(file('/a.ini', `${now}\n${older}`)), ['flat']);
});

test('sections are the same in any case, but DEFAULT', () => {
  assert.equal(load('[Vxlan]\nlocal_ip = 10.0.0.9\n').settings.agent.localIp, '10.0.0.9');
  const { settings, warnings } = load('[default]\nbind_port = 1\n');
  assert.equal(settings.server.bindPort, 9696);
  assert.match(warnings.join(), /\[default\] is not known and has no effect; did you mean \[DEFAULT\]\?/);
});

test('what a dollar means', () => {
  const path = (value: string) => load(`[DEFAULT]\nfoo = X\nstate_path = ${value}\n[g]\nbar = Y\n`).settings.statePath;
  assert.equal(path('/$foo/$$foo/\\$foo/$5/$'), '/X/$foo/$foo/$5/$');
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is oslo.config's.
  assert.equal(path('/${foo}b/${g.bar}'), '/Xb/Y');
  assert.equal(path('/${foo-b}'), '/${foo-b}');
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is oslo.config's.
});

test('values of an option that may stand several times add up, in the order of the files', () => {
  const option = optionsOf('service_providers')('service_provider', text(), '', 'A provider.', { deprecated: ['old'] });
  const entries = [
    ...parseOslo('/a.conf', '[service_providers]\nservice_provider = 1\nservice_provider = 2\n').entries,
    ...parseOslo('/b.conf', '[service_providers]\nold = 3\nservice_provider = 4\n').entries,
  ];
  assert.deepEqual(readOptions(entries, [option]).all(option), ['1', '2', '3', '4']);
});

const keystone = (lines: string) => load(`[keystone_authtoken]\n${lines}\n`);

test('a Keystone is taken where a file names one and its service user; else the embedded Identity answers', () => {
  const all = 'auth_url = http://k:5000\nusername = neutron\npassword = geheim\nproject_name = service';
  assert.equal(keystone(all).settings.server.keystone?.cacheSeconds, 300);
  assert.equal(keystone(`${all}\ntoken_cache_time = -1`).settings.server.keystone?.cacheSeconds, -1);
  assert.equal(keystone(`${all}\nauth_url =`).settings.server.keystone, null);
  assert.equal(
    load(`[DEFAULT]\nauth_strategy = noauth\n[keystone_authtoken]\n${all}\n`).settings.server.keystone,
    null,
  );
  const { settings, warnings } = keystone('www_authenticate_uri = http://k:5000');
  assert.equal(settings.server.keystone, null);
  assert.match(warnings.join(), /:2: .*www_authenticate_uri has no effect without auth_url/);
  assert.match(
    refusal('[keystone_authtoken]\nauth_url = http://k:5000\npassword = geheim\n'),
    /:2: \[keystone_authtoken\] auth_url: expected username, project_name of a service user beside it/,
  );
  assert.match(
    refusal(`[keystone_authtoken]\n${all}\nauth_type = v3kerberos\n`),
    /expected one of password, v3password/,
  );
  assert.doesNotMatch(refusal(`[keystone_authtoken]\n${all}x$y\nauth_url = ftp://k\n`), /geheim/);
});

test('plug-ins may be named by their classes', () => {
  const { settings } = load(
    '[DEFAULT]\nservice_plugins = neutron.services.l3_router.l3_router_plugin.L3RouterPlugin,qos\n',
  );
  assert.deepEqual(settings.networking.servicePlugins, ['router', 'qos']);
});

test('the options that MTUs follow from are told with the line that counts, whatever they are called there', () => {
  const { settings } = settingsOf([
    { path: '/etc/neutron/neutron.conf', content: '[DEFAULT]\n# old\nsegment_mtu = 9000\n[ml2]\npath_mtu = 4000\n' },
    { path: '/etc/neutron/ml2_conf.ini', content: '[ml2]\npath_mtu = 3000\n[ml2_type_geneve]\nmax_header_size = 38\n' },
  ]);
  assert.deepEqual(settings.networking.mtu.places, {
    global_physnet_mtu: { file: '/etc/neutron/neutron.conf', line: 3 },
    path_mtu: { file: '/etc/neutron/ml2_conf.ini', line: 2 },
    max_header_size: { file: '/etc/neutron/ml2_conf.ini', line: 4 },
  });
});

/** A value of an option that its kind takes, where there is a way to make one. */
const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  globalPhysnetMtu: fc.integer({ min: 68, max: 65535 }),
  debug: fc.boolean(),
  authStrategy: fc.constantFrom('keystone', 'noauth'),
  typeDrivers: fc.uniqueArray(fc.constantFrom('flat', 'vlan', 'vxlan', 'gre', 'geneve', 'local')),
  flatNetworks: fc.array(fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)),
  physicalNetworkMtus: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/), fc.integer({ min: 68, max: 65535 })),
  // A backslash before a dollar is lost, in oslo.config too.
  keystonePassword: fc.stringMatching(/^[!-~]([ -~]{0,14}[!-~])?$/).filter((one) => !one.includes('\\$')),
};

test('any settings, printed as a file and read again, are what they were', () => {
  const given = fc.record(values, { requiredKeys: [] });
  fc.assert(
    fc.property(given, (wanted) => {
      const names = Object.keys(wanted) as (keyof typeof options)[];
      const lines = names.map((name) => {
        const option = options[name] as OptionDefinition<unknown>;
        // A dollar is doubled, and quotes at both ends are kept by quotes around them.
        const printed = option.kind.print(wanted[name]).replaceAll('$', '$$$$');
        return `[${option.section}]\n${option.name} = ${/^["']/.test(printed) ? `"${printed}"` : printed}`;
      });
      const { entries } = parseOslo('/etc/neutron/neutron.conf', lines.join('\n'));
      const reader = readOptions(entries, allOptions);
      for (const name of names) {
        const read = reader.value(options[name] as OptionDefinition<unknown>);
        assert.deepEqual(
          read,
          typeof wanted[name] === 'object' && !Array.isArray(wanted[name])
            ? { ...(wanted[name] as object) }
            : wanted[name],
        );
      }
      assert.deepEqual(reader.problems, []);
    }),
  );
});

test('report_interval of metering_agent.ini and that of [agent] are two options', () => {
  const text =
    '[DEFAULT]\ndriver = iptables\nmeasure_interval = 10\nreport_interval = 60\n[agent]\nreport_interval = 5\n';
  const { settings, warnings } = load(text);
  assert.equal(settings.agent.meteringIntervalSeconds, 60);
  assert.match(warnings.join(), /measure_interval has no effect: the kernel counts/);
  assert.equal(load('').settings.agent.meteringIntervalSeconds, 300);
});
