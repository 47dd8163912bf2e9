import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { AgentReport, HostKey, StatusReport } from '../model/host-objects.ts';
import { agent, dhcpBinding, floatingip, port, router, routerBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { agentTypes } from '../rules/schedule.ts';
import { agentOperations, applyAgentReport, applyStatuses } from './agent.ts';
import { admin, type Cloud, demo, openCloud, required } from './router-testing.ts';
import { scheduleRouter } from './schedule.ts';

let cloud: Cloud;
beforeEach(async () => {
  cloud = await openCloud();
});
afterEach(() => cloud.close());

const functions = [agentTypes.linuxbridge, agentTypes.l3, agentTypes.dhcp].map((agent_type) => ({
  agent_type,
  binary: 'neutrino',
  configurations: { interface_driver: 'linuxbridge' },
}));
const report = (changes: Partial<AgentReport> = {}): AgentReport => ({
  functions,
  local_ip: '192.0.2.1',
  bridge_mappings: { public: 'br-ex' },
  started_at: '2026-01-01T00:00:00Z',
  ...changes,
});
const signOfLife = (host: string, changes: Partial<AgentReport> = {}) =>
  cloud.act(admin, (c) => applyAgentReport(c, host, report(changes)));
const statuses = (host: string, ...entries: StatusReport['statuses'][number][]) =>
  cloud.act(admin, (c) => applyStatuses(c, host, { statuses: entries }));
const agentOf = async (host: string, type: string) => {
  const row = await cloud.read((r) => r.first(agent, { host, agent_type: type }));
  assert.ok(row);
  return row;
};
const hostOfRouter = async (id: string) => (await cloud.read((r) => r.first(routerBinding, { router_id: id })))?.host;

/** The keys that work wakes. */
async function woken(work: () => Promise<unknown>): Promise<HostKey[]> {
  const since = await cloud.read((r) => r.head());
  await work();
  const entries = await cloud.read((r) => r.journal(since, 100));
  return entries.flatMap((entry) => entry.keys);
}

async function lan(cidr: string, options: { enable_dhcp?: boolean } = {}) {
  const on = await cloud.network(demo);
  return { on, sub: await cloud.subnet(demo, on.id, cidr, options) };
}

test('a host shows as its functions, with what it says of itself and whether it is alive', async () => {
  await signOfLife('alpha');
  const l2 = await agentOf('alpha', agentTypes.linuxbridge);
  assert.deepEqual(l2.configurations, {
    interface_driver: 'linuxbridge',
    tunneling_ip: '192.0.2.1',
    bridge_mappings: { public: 'br-ex' },
  });
  assert.equal((await agentOf('alpha', agentTypes.l3)).topic, 'l3_agent');
  const { settings, clock } = cloud;
  const alive = async () => {
    const computed = await cloud.read(async (r) =>
      agentOperations.compute?.({ r, caller: admin, settings, clock }, [l2]),
    );
    return computed?.[0]?.alive;
  };
  assert.equal(await alive(), true);
  clock.advance(76_000);
  assert.equal(await alive(), false);
  await signOfLife('alpha');
  assert.equal((await cloud.read((r) => r.find(agent, { host: 'alpha' }))).length, 3);
});

test('a sign of life wakes nobody, a new endpoint those who send to it', async () => {
  const { on } = await lan('10.0.0.0/24');
  await signOfLife('alpha');
  await cloud.port(admin, on.id, { 'binding:host_id': 'alpha' });
  assert.deepEqual(await woken(() => signOfLife('alpha')), []);
  const keys = await woken(() => signOfLife('alpha', { local_ip: '192.0.2.9' }));
  assert.deepEqual(keys, [`network/${on.id}`]);
});

test('what waited for a host is given to the first that reports in', async () => {
  const { on, sub } = await lan('10.0.0.0/24', { enable_dhcp: true });
  const made = await cloud.router(demo);
  await cloud.attach(demo, made, { subnet_id: sub.id });
  const failed = await cloud.port(admin, on.id, { 'binding:host_id': 'alpha' });
  assert.equal(failed['binding:vif_type'], 'binding_failed');
  assert.equal(await hostOfRouter(made.id), undefined);
  await signOfLife('alpha');
  assert.equal(await hostOfRouter(made.id), 'alpha');
  const ports = await cloud.read((r) => r.find(port, { network_id: on.id }));
  assert.deepEqual(
    new Set(ports.map((row) => row.device_owner)),
    new Set(['', 'network:dhcp', 'network:router_interface']),
  );
  for (const row of ports) assert.equal(`${row['binding:host_id']} ${row['binding:vif_type']}`, 'alpha bridge');
});

test('work goes to the least loaded host that can wire it, and stays when the host is down', async () => {
  await signOfLife('alpha', { bridge_mappings: {} });
  await signOfLife('beta');
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' } as const;
  const outside = await cloud.network(admin, { ...flat, 'router:external': true });
  await cloud.subnet(admin, outside.id, '203.0.113.0/24');
  const info = { external_gateway_info: { network_id: outside.id } };
  const rows: Row<typeof router>[] = [];
  for (let n = 0; n < 3; n++) rows.push(await cloud.router(admin, info));
  for (const row of rows) assert.equal(await hostOfRouter(row.id), 'beta');
  const inner = await cloud.router(admin);
  await cloud.act(admin, (c) => scheduleRouter(c, inner.id));
  assert.equal(await hostOfRouter(inner.id), 'alpha');
  cloud.clock.advance(76_000);
  await signOfLife('alpha', { bridge_mappings: {} });
  await cloud.act(admin, (c) => scheduleRouter(c, inner.id));
  await cloud.act(admin, (c) => scheduleRouter(c, rows[0]?.id ?? ''));
  assert.equal(await hostOfRouter(rows[0]?.id ?? ''), 'beta');
});

test('DHCP leaves a host that is down for one that is not', async () => {
  await signOfLife('alpha');
  const { on, sub } = await lan('10.0.0.0/24', { enable_dhcp: true });
  cloud.clock.advance(76_000);
  await signOfLife('beta');
  await cloud.subnet(demo, on.id, '10.0.1.0/24', { enable_dhcp: true });
  const bindings = await cloud.read((r) => r.find(dhcpBinding, { network_id: on.id }));
  assert.deepEqual(
    bindings.map((binding) => binding.host),
    ['beta'],
  );
  const [served] = await cloud.read((r) => r.find(port, { network_id: on.id }));
  assert.equal(served?.fixed_ips.length, 2);
  assert.ok(served?.fixed_ips.some((fixedIp) => fixedIp.subnet_id === sub.id));
});

test('DHCP of a host that is long gone is handed over by the reports of another alone', async () => {
  await signOfLife('alpha');
  const { on } = await lan('10.0.0.0/24', { enable_dhcp: true });
  const hosts = async () => {
    const bindings = await cloud.read((r) => r.find(dhcpBinding, { network_id: on.id }));
    return bindings.map((binding) => binding.host);
  };
  cloud.clock.advance(149_000);
  await signOfLife('beta');
  assert.deepEqual(await hosts(), ['alpha']);
  cloud.clock.advance(2_000);
  await signOfLife('beta');
  assert.deepEqual(await hosts(), ['beta']);
});

test('statuses reach ports, routers, their ports and their floating IPs, and change no revision', async () => {
  await signOfLife('alpha');
  const outside = await cloud.network(admin, { 'router:external': true });
  await cloud.subnet(admin, outside.id, '203.0.113.0/24');
  const { on, sub } = await lan('10.0.0.0/24', { enable_dhcp: true });
  const made = await cloud.router(demo, { external_gateway_info: { network_id: outside.id } });
  await cloud.attach(demo, made, { subnet_id: sub.id });
  const instance = await cloud.port(admin, on.id, { 'binding:host_id': 'alpha', project_id: 'p-demo' });
  const fip = await cloud.floatingIp(demo, outside.id, { port_id: instance.id });
  const revision = (await cloud.read((r) => r.get(port, instance.id)))?.revision_number;
  const keys: HostKey[] = [`port/${instance.id}`, `dhcp/${on.id}`, `router/${made.id}`];
  assert.deepEqual(await woken(() => statuses('alpha', ...keys.map((key) => ({ key, state: 'ACTIVE' }) as const))), []);
  const ports = await cloud.read((r) => r.find(port, { 'binding:host_id': 'alpha' }));
  assert.equal(ports.length, 4);
  assert.ok(ports.every((row) => row.status === 'ACTIVE'));
  assert.equal(ports.find((row) => row.id === instance.id)?.revision_number, revision);
  assert.equal((await cloud.read((r) => r.get(router, made.id)))?.status, 'ACTIVE');
  assert.equal((await cloud.read((r) => r.get(floatingip, fip.id)))?.status, 'ACTIVE');
  await statuses('alpha', { key: `router/${made.id}`, state: 'ERROR', reason: 'iptables-restore: exit 2' });
  assert.equal((await cloud.read((r) => r.get(floatingip, fip.id)))?.status, 'ERROR');
});

test('another host has no say about a port that is not on it', async () => {
  await signOfLife('alpha');
  const { on } = await lan('10.0.0.0/24');
  const row = await cloud.port(admin, on.id, { 'binding:host_id': 'alpha' });
  await statuses('beta', { key: `port/${row.id}`, state: 'ACTIVE' });
  assert.equal((await cloud.read((r) => r.get(port, row.id)))?.status, 'DOWN');
});

test('the reasons of failures stand with the agent whose work it is, until it works; only so many are kept', async () => {
  await signOfLife('alpha');
  const key: HostKey = 'router/11111111-1111-4111-8111-111111111111';
  await statuses('alpha', { key, state: 'ERROR', reason: 'x'.repeat(2000) });
  const failures = async () => (await agentOf('alpha', agentTypes.l3)).configurations.failures as { reason: string }[];
  assert.equal((await failures())[0]?.reason.length, 500);
  await signOfLife('alpha');
  assert.equal((await failures()).length, 1);
  await statuses('alpha', { key, state: 'ACTIVE' });
  assert.deepEqual(await failures(), []);
  const many = Array.from({ length: 80 }, (_, n) => ({ key: `router/${n}`, state: 'ERROR', reason: 'no' }) as const);
  await statuses('alpha', ...many);
  assert.equal((await failures()).length, 50);
});

test('what a deleted agent had goes to others', async () => {
  await signOfLife('alpha');
  const { on } = await lan('10.0.0.0/24', { enable_dhcp: true });
  const made = await cloud.router(demo);
  await cloud.act(admin, (c) => scheduleRouter(c, made.id));
  for (const row of await cloud.read((r) => r.find(agent, { host: 'alpha' }))) {
    await cloud.act(admin, (c) => required(agentOperations.remove)(c, row));
  }
  assert.deepEqual(await cloud.read((r) => r.find(port, { network_id: on.id })), []);
  await signOfLife('beta');
  assert.equal(await hostOfRouter(made.id), 'beta');
  const [served] = await cloud.read((r) => r.find(port, { network_id: on.id }));
  assert.equal(served?.['binding:host_id'], 'beta');
});
