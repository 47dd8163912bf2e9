/** A small cloud on a real SQLite store, for the tests of what is above ports. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../lib/clock.ts';
import { SeededRandom } from '../lib/random.ts';
import { Fault } from '../model/faults.ts';
import type { AgentReport } from '../model/host-objects.ts';
import type { floatingip, network, port, router, subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { agentTypes } from '../rules/schedule.ts';
import { defaultSettings, type NetworkingSettings } from '../rules/settings.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Reader, Store } from '../store/store.ts';
import { applyAgentReport } from './agent.ts';
import type { Caller, Context } from './context.ts';
import { floatingipOperations } from './floatingip.ts';
import { networkOperations } from './network.ts';
import { portForwardingOperations } from './port-forwarding.ts';
import { portOperations } from './port-operations.ts';
import { routerOperations } from './router.ts';
import { addInterface } from './router-interface.ts';
import { subnetOperations } from './subnet.ts';

/** An administrator, and members of two projects. */
export const admin: Caller = { userId: 'u-admin', projectId: 'p-admin', roles: ['admin', 'member'], isAdmin: true };
export const demo: Caller = { userId: 'u-demo', projectId: 'p-demo', roles: ['member'], isAdmin: false };
export const other: Caller = { userId: 'u-other', projectId: 'p-other', roles: ['member'], isAdmin: false };

/** The sign of life of a host with the functions L2, L3 and DHCP. `vtep` is its tunnel endpoint. */
export function agentReport(vtep: string | null, driver: 'linuxbridge' | 'openvswitch' = 'linuxbridge'): AgentReport {
  const types = [agentTypes[driver], agentTypes.l3, agentTypes.dhcp];
  return {
    functions: types.map((agent_type) => ({ agent_type, binary: 'neutrino', configurations: {} })),
    local_ip: vtep,
    bridge_mappings: { public: 'br-ex' },
    started_at: '2026-01-01T00:00:00Z',
  };
}

/** A store with the means to act on it. */
export class Cloud {
  readonly store: Store;
  readonly settings: NetworkingSettings = defaultSettings;
  readonly clock: ManualClock;
  readonly random = new SeededRandom(7);
  readonly #folder: string;

  constructor(store: Store, clock: ManualClock, folder: string) {
    this.store = store;
    this.clock = clock;
    this.#folder = folder;
  }

  /** Does something in one transaction. */
  act<T>(caller: Caller, work: (c: Context) => Promise<T>): Promise<T> {
    const { settings, clock, random } = this;
    return this.store.transact((t) => work({ t, caller, settings, clock, random }));
  }

  read<T>(work: (r: Reader) => Promise<T>): Promise<T> {
    return this.store.read(work);
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.#folder, { recursive: true });
  }

  /** A host reports in with its functions. `vtep` is its tunnel endpoint. */
  host(name: string, vtep: string | null = null, driver?: 'linuxbridge' | 'openvswitch'): Promise<void> {
    return this.act(admin, (c) => applyAgentReport(c, name, agentReport(vtep, driver)));
  }

  network(caller: Caller, draft: Draft<typeof network> = {}): Promise<Row<typeof network>> {
    return this.act(caller, (c) => required(networkOperations.create)(c, draft));
  }

  subnet(caller: Caller, networkId: string, cidr: string, draft: Draft<typeof subnet> = {}) {
    const ip_version = cidr.includes(':') ? 6 : 4;
    return this.act(caller, (c) =>
      required(subnetOperations.create)(c, { network_id: networkId, cidr, ip_version, enable_dhcp: false, ...draft }),
    );
  }

  port(caller: Caller, networkId: string, draft: Draft<typeof port> = {}): Promise<Row<typeof port>> {
    return this.act(caller, (c) => required(portOperations.create)(c, { network_id: networkId, ...draft }));
  }

  router(caller: Caller, draft: Draft<typeof router> = {}): Promise<Row<typeof router>> {
    return this.act(caller, (c) => required(routerOperations.create)(c, draft));
  }

  attach(caller: Caller, row: Row<typeof router>, body: Record<string, unknown>) {
    return this.act(caller, (c) => addInterface(c, row, body));
  }

  floatingIp(caller: Caller, networkId: string, draft: Draft<typeof floatingip> = {}) {
    return this.act(caller, (c) =>
      required(floatingipOperations.create)(c, { floating_network_id: networkId, ...draft }),
    );
  }

  forward(caller: Caller, fip: Row<typeof floatingip>, draft: ForwardingDraft) {
    return this.act(caller, (c) => required(portForwardingOperations.create)(c, draft, fip as never));
  }
}

/** The body of a request for a forwarding. */
export type ForwardingDraft = Parameters<NonNullable<typeof portForwardingOperations.create>>[1];

/** What a resource surely offers. */
export function required<T>(operation: T | undefined): T {
  assert.ok(operation !== undefined);
  return operation;
}

/** A store in a folder of its own. */
export async function openCloud(): Promise<Cloud> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-operations-'));
  const clock = new ManualClock();
  return new Cloud(await openSqlite({ path: join(folder, 'neutrino.db'), clock }), clock, folder);
}

/** A cloud with an outside network, an inside one of the demo project, a router between them, and an instance. */
export async function openSmallCloud() {
  const cloud = await openCloud();
  const outside = await cloud.network(admin, {
    name: 'outside',
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'public',
  });
  const outsideSubnet = await cloud.subnet(admin, outside.id, '203.0.113.0/24');
  const inside = await cloud.network(demo, { name: 'inside' });
  const insideSubnet = await cloud.subnet(demo, inside.id, '10.0.0.0/24');
  const router = await cloud.router(demo, { external_gateway_info: { network_id: outside.id } });
  await cloud.attach(demo, router, { subnet_id: insideSubnet.id });
  const fixed_ips = [{ subnet_id: insideSubnet.id, ip_address: '10.0.0.5' }];
  const instance = await cloud.port(demo, inside.id, { fixed_ips, device_owner: 'compute:nova', device_id: 'vm' });
  return { cloud, outside, outsideSubnet, inside, insideSubnet, router, instance };
}

/** Asserts that a promise rejects with this fault. */
export async function refused(promise: Promise<unknown>, status: number, type: string, sentence: string | RegExp) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Fault, `expected the fault ${type}, got ${error}`);
  assert.equal(`${error.status} ${error.type}`, `${status} ${type}`);
  if (typeof sentence === 'string') assert.equal(error.message, sentence);
  else assert.match(error.message, sentence);
}
