/**
 * A storm of writes through the API, cut off by kill -9: what was acknowledged is there, nothing is half made, and nothing was handed out
 * twice. On both databases.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ClientError, connect, type NetworkingClient } from '../../src/client/index.ts';
import { type Server, startNeutrino, temporaryFolder } from '../support/neutrino.ts';
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts';

type Kind = 'networks' | 'subnets' | 'ports' | 'floatingIps' | 'securityGroupRules';
type Acknowledged = { kind: Kind; id: string } | { kind: 'forwarding'; id: string; floatingIp: string };

const unlimited = ['network', 'subnet', 'port', 'router', 'floatingip', 'security_group', 'security_group_rule'];

async function session(server: Server) {
  const { auth_url: authUrl, username, password } = server.auth();
  const cloud = { authUrl, username, password, project: 'admin' };
  return connect({ ...cloud, networkUrl: server.url });
}

async function ground(api: NetworkingClient, projectId: string) {
  const quota = Object.fromEntries(unlimited.map((name) => [name, -1]));
  await api.request('PUT', `/quotas/${projectId}`, { quota });
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' } as const;
  const external = await api.networks.create({ 'router:external': true, ...flat });
  await api.subnets.create({ network_id: external.id, ip_version: 4, cidr: '172.16.0.0/20', enable_dhcp: false });
  const inside = await api.networks.create({});
  const subnet = await api.subnets.create({ network_id: inside.id, ip_version: 4, cidr: '10.0.0.0/20' });
  const router = await api.routers.create({ external_gateway_info: { network_id: external.id } });
  await api.routers.action(router.id, 'add_router_interface', { subnet_id: subnet.id });
  const group = await api.securityGroups.create({ name: 'storm' });
  const target = await api.ports.create({ network_id: inside.id });
  const fip = await api.floatingIps.create({ floating_network_id: external.id });
  return { external, inside, group, target, fip };
}

type Ground = Awaited<ReturnType<typeof ground>>;

/** One writer: creates of all kinds, one after another, until the server is gone. Tells of each that was acknowledged. */
async function write(
  api: NetworkingClient,
  g: Ground,
  writer: number,
  told: (one: Acknowledged) => void,
): Promise<void> {
  const address = g.target.fixed_ips?.[0]?.ip_address ?? '';
  for (let round = 0; round < 4000; round++) {
    const number = writer * 4000 + round;
    const network = await api.networks.create({ name: `n-${number}` });
    told({ kind: 'networks', id: network.id });
    const cidr = `10.${64 + (number % 64)}.0.0/24`;
    const subnet = await api.subnets.create({ network_id: network.id, ip_version: 4, cidr });
    told({ kind: 'subnets', id: subnet.id });
    for (const port of await api.ports.createMany([{ network_id: g.inside.id }, { network_id: g.inside.id }]))
      told({ kind: 'ports', id: port.id });
    const fip = await api.floatingIps.create({ floating_network_id: g.external.id });
    told({ kind: 'floatingIps', id: fip.id });
    const ports = { port_range_min: 1 + number, port_range_max: 1 + number } as const;
    const rule = await api.securityGroupRules.create({
      security_group_id: g.group.id,
      direction: 'ingress',
      protocol: 'tcp',
      ...ports,
    });
    told({ kind: 'securityGroupRules', id: rule.id });
    const inner = { internal_ip_address: address, internal_port_id: g.target.id, internal_port: 1 + number };
    const forwarding = await api
      .portForwardings(g.fip.id)
      .create({ ...inner, external_port: 1 + number, protocol: 'tcp' });
    told({ kind: 'forwarding', id: forwarding.id, floatingIp: g.fip.id });
  }
}

const idsOf = (rows: readonly { id: string }[]) => new Set(rows.map(({ id }) => id));
const twice = (values: readonly unknown[]) => values.filter((value, index) => values.indexOf(value) !== index);

