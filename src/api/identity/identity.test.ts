import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { token } from '../../model/index.ts';
import { logInBody, secrets, startTestApi, type TestApi } from '../test-bed.ts';
import { bootstrapIdentity } from './bootstrap.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const tokens = '/identity/v3/auth/tokens';

test('discovery leads clients to version 3', async () => {
  for (const url of ['/identity', '/identity/']) {
    const { status, body } = await api.ask('', 'GET', url);
    assert.equal(status, 300);
    assert.equal(body.versions.values[0].links[0].href, 'http://cloud.test:9696/identity/v3/');
  }
  for (const url of ['/identity/v3', '/identity/v3/'])
    assert.equal((await api.ask('', 'GET', url)).body.version.status, 'stable');
});

test('a scoped token tells user, project, roles and catalog', async () => {
  const answer = await api.ask('', 'POST', tokens, logInBody('demo', secrets.demo, 'demo'));
  assert.equal(answer.status, 201);
  const { token: body } = answer.body;
  assert.equal(body.user.name, 'demo');
  assert.equal(body.project.name, 'demo');
  assert.deepEqual(
    body.roles.map((role: { name: string }) => role.name),
    ['member', 'reader'],
  );
  const network = body.catalog.find((service: { type: string }) => service.type === 'network');
  assert.deepEqual(network.endpoints.map((e: { interface: string }) => e.interface).sort(), [
    'admin',
    'internal',
    'public',
  ]);
  assert.equal(network.endpoints[0].url, 'http://cloud.test:9696');
  assert.equal(Date.parse(body.expires_at) - Date.parse(body.issued_at), 3_600_000);
});

test('only the hash of a token is stored', async () => {
  const text = await api.logIn('demo', secrets.demo, 'demo');
  const rows = await api.store.read((r) => r.find(token));
  assert.ok(rows.length > 0);
  assert.equal(JSON.stringify(rows).includes(text), false);
});

test('who logs in without a scope is in their default project; unscoped must be said', async () => {
  const plain = await api.ask('', 'POST', tokens, logInBody('demo', secrets.demo));
  assert.equal(plain.body.token.project.name, 'demo');
  const body = logInBody('demo', secrets.demo) as { auth: Record<string, unknown> };
  const unscoped = await api.ask('', 'POST', tokens, { auth: { ...body.auth, scope: 'unscoped' } });
  assert.equal('project' in unscoped.body.token, false);
  const id = String(unscoped.headers['x-subject-token']);
  const projects = (await api.ask(id, 'GET', '/identity/v3/auth/projects')).body.projects;
  assert.deepEqual(
    projects.map((p: { name: string }) => p.name),
    ['demo'],
  );
  const again = await api.ask('', 'POST', tokens, {
    auth: { identity: { methods: ['token'], token: { id } }, scope: { project: { id: projects[0].id } } },
  });
  assert.equal(again.status, 201);
  assert.equal(again.body.token.project.id, projects[0].id);
});

test('a wrong user, password, project or domain is one and the same 401', async () => {
  const foreign = logInBody('demo', secrets.demo, 'demo') as { auth: { scope: { project: { domain: object } } } };
  foreign.auth.scope.project.domain = { id: 'other' };
  const bodies = [
    logInBody('demo', 'wrong', 'demo'),
    logInBody('nobody', secrets.demo, 'demo'),
    logInBody('demo', secrets.demo, 'admin'),
    logInBody('demo', secrets.demo, 'nothing'),
    foreign,
  ];
  const answers = [];
  for (const body of bodies) answers.push(await api.ask('', 'POST', tokens, body));
  for (const answer of answers) {
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body, answers[0]?.body);
  }
  assert.equal(answers[0]?.body.error.title, 'Unauthorized');
});

test('bodies that are not of the form are 400s without the password', async () => {
  const secret = 'do-not-show-me';
  const user = { name: 'demo', domain: { id: 'default' }, password: secret };
  const bodies: unknown[] = [
    undefined,
    '[]',
    {},
    { auth: 1 },
    { auth: { identity: {} } },
    { auth: { identity: { methods: ['password'], password: { user: { ...user, password: 7 } } } } },
    { auth: { identity: { methods: ['password'], password: { user: { ...user, name: null } } } } },
    { auth: { identity: { methods: ['password'], password: { user: { name: 'demo', password: secret } } } } },
    { auth: { identity: { methods: ['password'], password: { user } }, scope: 5 } },
    { auth: { identity: { methods: ['password'], password: { user } }, scope: { project: {} } } },
  ];
  for (const body of bodies) {
    const answer = await api.ask('', 'POST', tokens, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(answer.body.error.code, 400);
    assert.equal(answer.text.includes(secret), false);
  }
});

test('a token is looked up, revoked, and ends', async () => {
  const text = await api.logIn('demo', secrets.demo, 'demo');
  const subject = { 'x-subject-token': text };
  assert.equal((await api.ask(api.admin, 'GET', tokens, undefined, subject)).body.token.user.name, 'demo');
  assert.equal((await api.ask(api.demo, 'HEAD', tokens, undefined, subject)).status, 200);
  assert.equal((await api.ask(api.demo, 'GET', tokens, undefined, { 'x-subject-token': api.admin })).status, 403);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 200);
  assert.equal((await api.ask(api.demo, 'DELETE', tokens, undefined, subject)).status, 204);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 401);
  assert.equal((await api.ask(api.admin, 'GET', tokens, undefined, subject)).status, 404);
});

