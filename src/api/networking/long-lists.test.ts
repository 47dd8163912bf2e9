/** Long lists, many at a time, over real connections. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

const PORTS = 1200;
const AT_ONCE = 12;

let api: TestApi;
let url: string;
const names = new Set<string>();

before(async () => {
  api = await startTestApi({ quotas: { port: -1 } });
  const network = await api.ask(api.demo, 'POST', '/v2.0/networks', { network: {} });
  for (let from = 0; from < PORTS; from += 200) {
    const ports = Array.from({ length: 200 }, (_, at) => ({
      network_id: network.body.network.id,
      name: `port ${from + at} é`,
      description: 'd'.repeat(200),
    }));
    const made = await api.ask(api.demo, 'POST', '/v2.0/ports', { ports });
    assert.equal(made.status, 201, made.text);
    for (const { name } of ports) names.add(name);
  }
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}/v2.0`;
});
after(() => api.close());

const headers = () => ({ 'x-auth-token': api.demo });

async function listPorts(): Promise<void> {
  const answer = await fetch(`${url}/ports`, { headers: headers() });
  const body = await answer.text();
  assert.equal(answer.status, 200, body);
  assert.equal(Number(answer.headers.get('content-length')), Buffer.byteLength(body));
  const found = (JSON.parse(body) as Json).ports.map(({ name }: Json) => name);
  assert.equal(found.length, PORTS);
  assert.deepEqual(new Set(found), names);
}

/** Asks for the ports, reads a little, and goes. */
async function leaveEarly(): Promise<void> {
  const asked = request(`${url}/ports`, { headers: headers() }).end();
  const [answer] = await once(asked, 'response');
  await once(answer, 'readable');
  asked.destroy();
}

test('many long lists at a time are all whole, and short answers come in between', async () => {
  const short = async () => {
    const answer = await fetch(`${url}/networks?fields=id`, { headers: headers() });
    assert.equal(((await answer.json()) as Json).networks.length, 1);
  };
  const works = Array.from({ length: AT_ONCE }, () => [listPorts(), short()]);
  await Promise.all(works.flat());
});

test('clients that leave in the middle of a list hinder nobody', async () => {
  for (let round = 0; round < 3; round++) {
    const leavers = Array.from({ length: AT_ONCE }, leaveEarly);
    await Promise.all([...leavers, listPorts(), listPorts(), listPorts()]);
  }
});

test('a client that asks much and reads late has every byte', { timeout: 60_000 }, async () => {
  const { port } = api.app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const ask = (connection: string) =>
    `GET /v2.0/ports HTTP/1.1\r\nhost: a\r\nx-auth-token: ${api.demo}\r\nconnection: ${connection}\r\n\r\n`;
  socket.write(ask('keep-alive').repeat(AT_ONCE - 1) + ask('close'));
  await once(socket, 'readable');
  await sleep(300);
  const answers = await text(socket);
  const found = [...answers.matchAll(/"name":"([^"]*)"/g)].map(([, name]) => name);
  assert.equal(found.length, PORTS * AT_ONCE);
  assert.deepEqual(new Set(found), names);
});
