import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { HostObject, WatchLine } from '../../model/host-objects.ts';
import { secrets, startTestApi, type TestApi } from '../test-bed.ts';
import { watchHost } from './watch.ts';

let api: TestApi;
let url: string;
before(async () => {
  api = await startTestApi();
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
});
after(() => api.close());

/** The lines of a watch, read as they come; `until` gives those up to the first that fits. */
async function open(host: string, since = '') {
  const ending = new AbortController();
  const headers = { 'x-auth-token': secrets.agent };
  const answer = await fetch(`${url}/agent/v1/hosts/${host}/watch${since}`, { headers, signal: ending.signal });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<WatchLine> => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end >= 0) {
        const line = JSON.parse(text.slice(0, end));
        text = text.slice(end + 1);
        return line;
      }
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error('the watch ended');
      text += value;
    }
  };
  const until = async (fits: (line: WatchLine) => boolean): Promise<WatchLine[]> => {
    const lines: WatchLine[] = [];
    do lines.push(await next());
    while (!fits(lines.at(-1) as WatchLine));
    return lines;
  };
  return { until, close: () => ending.abort() };
}

const isBookmark = (line: WatchLine) => line.type === 'bookmark';
const revOf = (lines: readonly WatchLine[]) => {
  const last = lines.at(-1);
  return last?.type === 'bookmark' ? last.rev : -1;
};
const ofKind = (lines: readonly WatchLine[], kind: HostObject['kind']) =>
  lines.flatMap((line) => (line.type === 'object' && line.object.kind === kind ? [line.object] : []));

const make = async (path: string, name: string, body: object) => {
  const answer = await api.ask(api.admin, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
};

async function reportAgent(host: string) {
  const functions = [{ agent_type: 'Linux bridge agent', binary: 'neutron-linuxbridge-agent', configurations: {} }];
  const report = { functions, local_ip: '10.99.0.1', bridge_mappings: {}, started_at: '2026-01-01T00:00:00Z' };
  assert.equal((await api.ask(secrets.agent, 'POST', `/agent/v1/hosts/${host}`, report)).status, 204);
}

const isObjectOf = (id: string) => (line: WatchLine) => line.type === 'object' && line.object.id === id;

test('a watch starts with everything, follows changes, and takes back what is gone', async () => {
  await reportAgent('alpha');
  const network = await make('networks', 'network', { name: 'watched' });
  await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: '10.8.0.0/24', enable_dhcp: false });
  const onAlpha = { network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': 'alpha' };
  const first = await make('ports', 'port', onAlpha);
  const watch = await open('alpha');
  const start = await watch.until(isBookmark);
  assert.equal(start[0]?.type, 'snapshot');
  assert.deepEqual(
    ofKind(start, 'port').map((port) => port.id),
    [first.id],
  );
  const second = await make('ports', 'port', onAlpha);
  await watch.until(isObjectOf(second.id));
  await watch.until(isBookmark);
  assert.equal((await api.ask(api.admin, 'DELETE', `/v2.0/ports/${second.id}`)).status, 204);
  const gone = await watch.until((line) => line.type === 'gone');
  assert.deepEqual(gone.at(-1), { type: 'gone', key: `port/${second.id}` });
  watch.close();
});

test('a watch that is resumed gets what it missed, and no snapshot', async () => {
  const network = await make('networks', 'network', { name: 'resumed' });
  const before = await open('beta');
  const rev = revOf(await before.until(isBookmark));
  before.close();
  await reportAgent('beta');
  const port = await make('ports', 'port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': 'beta',
  });
  const watch = await open('beta', `?since=${rev}`);
  const lines = await watch.until(isObjectOf(port.id));
  assert.equal(
    lines.some((line) => line.type === 'snapshot'),
    false,
  );
  watch.close();
});

test('a revision that is not of this database starts over', async () => {
  const watch = await open('gamma', '?since=999999999');
  assert.equal((await watch.until(isBookmark))[0]?.type, 'snapshot');
  watch.close();
});

test('hosts and revisions that cannot be are 400s', async () => {
  for (const path of ['/agent/v1/hosts/a%20b/watch', '/agent/v1/hosts/a/watch?since=x'])
    assert.equal((await api.ask(secrets.agent, 'GET', path)).status, 400, path);
  const status = { statuses: [{ key: 'port/x', state: 'ACTIVE' }] };
  assert.equal((await api.ask(secrets.agent, 'POST', '/agent/v1/hosts/a/status', status)).status, 400);
});

test('what a connection has sent already is not sent again, and a sign of life comes', async () => {
  const key = 'port/00000000-0000-4000-8000-000000000001';
  const object = { kind: 'port', id: key.slice(5) } as HostObject;
  const ending = new AbortController();
  const lines: WatchLine[] = [];
  const sink = {
    write: async (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) lines.push(JSON.parse(line));
      const bookmarks = lines.filter(isBookmark).length;
      if (bookmarks === 1) await api.store.transact(async (t) => t.wake([key]));
      if (bookmarks === 3) ending.abort();
    },
  };
  const view = { hostObject: async () => object, hostObjectKeys: async () => [key] as (typeof key)[] };
  const { store } = api;
  const settings = {} as never;
  await watchHost({ store, settings, view, host: 'h', since: undefined, sink, signal: ending.signal, bookmarkMs: 5 });
  assert.equal(lines.filter((line) => line.type === 'object').length, 1);
  assert.ok(revOf(lines) > revOf(lines.slice(0, 3)), 'the commit was followed');
});

test('a reader that is gone ends its watch', async () => {
  const sink = { write: () => Promise.reject(new Error('the reader is gone')) };
  const view = { hostObject: async () => undefined, hostObjectKeys: async () => [] };
  const { store } = api;
  const signal = new AbortController().signal;
  const watch = watchHost({ store, settings: {} as never, view, host: 'h', since: undefined, sink, signal });
  await assert.rejects(watch, /the reader is gone/);
});
