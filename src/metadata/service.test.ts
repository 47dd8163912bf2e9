import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { metadataPaths } from '../plan/render/metadata-proxy.ts';
import { entry, network } from './fixtures.ts';
import { Instances, startMetadataService } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root: the socket is given to nobody';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string | undefined;
  readonly retryAfter: string | undefined;
}

/** A service with one instance, 10.0.0.5 on network n, and a way to ask it as a proxy does. */
async function open(t: TestContext, nova?: { listener: RequestListener; deadlineMs?: number } | { port: number }) {
  const stateDir = mkdtempSync(join(tmpdir(), 'neutrino-metadata-'));
  const instances = new Instances();
  instances.told('metadata/n', network('n', [entry('p', ['10.0.0.5'])]));
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
  let peer: Server | undefined;
  let port = 0;
  if (nova && 'listener' in nova) {
    peer = createServer(nova.listener);
    await new Promise<void>((resolve) => peer?.listen(0, '127.0.0.1', resolve));
    port = (peer.address() as AddressInfo).port;
  } else if (nova) port = nova.port;
  const files = { caFile: '', clientCertFile: '', clientKeyFile: '' };
  const options = {
    protocol: 'http',
    host: '127.0.0.1',
    port,
    insecure: false,
    sharedSecret: 's3cr3t',
    ...files,
  } as const;
  const deadline = nova && 'deadlineMs' in nova ? { deadlineMs: nova.deadlineMs ?? 1000 } : {};
  const service = await startMetadataService({
    stateDir,
    instances,
    zone: 'nova',
    nova: nova ? options : null,
    log,
    ...deadline,
  });
  t.after(async () => {
    await service.stop();
    peer?.closeAllConnections();
    peer?.close();
    rmSync(stateDir, { recursive: true });
  });
  const { socket } = metadataPaths(stateDir);
  const from = { 'X-Forwarded-For': '10.0.0.5', 'X-Neutron-Network-ID': 'n' };
  const ask = (path: string, headers: Record<string, string> = from, method = 'GET', body = '') =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request({ socketPath: socket, path, headers, method }, (response) => {
        let text = '';
        response.on('data', (part) => (text += part));
        response.on('end', () => {
          const { 'content-type': type, 'retry-after': retryAfter } = response.headers;
          resolve({ status: response.statusCode ?? 0, body: text, type, retryAfter });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { ask, from, lines, socket };
}

test('the socket is for nobody, which is what proxies run as', { skip }, async (t) => {
  const { socket } = await open(t);
  const { mode, uid } = statSync(socket);
  assert.deepEqual([mode & 0o777, uid], [0o600, 65534]);
});

test('who asks is known by one door and one address, and by nothing else', { skip }, async (t) => {
  const { ask, from } = await open(t);
  assert.equal((await ask('/latest/meta-data/instance-id')).body, 'vm-p');
  const address = { 'X-Forwarded-For': '10.0.0.5' };
  for (const headers of [
    {},
    address,
    { 'X-Neutron-Network-ID': 'n' },
    { ...from, 'X-Neutron-Router-ID': 'r' },
    { ...from, 'X-Forwarded-For': '10.0.0.5, 10.0.0.6' },
    { ...from, 'X-Forwarded-For': 'x' },
  ])
    assert.equal((await ask('/', headers as Record<string, string>)).status, 400, JSON.stringify(headers));
  assert.equal((await ask('/', { ...from, 'X-Forwarded-For': '10.0.0.6' })).status, 404);
  assert.equal((await ask('/', { ...address, 'X-Neutron-Router-ID': 'r' })).status, 404);
  assert.equal((await ask('/openstack/latest/meta_data.json')).type, 'application/json');
  assert.equal((await ask('/latest/meta-data/', from, 'POST', 'x')).status, 405);
});

test("Nova's answers pass, whatever they are", { skip }, async (t) => {
  const listener: RequestListener = (asked, answer) => {
    answer.writeHead(asked.url === '/none' ? 404 : 200, { 'content-type': 'text/x' });
    answer.end(
      `${asked.method} ${asked.headers['x-instance-id']} ${asked.headers['x-neutron-network-id'] ?? 'no more'}`,
    );
  };
  const { ask, from } = await open(t, { listener });
  const answer = await ask('/openstack', { ...from, 'X-Instance-ID': 'forged' });
  assert.deepEqual([answer.status, answer.type, answer.body], [200, 'text/x', 'GET vm-p no more']);
  assert.equal((await ask('/none')).status, 404);
});

test('a Nova that is silent is waited for so long, and one that is away not at all', { skip }, async (t) => {
  const silent = await open(t, { listener: () => undefined, deadlineMs: 50 });
  const late = await silent.ask('/');
  assert.deepEqual([late.status, late.retryAfter], [504, '1']);
  const away = await open(t, { port: 1 });
  const refused = await away.ask('/');
  assert.deepEqual([refused.status, refused.retryAfter], [503, '1']);
  await away.ask('/');
  assert.equal(away.lines.length, 1, 'it is said once');
  assert.doesNotMatch(away.lines.join(), /s3cr3t/);
});

test('an instance sends little, and says how much', { skip }, async (t) => {
  const { ask, from } = await open(t, { listener: (asked, answer) => asked.pipe(answer) });
  assert.equal((await ask('/', { ...from, 'content-length': '5' }, 'POST', 'hello')).body, 'hello');
  const large = 'x'.repeat(65537);
  assert.equal((await ask('/', { ...from, 'content-length': String(large.length) }, 'POST', large)).status, 413);
  assert.equal((await ask('/', { ...from, 'transfer-encoding': 'chunked' }, 'POST', 'x')).status, 413);
});
