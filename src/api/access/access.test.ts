import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { type Keystone, openKeystone } from '../../client/keystone.ts';
import { ManualClock } from '../../lib/clock.ts';
import { secrets, startTestApi, type TestApi } from '../test-bed.ts';
import { type KeystoneAccessOptions, keystoneAccess, rememberingVerifier } from './keystone.ts';
import { noauthAccess } from './noauth.ts';

let keystone: TestApi;
let url: string;
const opened: { close(): unknown }[] = [];

before(async () => {
  keystone = await startTestApi();
  // Tokens end by this clock, and the client of Keystone has the machine's.
  keystone.clock.advance(Date.now() - keystone.clock.now());
  url = await keystone.app.listen({ port: 0, host: '127.0.0.1' });
});
after(async () => {
  for (const one of opened) await one.close();
  await keystone.close();
});

const tokens = '/identity/v3/auth/tokens';
const networks = '/v2.0/networks';
const adminToken = () => keystone.logIn('admin', secrets.admin, 'admin');

interface Neutron {
  readonly get: (
    token: string,
    headers?: object,
    path?: string,
  ) => Promise<{ status: number; headers: object; body: string }>;
  readonly asked: () => number;
  readonly warnings: string[];
  readonly client: Keystone;
}

/** A Networking API whose Identity is the other server, over HTTP. */
function neutron(
  options: { authUrl?: string; password?: string; deadlineMs?: number } & Partial<KeystoneAccessOptions>,
) {
  const { authUrl = `${url}/identity`, password = secrets.admin, deadlineMs = 5000, ...access } = options;
  // The catalog of the test bed names a host that is not there: no endpoint of it is taken.
  const user = { username: 'admin', password, project: 'admin', interface: 'none' };
  const client = openKeystone({ authUrl, ...user, deadlineMs, retries: 0 });
  const warnings: string[] = [];
  let asked = 0;
  const app: FastifyInstance = keystone.beside(
    keystoneAccess({
      verify: (token, how) => {
        asked++;
        return client.verify(token, how);
      },
      cacheSeconds: 300,
      serviceRoles: ['service'],
      serviceRolesRequired: true,
      publicAuthUrl: 'http://keystone.test/v3',
      warn: (sentence) => warnings.push(sentence),
      clock: keystone.clock,
      ...access,
    }),
  );
  opened.push(app, client);
  const get: Neutron['get'] = async (token, headers = {}, path = networks) => {
    const answer = await app.inject({ method: 'GET', url: path, headers: { 'x-auth-token': token, ...headers } });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  };
  return { get, asked: () => asked, warnings, client } satisfies Neutron;
}

test('tokens of the Keystone are good, once asked about and then remembered; the embedded Identity is not served', async () => {
  const { get, asked } = neutron({});
  const text = await keystone.logIn('demo', secrets.demo, 'demo');
  for (let i = 0; i < 5; i++) assert.equal((await get(text)).status, 200);
  assert.equal(asked(), 1);
  assert.equal((await get('', {}, '/identity/v3')).status, 404);
  const refused = await get('no-such-token');
  assert.equal(refused.status, 401);
  assert.match(refused.body, /"error"/);
  assert.equal(
    (refused.headers as Record<string, string>)['www-authenticate'],
    'Keystone uri="http://keystone.test/v3"',
  );
  assert.equal((await get('')).status, 401);
});

test('roles and project are those of the token', async () => {
  const { get } = neutron({});
  const agents = '/v2.0/agents';
  const demo = await keystone.logIn('demo', secrets.demo, 'demo');
  assert.notEqual((await get(demo, {}, agents)).status, 401);
  assert.match((await get(demo, {}, agents)).body, /"agents":\[\]|disallowed/);
  assert.equal((await get(await adminToken(), {}, agents)).status, 200);
  const unscoped = await keystone.ask('', 'POST', tokens, {
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: 'admin', domain: { id: 'default' }, password: secrets.admin } },
      },
      scope: { system: { all: true } },
    },
  });
  const system = await get(String(unscoped.headers['x-subject-token']));
  assert.ok(!system.body.includes('"id"'), 'the scope of the system sees no networks');
});

test('many requests with one token ask once', async () => {
  const { get, asked } = neutron({ cacheSeconds: -1 });
  const text = await keystone.logIn('demo', secrets.demo, 'demo');
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(text)));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.ok(asked() < 20, `${asked()} questions`);
});

test('a revoked token is good for as long as the answer is remembered, and no longer', async () => {
  const { get } = neutron({ cacheSeconds: 60 });
  const text = await keystone.logIn('demo', secrets.demo, 'demo');
  assert.equal((await get(text)).status, 200);
  assert.equal((await keystone.ask(text, 'DELETE', tokens, undefined, { 'x-subject-token': text })).status, 204);
  assert.equal((await get(text)).status, 200);
  keystone.clock.advance(60_000);
  assert.equal((await get(text)).status, 401);
});

