import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, logInBody, secrets, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const v3 = '/identity/v3';
const admin = (method: string, url: string, body?: unknown) => api.ask(api.admin, method, `${v3}${url}`, body);
async function make(kind: string, body: object): Promise<Json> {
  const answer = await admin('POST', `/${kind}s`, { [kind]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[kind];
}
const roleId = async (name: string): Promise<string> => (await admin('GET', `/roles?name=${name}`)).body.roles[0].id;

test('a project keeps description, tags and what else clients give, and lists find it', async () => {
  const given = {
    name: 'p',
    description: 'd',
    domain_id: 'default',
    parent_id: null,
    is_domain: false,
    tags: ['a', 'b'],
  };
  const project = await make('project', { ...given, options: {}, cost_centre: 7 });
  assert.deepEqual(
    [project.description, project.tags, project.enabled, project.cost_centre, project.is_domain],
    ['d', ['a', 'b'], true, 7, false],
  );
  const found = async (query: string) =>
    (await admin('GET', `/projects?${query}`)).body.projects.map((one: Json) => one.name).sort();
  assert.deepEqual(await found('tags=a,b'), ['p']);
  assert.deepEqual(await found('tags=a,c'), []);
  assert.deepEqual(await found('tags-any=a,c'), ['p']);
  assert.deepEqual(await found('not-tags=a'), ['admin', 'demo']);
  assert.deepEqual(await found('name=p&domain_id=default&enabled=true'), ['p']);
  assert.deepEqual(await found('name=p&enabled=False'), []);
  assert.deepEqual(await found('domain_id=other'), []);
  assert.deepEqual(await found('is_domain=true'), []);
  const patched = await admin('PATCH', `/projects/${project.id}`, { project: { description: 'e', colour: 'red' } });
  assert.deepEqual(
    [patched.body.project.description, patched.body.project.colour, patched.body.project.cost_centre],
    ['e', 'red', 7],
  );
  assert.equal((await admin('PUT', `/projects/${project.id}/tags/c`)).status, 201);
  assert.deepEqual((await admin('GET', `/projects/${project.id}/tags`)).body.tags, ['a', 'b', 'c']);
  assert.equal((await admin('DELETE', `/projects/${project.id}/tags/z`)).status, 404);
  assert.equal((await admin('DELETE', `/projects/${project.id}/tags/a`)).status, 204);
  assert.deepEqual((await admin('PUT', `/projects/${project.id}/tags`, { tags: ['x'] })).body.tags, ['x']);
  assert.equal((await admin('PUT', `/projects/${project.id}/tags`, { tags: ['x,y'] })).status, 400);
});

test('a user keeps email, description and options', async () => {
  const user = await make('user', {
    name: 'u',
    email: 'u@example.org',
    description: 'd',
    password: 'first',
    project_id: 'whatever',
    options: { ignore_password_expiry: true, lock_password: true },
  });
  assert.deepEqual([user.email, user.description, user.options.lock_password], ['u@example.org', 'd', true]);
  assert.equal('password' in user || 'password_hash' in user || 'extra' in user, false);
  const change = { user: { original_password: 'first', password: 'second' } };
  assert.equal((await api.ask('', 'POST', `${v3}/users/${user.id}/password`, change)).status, 403, 'it is locked');
  const patched = await admin('PATCH', `/users/${user.id}`, { user: { options: { lock_password: null }, email: 'v' } });
  assert.deepEqual([patched.body.user.email, patched.body.user.options], ['v', { ignore_password_expiry: true }]);
  assert.equal((await api.ask('', 'POST', `${v3}/users/${user.id}/password`, change)).status, 204);
  for (const bad of [
    { options: { multi_factor_auth_enabled: true } },
    { domain_id: 7 },
    { default_project_id: 7 },
    { password: ['secret-word'] },
    { password: '' },
    { note: 'x'.repeat(5000) },
  ]) {
    const answer = await admin('POST', '/users', { user: { name: 'bad', ...bad } });
    assert.equal(answer.status, 400, JSON.stringify(bad).slice(0, 80));
    assert.doesNotMatch(answer.text, /secret-word/);
  }
  const elsewhere = await admin('POST', '/users', { user: { name: 'bad', domain_id: 'other' } });
  assert.deepEqual([elsewhere.status, elsewhere.body.error.message], [404, 'Could not find domain: other.']);
  const own = await api.ask(api.demo, 'GET', `${v3}/domains/default`);
  assert.equal(own.body.domain.name, 'Default', 'whoever is in a domain may look at it');
  const silent = await make('user', { name: 'silent', password: null });
  assert.equal((await api.ask('', 'POST', `${v3}/auth/tokens`, logInBody('silent', ''))).status, 401);
  assert.equal(silent.enabled, true);
});

test('a disabled project lets nobody in, and ends the tokens that are scoped to it', async () => {
  const project = await make('project', { name: 'closing' });
  const member = await roleId('member');
  const [{ id: demo }] = (await admin('GET', '/users?name=demo')).body.users;
  assert.equal((await admin('PUT', `/projects/${project.id}/users/${demo}/roles/${member}`)).status, 204);
  const text = await api.logIn('demo', secrets.demo, 'closing');
  for (const enabled of [false, true])
    assert.equal((await admin('PATCH', `/projects/${project.id}`, { project: { enabled } })).status, 200);
  assert.equal((await api.ask(text, 'GET', '/v2.0/networks')).status, 401);
  await api.logIn('demo', secrets.demo, 'closing');
  await admin('PATCH', `/projects/${project.id}`, { project: { enabled: false } });
  await assert.rejects(api.logIn('demo', secrets.demo, 'closing'));
});

test('assignments: filters, names, and what roles imply', async () => {
  const [{ id: demo }] = (await admin('GET', '/users?name=demo')).body.users;
  const [{ id: project }] = (await admin('GET', '/projects?name=demo')).body.projects;
  const list = async (query: string): Promise<Json[]> =>
    (await admin('GET', `/role_assignments?${query}`)).body.role_assignments;
  const base = `user.id=${demo}&scope.project.id=${project}`;
  assert.equal((await list(base)).length, 1);
  const [named] = await list(`${base}&include_names`);
  assert.deepEqual(
    [named?.role.name, named?.user.domain.name, named?.scope.project.name],
    ['member', 'Default', 'demo'],
  );
  const names = async (query: string) => (await list(query)).map((one) => one.role.name).sort();
  assert.deepEqual(await names(`${base}&effective=True&include_names=True`), ['member', 'reader']);
  const reader = await roleId('reader');
  const implied = await list(`${base}&effective&role.id=${reader}`);
  assert.equal(implied.length, 1);
  assert.match(implied[0].links.prior_role, /implies/);
  assert.deepEqual(await list(`${base}&role.id=${reader}`), []);
  assert.deepEqual(await list('group.id=x'), []);
  assert.deepEqual((await list('scope.system=all'))[0]?.scope, { system: { all: true } });
  const own = `${v3}/role_assignments?user.id=${demo}`;
  assert.equal((await api.ask(api.demo, 'GET', own)).status, 200);
  assert.equal((await api.ask(api.demo, 'GET', `${v3}/role_assignments`)).status, 403);
  const rules = (await admin('GET', '/role_inferences')).body.role_inferences;
  assert.deepEqual(rules.map((rule: Json) => [rule.prior_role.name, rule.implies[0].name]).sort(), [
    ['admin', 'member'],
    ['member', 'reader'],
  ]);
});

test('the scope of the system is for who has a role in it, and has no networks', async () => {
  const body = (name: string, password: string) => ({
    auth: { ...(logInBody(name, password) as { auth: object }).auth, scope: { system: { all: true } } },
  });
  const answer = await api.ask('', 'POST', `${v3}/auth/tokens`, body('admin', secrets.admin));
  assert.deepEqual(answer.body.token.system, { all: true });
  const text = String(answer.headers['x-subject-token']);
  assert.equal((await api.ask(text, 'GET', `${v3}/users`)).status, 200);
  const made = await api.ask(text, 'POST', '/v2.0/networks', { network: {} });
  assert.ok(made.status === 403 || made.status === 400, made.text);
  assert.equal((await api.ask('', 'POST', `${v3}/auth/tokens`, body('demo', secrets.demo))).status, 401);
  const [{ id: demo }] = (await admin('GET', '/users?name=demo')).body.users;
  const grant = `/system/users/${demo}/roles/${await roleId('reader')}`;
  assert.equal((await admin('HEAD', grant)).status, 404);
  assert.equal((await admin('PUT', grant)).status, 204);
  assert.equal((await api.ask('', 'POST', `${v3}/auth/tokens`, body('demo', secrets.demo))).status, 201);
  assert.equal((await admin('DELETE', grant)).status, 204);
});

test('there are no groups and no further domains, and that is said', async () => {
  assert.deepEqual((await admin('GET', '/groups')).body.groups, []);
  assert.equal((await admin('POST', '/groups', { group: { name: 'g' } })).status, 501);
  assert.equal((await admin('GET', '/groups/g')).status, 404);
  assert.equal((await admin('POST', '/domains', { domain: { name: 'd' } })).status, 405);
  assert.equal((await admin('GET', '/domains?name=Default')).body.domains.length, 1);
});

test('a log-in by a method that there is not is a 401 that says so', async () => {
  for (const methods of [['totp'], ['password', 'totp']]) {
    const body = logInBody('demo', secrets.demo) as { auth: { identity: object } };
    const answer = await api.ask('', 'POST', `${v3}/auth/tokens`, {
      auth: { identity: { ...body.auth.identity, methods } },
    });
    assert.equal(answer.status, 401);
    assert.match(answer.body.error.message, /unsupported method/);
  }
});
