import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { agentClient, ClientError, CloudsError, connect, login, networkingClient, readClouds } from './index.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;
const open: Server[] = [];

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => handler(request, response, body));
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answer(response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const failsWith = (status: number, type: string) => (error: unknown) =>
  error instanceof ClientError && error.status === status && error.type === type;

after(() => {
  for (const server of open) {
    server.close();
    server.closeAllConnections();
  }
});

describe('networkingClient', () => {
  it('takes paths and members from the model', async () => {
    const seen: string[] = [];
    const url = await serve((request, response, body) => {
      seen.push(`${request.method} ${request.url} ${body} ${request.headers['x-auth-token']}`);
      if (request.method === 'DELETE') return answer(response, 204);
      answer(
        response,
        200,
        request.url?.includes('port_forwardings') ? { port_forwarding: { id: 'p' } } : { router: {} },
      );
    });
    const client = networkingClient({ url: `${url}/v2.0/`, token: 'secret' });
    await client.portForwardings('fip').create({ protocol: 'tcp', external_port: 9000 });
    await client.routers.update('r', { name: 'b' });
    await client.securityGroups.remove('g');
    client.close();
    assert.deepEqual(seen, [
      'POST /v2.0/floatingips/fip/port_forwardings {"port_forwarding":{"protocol":"tcp","external_port":9000}} secret',
      'PUT /v2.0/routers/r {"router":{"name":"b"}} secret',
      'DELETE /v2.0/security-groups/g  secret',
    ]);
  });

  it('puts the pages of a list together, and leaves a limit of the caller alone', async () => {
    const url = await serve((request, response) => {
      const second = request.url?.includes('marker=a');
      const links = second ? {} : { networks_links: [{ rel: 'next', href: `${url}/v2.0/networks?marker=a` }] };
      answer(response, 200, { networks: [{ id: second ? 'b' : 'a' }], ...links });
    });
    const client = networkingClient({ url, token: 't' });
    assert.deepEqual(
      (await client.networks.list({ name: 'x' })).map((row) => row.id),
      ['a', 'b'],
    );
    assert.deepEqual(
      (await client.networks.list({ limit: 1 })).map((row) => row.id),
      ['a'],
    );
    client.close();
  });

  it('throws what NeutronError says', async () => {
    const url = await serve((_request, response) =>
      answer(response, 404, {
        NeutronError: { type: 'NetworkNotFound', message: 'Network x could not be found.', detail: '' },
      }),
    );
    const client = networkingClient({ url, token: 't' });
    await assert.rejects(client.networks.show('x'), (error: ClientError) => {
      assert.equal(error.message, 'Network x could not be found.');
      return failsWith(404, 'NetworkNotFound')(error);
    });
    client.close();
  });

  it('ends at its deadline, before and in the middle of an answer', async () => {
    const url = await serve((request, response) => {
      if (request.url?.includes('middle')) response.write('{');
    });
    const client = networkingClient({ url, token: 't', deadlineMs: 30 });
    await assert.rejects(client.networks.show('x'), failsWith(0, 'DeadlineExceeded'));
    await assert.rejects(client.networks.show('middle'), failsWith(0, 'DeadlineExceeded'));
    client.close();
  });

  it('says that nothing answers', async () => {
    const client = networkingClient({ url: 'http://127.0.0.1:1', token: 't' });
    await assert.rejects(client.networks.list(), failsWith(0, 'ConnectionFailed'));
    client.close();
  });
});

describe('login', () => {
  const identity = (accepted: () => string, issue: () => string): Handler => {
    return (request, response, body) => {
      const root = `http://${request.headers.host}`;
      if (request.url === '/identity/v3/auth/tokens') {
        const user = JSON.parse(body).auth.identity.password.user;
        if (user.password !== 'right')
          return answer(response, 401, { error: { code: 401, title: 'Unauthorized', message: 'no' } });
        const catalog = [{ type: 'network', endpoints: [{ interface: 'public', region_id: 'R', url: root }] }];
        return answer(response, 201, { token: { catalog, user: { id: 'u' } } }, { 'x-subject-token': issue() });
      }
      if (request.headers['x-auth-token'] !== accepted()) return answer(response, 401, { error: { message: 'ended' } });
      answer(response, 200, { networks: [] });
    };
  };

  it('gives token and endpoint, and fails with 401 on a wrong password', async () => {
    const url = await serve(
      identity(
        () => 'a',
        () => 'a',
      ),
    );
    const got = await login({ authUrl: `${url}/identity`, username: 'admin', password: 'right', project: 'admin' });
    assert.equal(got.token, 'a');
    assert.equal(got.networkUrl, url);
    const wrong = login({ authUrl: `${url}/identity/v3`, username: 'admin', password: 'WRONG', project: 'admin' });
    await assert.rejects(
      wrong,
      (error: ClientError) => failsWith(401, 'Unauthorized')(error) && !String(error).includes('WRONG'),
    );
  });

  it('logs in again when the token has ended, once for many calls', async () => {
    let current = 0;
    let issued = 0;
    const url = await serve(
      identity(
        () => `t${current}`,
        () => {
          issued += 1;
          return `t${issued}`;
        },
      ),
    );
    current = 1;
    const session = await connect({
      authUrl: `${url}/identity`,
      username: 'admin',
      password: 'right',
      project: 'admin',
    });
    await session.networking.networks.list();
    current = 2;
    await Promise.all([1, 2, 3].map(() => session.networking.networks.list()));
    assert.equal(issued, 2);
    session.close();
  });
});

describe('readClouds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'neutrino-clouds-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('reads the named cloud of the first file, with the secrets beside it', () => {
    const auth = '{auth_url: "http://a/identity", username: admin, project_name: admin, user_domain_id: default}';
    const file = write('clouds.yaml', `clouds: {neutrino: {auth: ${auth}, verify: false, region_name: R}, other: {}}`);
    write('secure.yaml', 'clouds: {neutrino: {auth: {password: pw}}}');
    const cloud = readClouds({ cloud: 'neutrino', env: { OS_CLIENT_CONFIG_FILE: file } });
    assert.deepEqual(cloud, {
      name: 'neutrino',
      source: file,
      authUrl: 'http://a/identity',
      username: 'admin',
      password: 'pw',
      project: 'admin',
      domainId: 'default',
      region: 'R',
      tls: { insecure: true },
    });
    assert.throws(() => readClouds({ files: [file], env: {} }), /say which/);
    assert.throws(() => readClouds({ cloud: 'x', files: [file], env: {} }), /has no cloud x; it has neutrino, other/);
  });

  it('reads the environment', () => {
    const env = {
      OS_AUTH_URL: 'http://a',
      OS_USERNAME: 'u',
      OS_PASSWORD: 'p',
      OS_PROJECT_NAME: 'x',
      OS_USER_DOMAIN_NAME: 'D',
    };
    assert.deepEqual(readClouds({ env }), {
      name: 'envvars',
      source: 'environment',
      authUrl: 'http://a',
      username: 'u',
      password: 'p',
      project: 'x',
      domain: 'D',
    });
  });

  it('shows no secret in the error of a broken file', () => {
    const file = write('broken.yaml', 'clouds:\n  a: {password: hunter2\n b: [');
    assert.throws(
      () => readClouds({ files: [file], env: {} }),
      (error: Error) => error instanceof CloudsError && !error.message.includes('hunter2'),
    );
    assert.throws(() => readClouds({ files: [join(folder, 'none.yaml')], env: {} }), /No clouds.yaml; looked for/);
  });
});