test("the service user's token may end before its time", async () => {
  const { get } = neutron({ cacheSeconds: -1 });
  assert.equal((await get(await keystone.logIn('demo', secrets.demo, 'demo'))).status, 200);
  const [admin] = (await keystone.ask(await adminToken(), 'GET', '/identity/v3/users?name=admin')).body.users;
  const body = { user: { original_password: secrets.admin, password: secrets.admin } };
  assert.equal((await keystone.ask('', 'POST', `/identity/v3/users/${admin.id}/password`, body)).status, 204);
  assert.equal((await get(await keystone.logIn('demo', secrets.demo, 'demo'))).status, 200);
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('with Keystone away, slow, broken, or refusing the service user, nobody new comes in', async () => {
  const gone = createServer();
  const away = await listening(gone);
  gone.close();
  const slow = await listening(createServer(() => undefined));
  const broken = await listening(
    createServer((_request, response) => void response.writeHead(201, { 'x-subject-token': 'x' }).end('{"token": 5}')),
  );
  const text = await keystone.logIn('demo', secrets.demo, 'demo');
  for (const options of [
    { authUrl: away },
    { authUrl: slow, deadlineMs: 50 },
    { authUrl: broken },
    { password: 'wrong-service-password' },
  ]) {
    const { get, warnings } = neutron(options);
    const answer = await get(text);
    assert.equal(answer.status, 503, JSON.stringify(options));
    assert.match(answer.body, /Keystone service is temporarily unavailable/);
    await get(text);
    assert.equal(warnings.length, 1, 'told once in a while');
    assert.doesNotMatch(warnings.join(), new RegExp(`${text}|service-password`));
  }
});

test('what is remembered goes on while Keystone is away', async () => {
  let isAway = false;
  const verified = { userId: 'u', projectId: 'p', roles: ['member'], expiresMs: Number.MAX_SAFE_INTEGER };
  const { get } = neutron({
    verify: async () => {
      if (isAway) throw new Error('away');
      return verified;
    },
  });
  assert.equal((await get('a')).status, 200);
  isAway = true;
  assert.equal((await get('a')).status, 200);
  assert.equal((await get('b')).status, 503);
});

test('a service with the role vouches for a token that has ended', async () => {
  const ended = { userId: 'u', projectId: 'p', roles: ['member'], expiresMs: 1 };
  const good = { ...ended, expiresMs: Number.MAX_SAFE_INTEGER };
  const { get } = neutron({
    verify: async (token, { allowExpired }) => {
      if (token === 'nova') return { ...good, roles: ['service'] };
      if (token === 'somebody') return good;
      return allowExpired ? ended : undefined;
    },
  });
  assert.equal((await get('old')).status, 401);
  assert.equal((await get('old', { 'x-service-token': 'nova' })).status, 200);
  assert.equal((await get('old', { 'x-service-token': 'somebody' })).status, 401);
  assert.equal((await get('old')).status, 401, 'what was let in by a service is not remembered for others');
});

test('no more tokens are asked about at a time than can be', async () => {
  const options = { cacheSeconds: 300, clock: new ManualClock() } as unknown as KeystoneAccessOptions;
  const verify = rememberingVerifier({ ...options, verify: () => new Promise(() => undefined) });
  const asked = Array.from({ length: 300 }, (_, i) => verify(String(i), { allowExpired: false }));
  const settled = await Promise.all(
    asked.map((one) => Promise.race([one.catch(() => 'refused'), Promise.resolve('open')])),
  );
  assert.equal(settled.filter((one) => one === 'open').length >= 256, true);
  await assert.rejects(verify('one more', { allowExpired: false }), /busy/);
});

test('without authentication everybody is an administrator, or who they say; web pages are not', async () => {
  const app = keystone.beside(noauthAccess());
  opened.push(app);
  const ask = async (method: 'GET' | 'POST', headers: Record<string, string>, payload?: object) => {
    const answer = await app.inject({ method, url: networks, headers, ...(payload ? { payload } : {}) });
    return { status: answer.statusCode, body: answer.json() };
  };
  const made = await ask('POST', {}, { network: { name: 'n' } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(made.body.network.project_id, 'admin');
  for (const name of ['x-project-id', 'x-tenant-id']) {
    const other = await ask('POST', { [name]: 'theirs' }, { network: {} });
    assert.equal(other.body.network.project_id, 'theirs');
  }
  const asReader = { 'x-project-id': 'theirs', 'x-roles': 'reader' };
  assert.equal((await ask('POST', asReader, { network: {} })).status, 403);
  assert.equal((await ask('GET', asReader)).body.networks.length, 2);
  assert.equal((await ask('GET', { origin: 'http://evil.test' })).status, 403);
  assert.equal((await ask('GET', { 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await ask('GET', { 'sec-fetch-site': 'none' })).status, 200);
  for (const headers of [{}, { 'x-auth-token': 'anything' }]) {
    const report = await app.inject({ method: 'POST', url: '/agent/v1/hosts/h1', payload: {}, headers });
    assert.equal(report.statusCode, 401, 'agents show their secret all the same');
  }
});
