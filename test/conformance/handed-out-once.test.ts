/**
 * What there is little of, asked for by many at once: every number, address and port goes to one, all of them go, and limits hold. On
 * SQLite by one server, on PostgreSQL by two that draw the same lots.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { bootstrapIdentity } from '../../src/api/identity/bootstrap.ts';
import { createApi } from '../../src/api/server.ts';
import { logInBody } from '../../src/api/test-bed.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SeededRandom } from '../../src/lib/random.ts';
import { applyAgentReport, applyMetering, applyStatuses } from '../../src/operations/agent.ts';
import { hostObject, hostObjectKeys } from '../../src/operations/host-view.ts';
import { operations } from '../../src/operations/index.ts';
import { defaultSettings } from '../../src/rules/settings.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { postgresMissing, startPostgres } from '../support/postgres.ts';

const VNIS = 12;
const settings = { ...defaultSettings, vxlanRanges: [{ first: 1, last: VNIS }] };

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape are looked into.
type Json = any;
type Ask = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: Json }>;

/** Asks the servers on these stores by turns, as an administrator. */
async function servers(t: TestContext, stores: readonly Store[]): Promise<Ask> {
  // Ids are drawn by each server for itself; what is scarce is drawn alike.
  const apps = stores.map((store, at) => {
    const lots = new SeededRandom(1);
    const ids = new SeededRandom(100 + at);
    return createApi({
      store,
      settings,
      clock: systemClock,
      random: { below: (limit) => lots.below(limit), uuid: () => ids.uuid() },
      operations,
      hosts: { hostObject, hostObjectKeys, applyAgentReport, applyMetering, applyStatuses },
      log: false,
      publicUrl: () => 'http://cloud.test:9696',
    });
  });
  for (const app of apps) t.after(() => app.close());
  const [first] = stores;
  if (first) await bootstrapIdentity(first, { adminPassword: 'a', demoPassword: 'd' });
  const payload = JSON.stringify(logInBody('admin', 'a', 'admin'));
  const logIn = await apps[0]?.inject({ method: 'POST', url: '/identity/v3/auth/tokens', payload });
  const headers = { 'x-auth-token': String(logIn?.headers['x-subject-token']) };
  let turn = 0;
  return async (method, path, body) => {
    const app = apps[turn++ % apps.length];
    const rest = body === undefined ? {} : { payload: JSON.stringify(body) };
    const reply = await app?.inject({ method: method as 'GET', url: `/v2.0/${path}`, headers, ...rest });
    return { status: reply?.statusCode ?? 0, body: reply?.body ? reply.json() : undefined };
  };
}

const times = <T>(count: number, act: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => act(at)));

const once = (values: readonly unknown[], count: number) => {
  assert.equal(new Set(values).size, values.length, `twice: ${values}`);
  assert.equal(values.length, count);
};

async function suite(ask: Ask): Promise<void> {
  const make = async (path: string, name: string, body: object): Promise<Json> => {
    const answer = await ask('POST', path, { [name]: body });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body[name];
  };
  /** Asks at once, then one by one until there is no more; the type of the fault that says so. */
  const drain = async (path: string, name: string, body: object, fault: string) => {
    const many = { [`${name}s`]: [body, body] };
    const answers = await times(12, (at) => ask('POST', path, at % 3 === 0 ? many : { [name]: body }));
    for (const { status, body: said } of answers) if (status !== 201) assert.equal(said.NeutronError.type, fault);
    for (let left = 0; left < 30; left++) {
      const { status, body: said } = await ask('POST', path, { [name]: body });
      if (status === 201) continue;
      assert.equal(said.NeutronError.type, fault);
      return;
    }
    assert.fail(`there is no end of ${path}`);
  };

  const outside = await make('networks', 'network', {
    ...{ 'router:external': true, 'provider:network_type': 'flat', 'provider:physical_network': 'public' },
  });
  await make('subnets', 'subnet', {
    network_id: outside.id,
    ip_version: 4,
    cidr: '203.0.113.0/24',
    enable_dhcp: false,
  });
  const inside = await make('networks', 'network', {});
  const subnet = { network_id: inside.id, ip_version: 4, cidr: '10.0.0.0/28', enable_dhcp: false };
  const subnet_id = (await make('subnets', 'subnet', subnet)).id;

  await drain('networks', 'network', {}, 'NoNetworkAvailable');
  const networks: Json[] = (await ask('GET', 'networks?provider:network_type=vxlan')).body.networks;
  once(
    networks.map((one) => one['provider:segmentation_id']),
    VNIS,
  );

  const asked = { network_id: inside.id, fixed_ips: [{ subnet_id, ip_address: '10.0.0.9' }] };
  const claims = await times(8, () => ask('POST', 'ports', { port: asked }));
  assert.equal(claims.filter(({ status }) => status === 201).length, 1, 'an address that many ask for goes to one');
  for (const { status, body } of claims)
    if (status !== 201) assert.equal(body.NeutronError.type, 'IpAddressAlreadyAllocated');
  const target = claims.find(({ status }) => status === 201)?.body.port;
  await drain('ports', 'port', { network_id: inside.id }, 'IpAddressGenerationFailure');
  const ports: Json[] = (await ask('GET', `ports?network_id=${inside.id}`)).body.ports;
  once(
    ports.flatMap((one) => one.fixed_ips.map((fixed: Json) => fixed.ip_address)),
    13,
  );
  once(
    ports.map((one) => one.mac_address),
    13,
  );

  const router = await make('routers', 'router', { external_gateway_info: { network_id: outside.id } });
  await ask('DELETE', `ports/${ports.find((one) => one.id !== target.id).id}`);
  const { status } = await ask('PUT', `routers/${router.id}/add_router_interface`, { subnet_id });
  assert.equal(status, 200);
  const fip = await make('floatingips', 'floatingip', { floating_network_id: outside.id });
  const forwarding = { internal_port_id: target.id, internal_ip_address: '10.0.0.9', protocol: 'tcp' };
  const forwarded = await times(8, (at) =>
    ask('POST', `floatingips/${fip.id}/port_forwardings`, {
      port_forwarding: { ...forwarding, internal_port: 80 + at, external_port: 2222 },
    }),
  );
  assert.deepEqual(forwarded.map((one) => one.status).sort(), [201, ...Array(7).fill(400)]);

  const project = inside.project_id;
  const { used } = (await ask('GET', `quotas/${project}/details`)).body.quota.router;
  await ask('PUT', `quotas/${project}`, { quota: { router: used + 3 } });
  const routers = await times(10, () => ask('POST', 'routers', { router: {} }));
  assert.deepEqual(routers.map((one) => one.status).sort(), [...Array(3).fill(201), ...Array(7).fill(409)]);
}

describe('what is scarce is handed out once, and all of it', { timeout: 120_000 }, () => {
  test('on SQLite', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'neutrino-scarce-'));
    t.after(() => rm(folder, { recursive: true }));
    const store = await openSqlite({ path: join(folder, 'db'), clock: systemClock });
    t.after(() => store.close());
    await suite(await servers(t, [store]));
  });

  test('on PostgreSQL, by two servers', { skip: postgresMissing() ?? false }, async (t) => {
    const postgres = await startPostgres();
    t.after(() => postgres.stop());
    const url = await postgres.freshDatabase();
    const stores = [await openPostgres({ url, clock: systemClock }), await openPostgres({ url, clock: systemClock })];
    for (const store of stores) t.after(() => store.close());
    await suite(await servers(t, stores));
  });
});
