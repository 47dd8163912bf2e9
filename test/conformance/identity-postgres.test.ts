/** The embedded Identity on PostgreSQL; the suites beside its code run on SQLite. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapIdentity } from '../../src/api/identity/bootstrap.ts';
import { createApi } from '../../src/api/server.ts';
import { logInBody } from '../../src/api/test-bed.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SeededRandom } from '../../src/lib/random.ts';
import { applyAgentReport, applyMetering, applyStatuses } from '../../src/operations/agent.ts';
import { hostObject, hostObjectKeys } from '../../src/operations/host-view.ts';
import { operations } from '../../src/operations/index.ts';
import { defaultSettings } from '../../src/rules/settings.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import type { Store } from '../../src/store/store.ts';
import { postgresMissing, startPostgres } from '../support/postgres.ts';

/** Asks the Identity of a server on the store. */
function identityOf(store: Store) {
  const app = createApi({
    store,
    settings: defaultSettings,
    clock: systemClock,
    random: new SeededRandom(1),
    operations,
    hosts: { hostObject, hostObjectKeys, applyAgentReport, applyMetering, applyStatuses },
    log: false,
    publicUrl: () => 'http://cloud.test:9696',
  });
  const ask = async (token: string, method: string, path: string, body?: unknown) => {
    const reply = await app.inject({
      method: method as 'GET',
      url: `/identity/v3${path}`,
      headers: { 'x-auth-token': token },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const text = String(reply.headers['x-subject-token']);
    return { status: reply.statusCode, token: text, body: reply.body === '' ? undefined : reply.json() };
  };
  return { ask, close: () => app.close() };
}

const reason = postgresMissing();

test('projects, users, assignments and application credentials on PostgreSQL', { skip: reason ?? false }, async () => {
  const postgres = await startPostgres();
  const store = await openPostgres({ url: await postgres.freshDatabase(), clock: systemClock });
  const { ask, close } = identityOf(store);
  try {
    await bootstrapIdentity(store, { adminPassword: 'a', demoPassword: 'd' });
    const { token: admin } = await ask('', 'POST', '/auth/tokens', logInBody('admin', 'a', 'admin'));
    const make = async (kind: string, body: object) => {
      const answer = await ask(admin, 'POST', `/${kind}s`, { [kind]: body });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return answer.body[kind];
    };
    const project = await make('project', { name: 'p', tags: ['x'], colour: 'red' });
    const count = async (query: string) => (await ask(admin, 'GET', `/projects?${query}`)).body.projects.length;
    assert.equal(await count('tags=x&enabled=true'), 1);
    assert.equal(await count('not-tags-any=x'), 2);
    assert.equal((await ask(admin, 'POST', '/projects', { project: { name: 'p' } })).status, 409);
    const user = await make('user', { name: 'u', password: 'pw', email: 'e' });
    const [member] = (await ask(admin, 'GET', '/roles?name=member')).body.roles;
    const grant = `/projects/${project.id}/users/${user.id}/roles/${member.id}`;
    assert.equal((await ask(admin, 'PUT', grant)).status, 204);
    const { token: own } = await ask('', 'POST', '/auth/tokens', logInBody('u', 'pw', 'p'));
    const path = `/users/${user.id}/application_credentials`;
    const made = await ask(own, 'POST', path, { application_credential: { name: 'c' } });
    assert.equal(made.status, 201);
    assert.equal((await ask(own, 'POST', path, { application_credential: { name: 'c' } })).status, 409);
    const { id, secret } = made.body.application_credential;
    const identity = { methods: ['application_credential'], application_credential: { id, secret } };
    assert.equal((await ask('', 'POST', '/auth/tokens', { auth: { identity } })).status, 201);
    const list = `/role_assignments?user.id=${user.id}&effective&include_names`;
    assert.equal((await ask(admin, 'GET', list)).body.role_assignments.length, 2);
    assert.equal((await ask(admin, 'DELETE', `/users/${user.id}`)).status, 204);
    assert.equal((await ask(own, 'GET', '/auth/projects')).status, 401);
    assert.equal((await ask(admin, 'DELETE', `/projects/${project.id}`)).status, 204);
  } finally {
    await close();
    await store.close();
    await postgres.stop();
  }
});
