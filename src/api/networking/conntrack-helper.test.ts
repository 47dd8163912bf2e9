import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
let url: string;
let router: string;
before(async () => {
  api = await startTestApi();
  router = `/v2.0/routers/${(await api.ask(api.demo, 'POST', '/v2.0/routers', { router: {} })).body.router.id}`;
  url = `${router}/conntrack_helpers`;
});
after(() => api.close());

const post = (body: object) => api.ask(api.demo, 'POST', url, { conntrack_helper: body });
const ftp = { protocol: 'tcp', port: 21, helper: 'ftp' };

test('a router has helpers, which it shows', async () => {
  const { status, body } = await post(ftp);
  assert.equal(status, 201);
  const { id } = body.conntrack_helper;
  assert.deepEqual(body, { conntrack_helper: { id, ...ftp } });
  assert.deepEqual((await api.ask(api.demo, 'GET', router)).body.router.conntrack_helpers, [ftp]);
  const changed = await api.ask(api.demo, 'PUT', `${url}/${id}`, { conntrack_helper: { port: 2121 } });
  assert.equal(changed.body.conntrack_helper.port, 2121);
  assert.equal((await api.ask(api.demo, 'GET', `${url}?port=21`)).body.conntrack_helpers.length, 0);
  assert.equal((await api.ask(api.demo, 'DELETE', `${url}/${id}`)).status, 204);
  const gone = (await api.ask(api.demo, 'GET', `${url}/${id}`)).body.NeutronError;
  assert.deepEqual(
    [gone.type, gone.message],
    ['ConntrackHelperNotFound', `Conntrack Helper ${id} could not be found.`],
  );
});

test('helpers are those that Neutron allows, each once', async () => {
  const { id } = (await post(ftp)).body.conntrack_helper;
  const other = (await post({ ...ftp, port: 22 })).body.conntrack_helper;
  const duplicate =
    /^Bad conntrack_helper request: A duplicate conntrack helper entry with same attributes already exists/;
  const cases: [object, string, RegExp][] = [
    [ftp, 'BadRequest', duplicate],
    [{ ...ftp, helper: 'constructor' }, 'ConntrackHelperNotAllowed', /^Conntrack Helper constructor is not allowed\.$/],
    [
      { ...ftp, protocol: 'udp' },
      'InvalidProtocolForHelper',
      /^Conntrack Helper ftp does not support: udp\. Supported protocols are: tcp$/,
    ],
  ];
  for (const [body, type, sentence] of cases) {
    const answer = await post(body);
    assert.deepEqual([answer.status, answer.body.NeutronError.type], [400, type]);
    assert.match(answer.body.NeutronError.message, sentence);
  }
  const moved = await api.ask(api.demo, 'PUT', `${url}/${other.id}`, { conntrack_helper: { port: 21 } });
  assert.match(moved.body.NeutronError.message, duplicate);
  const same = await api.ask(api.demo, 'PUT', `${url}/${id}`, { conntrack_helper: { port: 21 } });
  assert.equal(same.status, 200);
});

test('without the plugin there are none', async () => {
  const bare = await startTestApi({ servicePlugins: ['router'] });
  const made = (await bare.ask(bare.demo, 'POST', '/v2.0/routers', { router: {} })).body.router;
  assert.equal('conntrack_helpers' in made, false);
  assert.equal((await bare.ask(bare.demo, 'GET', `/v2.0/routers/${made.id}/conntrack_helpers`)).status, 404);
  await bare.close();
});