describe('agentClient', () => {
  const secret = 'agent-secret';
  const watchAll = async (url: string, options: { idleMs?: number; maxLine?: number } = {}, signal?: AbortSignal) => {
    const client = agentClient({ url, secret, host: 'h/1', ...options });
    const lines: string[] = [];
    try {
      for await (const line of client.watch(7, signal)) lines.push(line.type);
      return { lines, error: undefined };
    } catch (error) {
      return { lines, error: error as ClientError };
    } finally {
      client.close();
    }
  };

  it('reports, and reads lines that are cut anywhere', async () => {
    const seen: string[] = [];
    const url = await serve((request, response, body) => {
      seen.push(`${request.method} ${request.url} ${body}`);
      assert.equal(request.headers['x-auth-token'], secret);
      if (request.method === 'POST') return answer(response, 204);
      response.write('{"type":"snap');
      setTimeout(() => response.write('shot"}\n{"type":"new-in-2030"}\n\n{"type":"gone","key":"router/ä"}\n'), 5);
      setTimeout(() => response.end('{"type":"bookmark","rev":9}\n{"type":"bookm'), 10);
    });
    const client = agentClient({ url, secret, host: 'h/1' });
    await client.status({ statuses: [{ key: 'router/r', state: 'ACTIVE' }] });
    client.close();
    assert.deepEqual(await watchAll(url), { lines: ['snapshot', 'gone', 'bookmark'], error: undefined });
    assert.deepEqual(seen, [
      'POST /agent/v1/hosts/h%2F1/status {"statuses":[{"key":"router/r","state":"ACTIVE"}]}',
      'GET /agent/v1/hosts/h%2F1/watch?since=7 ',
    ]);
  });

  it('ends on silence, on a line that is too long, on rubbish, and when told to', async () => {
    const say = (text: string) => serve((_request, response) => void response.write(text));
    const silent = await watchAll(await say('{"type":"snapshot"}\n'), { idleMs: 30 });
    assert.deepEqual([silent.lines, silent.error?.type], [['snapshot'], 'ConnectionFailed']);
    const long = await watchAll(await say('x'.repeat(2000)), { maxLine: 1000 });
    assert.equal(long.error?.type, 'ConnectionFailed');
    const rubbish = await watchAll(await say('{"type":"bookmark","rev":"x"}\n'));
    assert.equal(rubbish.error?.type, 'InvalidResponse');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    const stopped = await watchAll(await say('{"type":"snapshot"}\n'), {}, stop.signal);
    assert.equal(stopped.error?.type, 'Cancelled');
  });

  it('throws the status of a refused watch', async () => {
    const url = await serve((_request, response) => answer(response, 401, { error: { message: 'who?' } }));
    const refused = await watchAll(url);
    assert.equal(refused.error?.status, 401);
  });
});