test('an id that is none is a 404 in the form of Keystone, and a name is found by the list', async () => {
  for (const plural of ['projects', 'users', 'roles', 'domains']) {
    const answer = await api.ask(api.admin, 'GET', `/identity/v3/${plural}/demo`);
    assert.equal(answer.status, 404, plural);
    assert.equal(answer.body.error.title, 'Not Found');
  }
  const { body } = await api.ask(api.admin, 'GET', '/identity/v3/projects?name=demo&domain_id=default');
  assert.equal(body.projects.length, 1);
  assert.equal(body.projects[0].domain_id, 'default');
  assert.equal((await api.ask(api.admin, 'GET', '/identity/v3/domains?name=Default')).body.domains[0].id, 'default');
  assert.equal((await api.ask(api.demo, 'GET', '/identity/v3/users')).status, 403);
  const users = await api.ask(api.admin, 'GET', '/identity/v3/users');
  assert.equal(users.text.includes('scrypt'), false);
});

test('an administrator makes a project, a user and gives a role; the user works at once', async () => {
  const make = async (kind: string, body: object) => {
    const answer = await api.ask(api.admin, 'POST', `/identity/v3/${kind}s`, { [kind]: body });
    assert.equal(answer.status, 201, answer.text);
    return answer.body[kind];
  };
  const project = await make('project', { name: 'lab', description: 'x', enabled: true, domain_id: 'default' });
  const user = await make('user', { name: 'eve', password: 'eve-password', enabled: true, options: {} });
  const twice = await api.ask(api.admin, 'POST', '/identity/v3/users', { user: { name: 'eve' } });
  assert.equal(twice.status, 409);
  const wrong = await api.ask(api.admin, 'POST', '/identity/v3/users', { user: { name: 'x', enabled: 'yes' } });
  assert.equal(wrong.status, 400);
  const roles = (await api.ask(api.admin, 'GET', '/identity/v3/roles?name=reader')).body.roles;
  const grant = `/identity/v3/projects/${project.id}/users/${user.id}/roles/${roles[0].id}`;
  assert.equal((await api.ask(api.admin, 'HEAD', grant)).status, 404);
  assert.equal((await api.ask(api.admin, 'PUT', grant)).status, 204);
  assert.equal((await api.ask(api.admin, 'HEAD', grant)).status, 204);
  const text = await api.logIn('eve', 'eve-password', 'lab');
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 200);
  assert.equal((await api.ask(text, 'POST', '/v2.0/networks', { network: {} })).status, 403, 'a reader only reads');
  const list = `/identity/v3/role_assignments?user.id=${user.id}&include_names=True`;
  const assignments = (await api.ask(api.admin, 'GET', list)).body.role_assignments;
  assert.equal(assignments[0].scope.project.name, 'lab');
  assert.equal((await api.ask(api.admin, 'DELETE', grant)).status, 204);
  assert.equal(
    (await api.ask(text, 'GET', '/v2.0/networks')).status,
    401,
    'without the role the token is worth nothing',
  );
  assert.equal((await api.ask(api.admin, 'DELETE', `/identity/v3/users/${user.id}`)).status, 204);
  assert.equal((await api.ask(api.admin, 'DELETE', `/identity/v3/projects/${project.id}`)).status, 204);
});

test('a password is changed by the one that was good; tokens end with it', async () => {
  await api.ask(api.admin, 'POST', '/identity/v3/users', { user: { name: 'joe', password: 'first' } });
  const [{ id }] = (await api.ask(api.admin, 'GET', '/identity/v3/users?name=joe')).body.users;
  const text = await api.logIn('joe', 'first');
  const url = `/identity/v3/users/${id}/password`;
  const change = (original_password: string, password: string) =>
    api.ask('', 'POST', url, { user: { original_password, password } });
  assert.equal((await change('wrong', 'second')).status, 401);
  assert.equal((await change('first', 'second')).status, 204);
  assert.equal((await api.ask(text, 'GET', '/identity/v3/auth/projects')).status, 401);
  await assert.rejects(api.logIn('joe', 'first'));
  await api.logIn('joe', 'second');
  const patched = await api.ask(api.admin, 'PATCH', `/identity/v3/users/${id}`, { user: { enabled: false } });
  assert.equal(patched.body.user.enabled, false);
  await assert.rejects(api.logIn('joe', 'second'), 'a disabled user does not get in');
});

test('a second bootstrap changes nothing', async () => {
  await bootstrapIdentity(api.store, { adminPassword: 'other', clock: api.clock });
  await api.logIn('admin', secrets.admin, 'admin');
  assert.equal((await api.ask(api.admin, 'GET', '/identity/v3/users?name=admin')).body.users.length, 1);
});

test('the secret of agents opens the paths of agents only', async () => {
  const host = '/agent/v1/hosts/h1';
  const report = { functions: [], local_ip: null, bridge_mappings: {}, started_at: '2026-01-01T00:00:00Z' };
  assert.equal((await api.ask(secrets.agent, 'POST', host, report)).status, 204);
  assert.equal((await api.ask(secrets.agent, 'GET', '/v2.0/networks')).status, 401);
  assert.equal((await api.ask(api.demo, 'POST', host, report)).status, 401);
  assert.equal((await api.ask('', 'POST', host, report)).status, 401);
  const wrong = await api.ask(secrets.agent, 'POST', host, { ...report, local_ip: 'here' });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.NeutronError.message, /body\.local_ip/);
});

test('tokens end after their time', async () => {
  const text = await api.logIn('demo', secrets.demo, 'demo');
  api.clock.advance(3_599_000);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 200);
  api.clock.advance(1_000);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 401);
});
