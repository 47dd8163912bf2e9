import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicationCredential } from '../../model/index.ts';
import { startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
let demoId: string;
let path: string;
before(async () => {
  api = await startTestApi();
  const own = await api.ask(api.demo, 'GET', tokens, undefined, { 'x-subject-token': api.demo });
  demoId = own.body.token.user.id;
  path = `/identity/v3/users/${demoId}/application_credentials`;
});
after(() => api.close());

const tokens = '/identity/v3/auth/tokens';
const create = (token: string, given: object) =>
  api.ask(token, 'POST', path, { application_credential: { description: null, ...given } });
/** Logs in by what a creation answered, or by what names one. */
const enter = (credential: object, scope?: object) =>
  api.ask('', 'POST', tokens, {
    auth: {
      identity: { methods: ['application_credential'], application_credential: credential },
      ...(scope ? { scope } : {}),
    },
  });
const tokenOf = async (credential: object) => {
  const answer = await enter(credential);
  assert.equal(answer.status, 201, answer.text);
  return { text: String(answer.headers['x-subject-token']), body: answer.body.token };
};

test('one is made, shows its secret once, lets a program in by id and by name, and ends with it', async () => {
  const made = await create(api.demo, { name: 'ci' });
  assert.equal(made.status, 201, made.text);
  const { id, secret } = made.body.application_credential;
  assert.equal(made.body.application_credential.roles.length, 2, 'the roles of the token');
  const rows = await api.store.read((r) => r.find(applicationCredential));
  assert.ok(!JSON.stringify(rows).includes(secret), 'only a hash is stored');
  for (const url of [path, `${path}?name=ci`, `${path}/${id}`]) {
    const { status, text } = await api.ask(api.demo, 'GET', url);
    assert.equal(status, 200);
    assert.ok(text.includes(id) && !text.includes(secret) && !text.includes('hash'));
  }
  const byId = await tokenOf({ id, secret });
  const byName = await tokenOf({ name: 'ci', secret, user: { name: 'demo', domain: { name: 'Default' } } });
  assert.equal(byName.body.application_credential.restricted, true);
  assert.equal(byId.body.project.name, 'demo');
  assert.deepEqual(byId.body.methods, ['application_credential']);
  assert.equal((await api.ask(byId.text, 'GET', '/v2.0/networks')).status, 200);
  assert.equal((await enter({ id, secret: `${secret}x` })).status, 401);
  assert.equal((await enter({ id, secret }, { project: { name: 'admin', domain: { id: 'default' } } })).status, 401);
  assert.equal((await create(api.demo, { name: 'ci' })).status, 409);
  assert.equal((await api.ask(api.demo, 'DELETE', `${path}/${id}`)).status, 204);
  assert.equal((await api.ask(byId.text, 'GET', '/v2.0/networks')).status, 401, 'its tokens end with it');
  assert.equal((await enter({ id, secret })).status, 401);
  assert.equal((await api.ask(api.demo, 'GET', `${path}/${id}`)).status, 404);
});

test('a restricted one makes and deletes none; an unrestricted one does', async () => {
  const bound = (await create(api.demo, { name: 'bound', secret: 'a secret that I chose' })).body
    .application_credential;
  const free = (await create(api.demo, { name: 'free', unrestricted: true })).body.application_credential;
  assert.equal(bound.secret, 'a secret that I chose');
  const { text: weak } = await tokenOf(bound);
  const { text: strong } = await tokenOf(free);
  assert.equal((await create(weak, { name: 'more' })).status, 403);
  assert.equal((await api.ask(weak, 'DELETE', `${path}/${free.id}`)).status, 403);
  assert.equal((await create(strong, { name: 'more' })).status, 201);
  const again = await api.ask('', 'POST', tokens, { auth: { identity: { methods: ['token'], token: { id: weak } } } });
  assert.equal(again.status, 201);
  assert.equal((await create(String(again.headers['x-subject-token']), { name: 'next' })).status, 403, 'it stays one');
  const scope = { project: { name: 'demo', domain: { id: 'default' } } };
  const scoped = { auth: { identity: { methods: ['token'], token: { id: weak } }, scope } };
  assert.equal((await api.ask('', 'POST', tokens, scoped)).status, 403);
});

test('it has no more roles than its maker, and can have less', async () => {
  const less = await create(api.demo, { name: 'less', roles: [{ name: 'reader' }] });
  const { text } = await tokenOf(less.body.application_credential);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 200);
  assert.equal((await api.ask(text, 'POST', '/v2.0/networks', { network: {} })).status, 403);
  const more = await create(api.demo, { name: 'more-roles', roles: [{ name: 'admin' }] });
  assert.equal(more.status, 400);
  assert.match(more.body.error.message, /unassigned role/);
  assert.equal((await create(api.demo, { name: 'r', roles: [{ name: 'nothing' }] })).status, 404);
});

