import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const labels = '/v2.0/metering/metering-labels';
const rules = '/v2.0/metering/metering-label-rules';
const label = async () => {
  const answer = await api.ask(api.admin, 'POST', labels, { metering_label: { name: 'out', shared: true } });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.metering_label;
};
const rule = (body: object) => api.ask(api.admin, 'POST', rules, { metering_label_rule: body });

test('a label and its rules are made, shown and deleted; nothing of them changes', async () => {
  const made = await label();
  assert.deepEqual([made.name, made.shared, made.description], ['out', true, '']);
  const body = { metering_label_id: made.id, direction: 'egress', source_ip_prefix: '10.0.0.0/24' };
  const { status, body: answer } = await rule(body);
  assert.equal(status, 201);
  const { id } = answer.metering_label_rule;
  assert.deepEqual(answer.metering_label_rule, {
    id,
    ...body,
    excluded: false,
    remote_ip_prefix: null,
    destination_ip_prefix: null,
  });
  assert.equal((await api.ask(api.admin, 'PUT', `${rules}/${id}`, { metering_label_rule: {} })).status, 405);
  assert.equal((await api.ask(api.demo, 'GET', `${labels}/${made.id}`)).status, 404);
  assert.equal((await api.ask(api.demo, 'POST', labels, { metering_label: {} })).status, 403);
  assert.equal((await api.ask(api.admin, 'DELETE', `${labels}/${made.id}`)).status, 204);
  const gone = (await api.ask(api.admin, 'GET', `${rules}/${id}`)).body.NeutronError;
  assert.deepEqual(
    [gone.type, gone.message],
    ['MeteringLabelRuleNotFound', `Metering label rule '${id}' does not exist.`],
  );
});

test('a rule names the remote prefix, or source and destination; remote prefixes of a direction do not overlap', async () => {
  const of = { metering_label_id: (await label()).id, direction: 'ingress' };
  assert.equal((await rule({ ...of, remote_ip_prefix: '10.0.0.0/24' })).status, 201);
  const cases: [object, number, string, RegExp][] = [
    [of, 400, 'Invalid', /^You must define at least one of/],
    [{ ...of, remote_ip_prefix: '::/0', source_ip_prefix: '::/0' }, 400, 'Invalid', /^Cannot use 'remote-ip-prefix'/],
    [
      { ...of, remote_ip_prefix: '10.0.0.128/25' },
      409,
      'MeteringLabelRuleOverlaps',
      /^Metering label rule with remote_ip_prefix '10\.0\.0\.128\/25' overlaps another\.$/,
    ],
    [
      { ...of, metering_label_id: '00000000-0000-4000-8000-000000000000', remote_ip_prefix: '10.0.0.0/8' },
      404,
      'MeteringLabelNotFound',
      /does not exist/,
    ],
  ];
  for (const [body, status, type, sentence] of cases) {
    const answer = await rule(body);
    assert.deepEqual([answer.status, answer.body.NeutronError.type], [status, type]);
    assert.match(answer.body.NeutronError.message, sentence);
  }
  assert.equal((await rule({ ...of, direction: 'egress', remote_ip_prefix: '10.0.0.128/25' })).status, 201);
  assert.equal((await rule({ ...of, excluded: true, remote_ip_prefix: '10.0.0.128/25' })).status, 201);
});

test('without the plugin there are none', async () => {
  const bare = await startTestApi({ servicePlugins: ['router'] });
  for (const path of [labels, rules]) assert.equal((await bare.ask(bare.admin, 'GET', path)).status, 404);
  await bare.close();
});
