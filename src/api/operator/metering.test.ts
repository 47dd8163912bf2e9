import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secrets, startTestApi } from '../test-bed.ts';

const router_id = '00000000-0000-4000-8000-00000000000a';

async function counting(settings: object) {
  const api = await startTestApi(settings);
  const body = { metering_label: { name: 'uplink', shared: true } };
  const { metering_label } = (await api.ask(api.admin, 'POST', '/v2.0/metering/metering-labels', body)).body;
  const count = { router_id, project_id: 'a"b', label_id: metering_label.id, direction: 'egress' };
  const report = { run: 'r', number: 1, boot: 'b', counts: [{ ...count, packets: 3, bytes: 300 }] };
  const tell = (changes: object = {}) =>
    api.ask(secrets.agent, 'POST', '/agent/v1/hosts/alpha/metering', { ...report, ...changes });
  return { api, label: metering_label.id as string, report, tell };
}

test('administrators are told what labels counted, nobody else is', async (t) => {
  const { api, label, tell } = await counting({});
  t.after(() => api.close());
  assert.equal((await tell()).status, 204);
  const times = { first_update: '2026-01-01T00:00:00Z', last_update: '2026-01-01T00:00:00Z' };
  const total = { project_id: 'a"b', direction: 'egress', packets: 3, bytes: 300, ...times };
  const all = await api.ask(api.admin, 'GET', '/operator/v1/metering');
  const [first] = all.body.metering;
  assert.deepEqual([all.status, first.id, first.name, first.shared], [200, label, 'uplink', true]);
  assert.deepEqual([first.totals, first.routers], [[total], undefined]);
  const one = await api.ask(api.admin, 'GET', `/operator/v1/metering?label_id=${label}`);
  assert.deepEqual(one.body.metering[0].routers, [{ host: 'alpha', router_id, ...total }]);
  const none = await api.ask(api.admin, 'GET', `/operator/v1/metering?label_id=${router_id}`);
  assert.deepEqual([none.status, none.body.NeutronError.type], [404, 'MeteringLabelNotFound']);
  assert.equal((await api.ask(api.demo, 'GET', '/operator/v1/metering')).status, 403);
  assert.equal((await api.ask('', 'GET', '/operator/v1/metering')).status, 401);
});

test('a report of counts that is not one is refused, with the member', async (t) => {
  const { api, report, tell } = await counting({});
  t.after(() => api.close());
  const [count] = report.counts;
  const wrong: [object, RegExp][] = [
    [{ counts: [{ ...count, packets: -1 }] }, /packets/],
    [{ counts: [{ ...count, direction: 'up' }] }, /direction/],
    [{ counts: Array.from({ length: 1001 }, () => count) }, /counts/],
    [{ number: 'first' }, /number/],
  ];
  for (const [changes, member] of wrong) {
    const answer = await tell(changes);
    assert.equal(answer.status, 400);
    assert.match(answer.body.NeutronError.message, member);
  }
  assert.equal((await api.ask(api.demo, 'POST', '/agent/v1/hosts/alpha/metering', report)).status, 401);
});

test('measurements, which anybody may read, tell of projects only where that is asked for', async (t) => {
  for (const meteringMetrics of [false, true]) {
    const { api, label, tell } = await counting({ meteringMetrics });
    t.after(() => api.close());
    await tell();
    const { text } = await api.ask('', 'GET', '/metrics');
    const series = `{label_id="${label}",project_id="a\\"b",direction="egress"}`;
    assert.equal(text.includes(`\n# TYPE neutrino_metering_bytes_total counter\n`), meteringMetrics);
    assert.equal(text.includes(`\nneutrino_metering_bytes_total${series} 300\n`), meteringMetrics);
    assert.equal(text.includes(`\nneutrino_metering_packets_total${series} 3\n`), meteringMetrics);
  }
});
