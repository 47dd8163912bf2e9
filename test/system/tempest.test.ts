/**
 * The API tests of Neutron's own tempest plugin, as Debian packages it, against a server here: they take it for Neutron. Tests that
 * cannot pass are named, each with its reason; one of those that passes is a defect of the list.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, readClouds } from '../../src/client/index.ts';
import { type Server, startNeutrino, temporaryFolder } from '../support/neutrino.ts';

/** Where Debian's packages lie; elsewhere, where they are unpacked and not installed. */
const packages = process.env.NEUTRINO_TEMPEST ?? '/usr/lib/python3/dist-packages';
const skip = existsSync(join(packages, 'neutron_tempest_plugin'))
  ? false
  : "Neutron's tempest plugin is missing (Debian's neutron-tempest-plugin)";

const configuration = `[DEFAULT]
service_plugins = router,port_forwarding,qos,segments,trunk,metering,conntrack_helper,ndp_proxy,network_segment_range
agent_down_time = 100000
dns_domain = example.org.
[ml2]
type_drivers = flat,vlan,vxlan,gre,geneve,local
extension_drivers = port_security,dns_domain_ports,data_plane_status,uplink_status_propagation_updatable
[ml2_type_flat]
flat_networks = *
[ml2_type_vxlan]
vni_ranges = 1:2000
[ml2_type_vlan]
network_vlan_ranges = public:100:200
`;

/** What is not run: it waits for hosts that wire, and there are none. */
const needsHosts = /test_router_interface_status/;

/** What fails, and why. The plugin of Debian 12 is of 2022; Neutron has moved since. */
const expected: readonly (readonly [RegExp, string])[] = [
  [
    /test_regular_client_blocked_from_updating_shared_address_group/,
    'who sees a row is told 403, not 404, since 2023.2',
  ],
  [
    /TagQosPolicyTestJSON\.test_qos_policy_tags|setUpClass .*TagFilterQosPolicyTestJSON/,
    'tags of QoS policies are for managers since 2025.1',
  ],
  [
    /test_update_subnet_service_types_bumps_revisions|test_allocate_ips_are_from_correct_subnet/,
    'service types are for administrators',
  ],
  [
    /test_list_validation_filters.*|SubnetsSearchCriteriaTest\.test_list_validation_filters/,
    'subnets of external networks are seen since 2024.1',
  ],
  [
    /test_quotas\b|test_sg_(rules_)?quota_(values|decrease_less_than_created)/,
    'limits below the use are refused since 2024.2',
  ],
  [
    /test_update_network_segment_range_failed_with_existing_range_impacted/,
    'a range that keeps its numbers may change (docs/guides/differences.md)',
  ],
  [/test_qos_dscp_create_and_update/, 'rules of shared policies are for their owners since 2023.2'],
  [/PortForwardingTestJSON\.test_associate_/, 'floating IPs show the ranges of their forwardings too'],
];

async function run(folder: string, args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    PYTHONPATH: packages,
    TEMPEST_CONFIG_DIR: folder,
    TEMPEST_CONFIG: 'tempest.conf',
  };
  const argv = ['-W', 'ignore', '-m', 'testtools.run', ...args];
  const child = spawn('/usr/bin/python3', argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 1_200_000);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (said += part));
  await once(child, 'close');
  clearTimeout(timer);
  return said;
}