test('it ends at its time, and its tokens no later', async () => {
  const end = new Date(api.clock.now() + 600_000).toISOString().slice(0, 19);
  const { application_credential: one } = (await create(api.demo, { name: 'short', expires_at: end })).body;
  const { text, body } = await tokenOf(one);
  assert.equal(Date.parse(body.expires_at), api.clock.now() + 600_000);
  assert.equal((await create(api.demo, { name: 'past', expires_at: '2001-01-01T00:00:00' })).status, 400);
  api.clock.advance(600_000);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 401);
  assert.equal((await enter(one)).status, 401);
});

test('nobody makes one for another; an administrator may look and delete', async () => {
  assert.equal((await create(api.admin, { name: 'for-demo' })).status, 403);
  assert.equal((await api.ask(api.admin, 'GET', path)).status, 200);
  const admin = (await api.ask(api.admin, 'GET', '/identity/v3/users?name=admin')).body.users[0].id;
  const theirs = `/identity/v3/users/${admin}/application_credentials`;
  assert.equal((await api.ask(api.demo, 'GET', theirs)).status, 403);
  const { application_credential: one } = (await create(api.demo, { name: 'to-go' })).body;
  assert.equal((await api.ask(api.admin, 'DELETE', `${path}/${one.id}`)).status, 204);
});

test('bodies that are not of the form are 400s that name the field', async () => {
  const bad: [object, RegExp][] = [
    [{}, /name/],
    [{ name: 5 }, /name/],
    [{ name: 'a', secret: 7 }, /secret/],
    [{ name: 'a', roles: 'admin' }, /roles/],
    [{ name: 'a', unrestricted: 'yes' }, /unrestricted/],
    [{ name: 'a', expires_at: 'tomorrow' }, /expires_at/],
    [{ name: 'a', access_rules: [{ path: '/', method: 'GET', service: 'network' }] }, /access rules/],
  ];
  for (const [given, words] of bad) {
    const answer = await create(api.demo, given);
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.body.error.message, words);
  }
  assert.deepEqual((await api.ask(api.demo, 'GET', `/identity/v3/users/${demoId}/access_rules`)).body.access_rules, []);
});

test('who loses a role in a project loses what was made with it; so does who is switched off', async () => {
  const user = (await api.ask(api.admin, 'POST', '/identity/v3/users', { user: { name: 'eve', password: 'pw' } })).body
    .user;
  const demo = (await api.ask(api.admin, 'GET', '/identity/v3/projects?name=demo')).body.projects[0];
  const member = (await api.ask(api.admin, 'GET', '/identity/v3/roles?name=member')).body.roles[0];
  const grant = `/identity/v3/projects/${demo.id}/users/${user.id}/roles/${member.id}`;
  const own = `/identity/v3/users/${user.id}/application_credentials`;
  const make = async () => {
    assert.equal((await api.ask(api.admin, 'PUT', grant)).status, 204);
    const text = await api.logIn('eve', 'pw', 'demo');
    return (await api.ask(text, 'POST', own, { application_credential: { name: 'n' } })).body.application_credential;
  };
  const first = await make();
  assert.equal((await api.ask(api.admin, 'DELETE', grant)).status, 204);
  assert.equal((await enter(first)).status, 401);
  const second = await make();
  const { text } = await tokenOf(second);
  const enable = (enabled: boolean) =>
    api.ask(api.admin, 'PATCH', `/identity/v3/users/${user.id}`, { user: { enabled } });
  assert.equal((await enable(false)).status, 200);
  assert.equal((await enable(true)).status, 200);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 401, 'a token does not come back to life');
  assert.equal((await enter(second)).status, 401);
  await api.logIn('eve', 'pw', 'demo');
});