/** Everything that was acknowledged is there, whole, and nothing is there twice. */
async function inspect(
  api: NetworkingClient,
  g: Ground,
  acknowledged: readonly Acknowledged[],
  projectId: string,
): Promise<void> {
  const [networks, subnets, ports, floatingIps, rules, forwardings] = await Promise.all([
    api.networks.list(),
    api.subnets.list(),
    api.ports.list(),
    api.floatingIps.list(),
    api.securityGroupRules.list(),
    api.portForwardings(g.fip.id).list(),
  ]);
  const there = {
    networks: idsOf(networks),
    subnets: idsOf(subnets),
    ports: idsOf(ports),
    floatingIps: idsOf(floatingIps),
    securityGroupRules: idsOf(rules),
    forwarding: idsOf(forwardings),
  };
  const lost = acknowledged.filter(({ kind, id }) => !there[kind].has(id));
  assert.deepEqual(lost, [], 'acknowledged and lost');

  const vnis = networks.map((one) => `${one['provider:network_type']} ${one['provider:segmentation_id']}`);
  assert.deepEqual(twice(vnis), [], 'a VNI of two networks');
  const addresses = ports.flatMap((one) =>
    (one.fixed_ips ?? []).map(({ ip_address: ip }) => `${one.network_id} ${ip}`),
  );
  assert.deepEqual(twice(addresses), [], 'an address of two ports');
  assert.deepEqual(twice(forwardings.map((one) => one.external_port)), [], 'an external port of two forwardings');
  for (const one of subnets) assert.ok(there.networks.has(one.network_id), `subnet ${one.id} without its network`);
  for (const one of ports) assert.equal(one.fixed_ips?.length, 1, `port ${one.id} without its address`);
  const outside = ports.filter((one) => one.device_owner === 'network:floatingip').map((one) => one.device_id);
  assert.deepEqual(
    outside.sort(),
    [...there.floatingIps].sort(),
    'each floating IP has its port, each such port its floating IP',
  );

  const details = (await api.request('GET', `/quotas/${projectId}/details`)) as {
    quota: Record<string, { used: number }>;
  };
  const own = (rows: readonly { project_id: string }[]) => rows.filter((one) => one.project_id === projectId).length;
  assert.equal(details.quota.network?.used, own(networks), 'networks counted');
  assert.equal(details.quota.port?.used, own(ports), 'ports counted');
  assert.equal(details.quota.floatingip?.used, own(floatingIps), 'floating IPs counted');
  assert.equal(details.quota.security_group_rule?.used, own(rules), 'rules counted');
}

async function storm(t: TestContext, args: readonly string[], milliseconds: number): Promise<void> {
  const folder = await temporaryFolder(t);
  const acknowledged: Acknowledged[] = [];
  let server = await startNeutrino(t, folder, args);
  let { networking: api, login, close } = await session(server);
  const projectId = login.projectId ?? '';
  const g = await ground(api, projectId);
  for (const round of [0, 1]) {
    const writers = Array.from({ length: 8 }, (_, writer) =>
      write(api, g, round * 8 + writer, (one) => acknowledged.push(one)).catch((error: unknown) => {
        // The connection breaks when the server dies; a refusal would be a finding.
        if (!(error instanceof ClientError) || error.status !== 0) throw error;
      }),
    );
    const before = acknowledged.length;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    // A busy machine writes slowly: a storm it is when there is something to lose.
    for (let waited = 0; waited < 300 && acknowledged.length <= before + 50; waited++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    await server.end('SIGKILL');
    await Promise.all(writers);
    assert.ok(acknowledged.length > before + 50, `only ${acknowledged.length - before} writes in round ${round}`);
    close();
    server = await startNeutrino(t, folder, args);
    ({ networking: api, close } = await session(server));
    await inspect(api, g, acknowledged, projectId);
  }
  close();
  await server.end('SIGTERM');
}

describe('kill -9 in a storm of writes', { timeout: 120_000 }, () => {
  test('on SQLite', (t) => storm(t, [], 1500));

  describe('on PostgreSQL', { skip: postgresMissing() ?? false }, () => {
    let postgres: TestPostgres;
    before(async () => {
      postgres = await startPostgres();
    });
    after(() => postgres?.stop());

    test('on PostgreSQL', async (t) => {
      const folder = await temporaryFolder(t);
      const file = join(folder, 'neutron.conf');
      const text = `[DEFAULT]\nservice_plugins = router,port_forwarding\n[database]\nconnection = ${await postgres.freshDatabase()}\n`;
      await writeFile(file, text);
      await storm(t, ['--config-file', file], 2500);
    });
  });
});
