/** An API over a fresh database, with users to ask as; for tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { ManualClock } from '../lib/clock.ts';
import { SeededRandom } from '../lib/random.ts';
import { applyAgentReport, applyMetering, applyStatuses } from '../operations/agent.ts';
import { openHostView } from '../operations/host-view.ts';
import { operations } from '../operations/index.ts';
import { defaultSettings, type NetworkingSettings } from '../rules/settings.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import type { Access } from './access/access.ts';
import { bootstrapIdentity, ensureAgentToken } from './identity/bootstrap.ts';
import type { OperationsByName } from './networking/exposure.ts';
import { createApi } from './server.ts';

/** Passwords of the users, and the agents' secret. */
export const secrets = { admin: 'admin-password', demo: 'demo-password', agent: 'agent-secret' } as const;

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape.
export type Json = any;

/** An answer: its status, its headers, its body as JSON where it is some. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Json;
  readonly text: string;
}

/** The API and ways to ask it. */
export interface TestApi {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly clock: ManualClock;
  /** Asks with a token ('' for none). A string or buffer is sent as it is, anything else as JSON. */
  ask(token: string, method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The token of a log-in. */
  logIn(user: string, password: string, project?: string): Promise<string>;
  /** The token of the administrator in project admin, and of demo in project demo. */
  readonly admin: string;
  readonly demo: string;
  /** Another server on the same database, which knows its callers in another way. */
  beside(access: Access): FastifyInstance;
  close(): Promise<void>;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The body of a log-in by names. */
export function logInBody(user: string, password: string, project?: string): unknown {
  const domain = { id: 'default' };
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { name: user, domain, password } } },
      ...(project ? { scope: { project: { name: project, domain } } } : {}),
    },
  };
}

/** Starts an API over a new database in a folder of its own; `replaced`: operations to use in place of the real ones. */
export async function startTestApi(
  settings: Partial<NetworkingSettings> = {},
  replaced: OperationsByName = {},
): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-api-'));
  const clock = new ManualClock();
  const store = await openSqlite({ path: join(folder, 'db'), clock });
  await bootstrapIdentity(store, { adminPassword: secrets.admin, demoPassword: secrets.demo, clock });
  await ensureAgentToken(store, secrets.agent, clock);
  const compose = (access: object) =>
    createApi({
      ...access,
      store,
      settings: { ...defaultSettings, ...settings },
      clock,
      random: new SeededRandom(1),
      operations: { ...operations, ...replaced },
      hosts: { ...openHostView(), applyAgentReport, applyMetering, applyStatuses },
      log: false,
      publicUrl: () => 'http://cloud.test:9696',
    });
  const app = compose({});
  const ask: TestApi['ask'] = async (token, method, url, body, headers = {}) => {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const reply = await app.inject({
      method: method as 'GET',
      url,
      headers: { ...(token === '' ? {} : { 'x-auth-token': token }), ...headers },
      ...(body === undefined ? {} : { payload: isRaw ? (body as string) : JSON.stringify(body) }),
    });
    return { status: reply.statusCode, headers: reply.headers, body: parsed(reply.body), text: reply.body };
  };
  const logIn: TestApi['logIn'] = async (user, password, project) => {
    const answer = await ask('', 'POST', '/identity/v3/auth/tokens', logInBody(user, password, project));
    if (answer.status !== 201) throw new Error(`log-in of ${user}: ${answer.status} ${answer.text}`);
    return String(answer.headers['x-subject-token']);
  };
  return {
    app,
    store,
    clock,
    ask,
    logIn,
    admin: await logIn('admin', secrets.admin, 'admin'),
    demo: await logIn('demo', secrets.demo, 'demo'),
    beside: (access) => compose({ access }),
    async close() {
      await app.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A router of project demo that answers outside for the addresses of an inside network, which is of IPv6 alone. */
export async function behindNdpProxies(api: TestApi): Promise<{ router_id: string; network_id: string }> {
  const create = async (token: string, path: string, name: string, body: object) => {
    const answer = await api.ask(token, 'POST', `/v2.0/${path}`, { [name]: body });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body[name];
  };
  const shared = { name: 'six', shared: true };
  const scope = await create(api.admin, 'address-scopes', 'address_scope', { ...shared, ip_version: 6 });
  const prefixes = { prefixes: ['2001:db8::/48'], default_prefixlen: 64, address_scope_id: scope.id };
  const { id: subnetpool_id } = await create(api.admin, 'subnetpools', 'subnetpool', { ...shared, ...prefixes });
  const six = { ip_version: 6, subnetpool_id };
  const outside = await create(api.admin, 'networks', 'network', { 'router:external': true });
  await create(api.admin, 'subnets', 'subnet', { network_id: outside.id, ...six });
  const { id: network_id } = await create(api.demo, 'networks', 'network', {});
  const subnet = await create(api.demo, 'subnets', 'subnet', { network_id, ...six });
  const gateway = { external_gateway_info: { network_id: outside.id }, enable_ndp_proxy: true };
  const { id: router_id } = await create(api.demo, 'routers', 'router', gateway);
  await api.ask(api.demo, 'PUT', `/v2.0/routers/${router_id}/add_router_interface`, { subnet_id: subnet.id });
  return { router_id, network_id };
}