/** Two hosts that report in, an external network, and the configuration of tempest that tells of them. */
async function prepare(folder: string, server: Server): Promise<void> {
  const secret = readFileSync(join(server.stateDir, 'agent-token'), 'utf8').trim();
  const types = ['Linux bridge agent', 'L3 agent', 'DHCP agent'];
  for (const host of ['host-a', 'host-b']) {
    const body = {
      functions: types.map((agent_type) => ({ agent_type, binary: 'neutrino', configurations: {} })),
      ...{ availability_zone: 'nova', local_ip: null, bridge_mappings: { public: 'br-ex' } },
      started_at: '2026-01-01T00:00:00Z',
    };
    const answer = await fetch(`${server.url}/agent/v1/hosts/${host}`, {
      ...{ method: 'POST', headers: { 'x-auth-token': secret }, body: JSON.stringify(body) },
    });
    assert.ok(answer.ok, await answer.text());
  }
  const cloud = readClouds({ cloud: 'neutrino', files: [join(server.stateDir, 'clouds.yaml')], env: {} });
  const session = await connect(cloud);
  const { networks, subnets, routers } = session.networking;
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' } as const;
  const network_id = (await networks.create({ name: 'public', 'router:external': true, ...flat })).id;
  await subnets.create({ network_id, ip_version: 4, cidr: '172.24.4.0/24', enable_dhcp: false });
  // A cloud uses its external network: one of the tests tries to close it.
  await routers.create({ external_gateway_info: { network_id } });
  const aliases = await session.networking.extensions();
  session.close();
  await mkdir(join(folder, 'locks'));
  await writeFile(
    join(folder, 'tempest.conf'),
    `[DEFAULT]
log_file = ${join(folder, 'tempest.log')}
[oslo_concurrency]
lock_path = ${join(folder, 'locks')}
[auth]
admin_username = admin
admin_project_name = admin
admin_password = ${cloud.password}
admin_domain_name = Default
use_dynamic_credentials = True
create_isolated_networks = False
[identity]
uri_v3 = ${cloud.authUrl}
auth_version = v3
region = RegionOne
[identity-feature-enabled]
api_v2 = False
[network]
public_network_id = ${network_id}
floating_network_name = public
[network-feature-enabled]
api_extensions = ${aliases.join(',')}
[service_available]
neutron = True
nova = False
cinder = False
glance = False
swift = False
[neutron_plugin_options]
agent_availability_zone = nova
available_type_drivers = flat,vlan,vxlan
provider_vlans = public
q_agent = linuxbridge
`,
    { mode: 0o600 },
  );
}

test("Neutron's tempest tests of the API take this for Neutron", { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'neutron.conf'), configuration);
  const options = ['--config-file', join(folder, 'neutron.conf')];
  await prepare(folder, await startNeutrino(t, join(folder, 'state'), options));
  const listed = await run(folder, [
    'discover',
    '--list',
    '-t',
    packages,
    '-s',
    join(packages, 'neutron_tempest_plugin/api'),
  ]);
  const only = process.env.NEUTRINO_TEMPEST_ONLY ?? '';
  const ids = listed.split('\n').filter((id) => id.startsWith('neutron_tempest_plugin.') && id.includes(only));
  assert.ok(ids.length > 0, listed.slice(-2000));
  await writeFile(join(folder, 'ids'), ids.filter((id) => !needsHosts.test(id)).join('\n'));
  const said = await run(folder, [
    'discover',
    '--load-list',
    join(folder, 'ids'),
    '-t',
    packages,
    '-s',
    join(packages, 'neutron_tempest_plugin/api'),
  ]);
  const [, count = ''] = /^Ran (\d+) tests? in/m.exec(said) ?? [];
  assert.notEqual(count, '', said.slice(-2000));
  t.diagnostic(`${count} tests ran`);
  const failed = [...said.matchAll(/^(?:FAIL|ERROR): (.*)$/gm)].map(([, id = '']) => id);
  const surprises = failed.filter((id) => !expected.some(([pattern]) => pattern.test(id)));
  const told = surprises.map((id) => said.slice(said.indexOf(`: ${id}`), said.indexOf(`: ${id}`) + 6000));
  assert.deepEqual(surprises, [], told.join('\n'));
  if (only !== '') return;
  const passing = expected.filter(([pattern]) => !failed.some((id) => pattern.test(id)));
  assert.deepEqual(
    passing.map(([pattern]) => String(pattern)),
    [],
    'these pass by now',
  );
});
