/** Identity with the real client, and a server whose Identity is another server, as processes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { login } from '../../src/client/index.ts';
import { runNeutrino, type Server, startNeutrino, temporaryFolder } from '../support/neutrino.ts';

const client = '/usr/bin/openstack';
const needsClient = existsSync(client)
  ? {}
  : { skip: "the openstack client is missing (Debian's python3-openstackclient)" };

/** The real client with these credentials. */
function openstack(env: Readonly<Record<string, string>>) {
  const run = async (line: string): Promise<string> => {
    const words = line.split(' ').filter((word) => word !== '');
    const options = { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env }, timeout: 60_000 };
    return (await promisify(execFile)(client, words, options)).stdout;
  };
  return {
    // biome-ignore lint/suspicious/noExplicitAny: the client's JSON has a shape of its own for each command.
    json: async (line: string): Promise<any> => JSON.parse(await run(`${line} -f json`)),
    text: run,
    failure: (line: string): Promise<string> => run(line).then(assert.fail, (error) => String(error.stderr)),
  };
}

test(
  'the client makes, lists, shows, changes and deletes projects, users, roles and credentials',
  needsClient,
  async (t) => {
    const server = await startNeutrino(t, await temporaryFolder(t));
    const clouds = { OS_CLIENT_CONFIG_FILE: join(server.stateDir, 'clouds.yaml') };
    const admin = openstack({ ...clouds, OS_CLOUD: 'neutrino' });
    const demo = openstack({ ...clouds, OS_CLOUD: 'neutrino-demo' });

    const project = await admin.json('project create --description words --tag t1 lab');
    assert.deepEqual([project.description, project.tags, project.is_domain], ['words', ['t1'], false]);
    await admin.text('project set --tag t2 --name lab2 lab');
    assert.deepEqual((await admin.json('project show lab2')).tags.sort(), ['t1', 't2']);
    assert.equal((await admin.json('project list --tags t1')).length, 1);
    const user = await admin.json('user create --email e@example.org --password pw --project lab2 --description d eve');
    assert.deepEqual([user.email, user.default_project_id, user.domain_id], ['e@example.org', project.id, 'default']);
    await admin.text('user set --email f@example.org eve');
    assert.equal((await admin.json('user show eve')).email, 'f@example.org');
    await admin.json('role create observer');
    await admin.text('role add --project lab2 --user eve observer');
    await admin.text('role add --project lab2 --user eve member');
    const assigned = await admin.json('role assignment list --project lab2 --user eve --names');
    assert.deepEqual(assigned.map((row: { Role: string }) => row.Role).sort(), ['member', 'observer']);
    const effective = await admin.json('role assignment list --project lab2 --user eve --names --effective');
    assert.deepEqual(effective.map((row: { Role: string }) => row.Role).sort(), ['member', 'observer', 'reader']);
    assert.equal((await admin.json('user list --project lab2')).length, 1);
    assert.equal((await admin.json('project list --user eve')).length, 1);
    assert.equal((await demo.json('project list')).length, 1, "one's own");
    assert.deepEqual(await admin.json('group list'), []);
    assert.equal((await admin.json('implied role list')).length, 2);

    const eve = {
      OS_AUTH_URL: server.auth().auth_url,
      OS_IDENTITY_API_VERSION: '3',
      OS_USERNAME: 'eve',
      OS_PASSWORD: 'pw',
      OS_PROJECT_NAME: 'lab2',
      OS_USER_DOMAIN_NAME: 'Default',
      OS_PROJECT_DOMAIN_ID: 'default',
    };
    const own = openstack(eve);
    const made = await own.json('application credential create --role member --description d ci');
    assert.equal((await own.json('application credential list')).length, 1);
    const shown = await own.json('application credential show ci');
    assert.equal('secret' in shown, false);
    const ci = openstack({
      OS_AUTH_URL: eve.OS_AUTH_URL,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: made.id,
      OS_APPLICATION_CREDENTIAL_SECRET: made.secret,
    });
    assert.equal((await ci.json('network create n')).project_id, project.id);
    assert.match(await ci.failure('application credential create more'), /403|not allowed/);
    await own.text('application credential delete ci');
    assert.match(await ci.failure('network list'), /401|requires authentication/);

    const { id: token } = await own.json('token issue');
    await own.text(`token revoke ${token}`);
    const system = openstack({ ...clouds, OS_CLOUD: 'neutrino', OS_SYSTEM_SCOPE: 'all' });
    assert.ok(system);
    await admin.text('role remove --project lab2 --user eve observer');
    await admin.text('role delete observer');
    await admin.text('user delete eve');
    await admin.text('project delete lab2');
    assert.match(await admin.failure('project show lab2'), /No project/);
  },
);

async function writeConfig(t: TestContext, lines: readonly string[]): Promise<string> {
  const file = join(await temporaryFolder(t), 'neutron.conf');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** A server that asks another one about tokens. */
async function startBeside(t: TestContext, keystone: Server): Promise<Server> {
  const { auth_url: url, username, password } = keystone.auth();
  const file = await writeConfig(t, [
    '[keystone_authtoken]',
    ...[`auth_url = ${url}`, `username = ${username}`, `password = ${password}`, 'project_name = admin'],
    'http_request_max_retries = 0',
  ]);
  return startNeutrino(t, await temporaryFolder(t), ['--config-file', file]);
}

test('a server knows its callers by the Identity of another one, and lets nobody new in while that is away', async (t) => {
  const keystone = await startNeutrino(t, await temporaryFolder(t));
  const neutron = await startBeside(t, keystone);
  const { auth_url: authUrl, username, password } = keystone.auth();
  const token = async () => (await login({ authUrl, username, password, project: 'admin' })).token;
  const status = async (text: string, path = '/v2.0/networks') =>
    (await fetch(`${neutron.url}${path}`, { headers: { 'x-auth-token': text } })).status;
  const [known, unknown] = [await token(), await token()];
  assert.equal(await status(known), 200);
  assert.equal(await status('wrong'), 401);
  assert.equal(await status(known, '/identity/v3'), 404);
  await keystone.end('SIGKILL');
  assert.equal(await status(unknown), 503);
  assert.equal(await status(known), 200, 'what was said before holds');
  const { stderr } = await neutron.end('SIGTERM');
  assert.match(stderr, /Tokens cannot be checked by Keystone/);
  for (const secret of [known, unknown, password]) assert.ok(!stderr.includes(secret), 'no secret is logged');
});

test('without authentication the API listens on the loopback address, or where that is said', async (t) => {
  const file = await writeConfig(t, ['[DEFAULT]', 'auth_strategy = noauth']);
  const folder = await temporaryFolder(t);
  const args = ['up', '--no-agent', '--state-dir', folder, '--config-file', file];
  const { code, stderr } = await runNeutrino([...args, '--listen', '0.0.0.0:0']);
  assert.equal(code, 1);
  assert.match(stderr, /everybody who reaches 0\.0\.0\.0 is an administrator.*--allow-noauth-on 0\.0\.0\.0/);
  const server = await startNeutrino(t, folder, ['--config-file', file]);
  assert.equal((await fetch(`${server.url}/v2.0/agents`)).status, 200);
  await server.end('SIGTERM');
  const open = ['--config-file', file, '--listen', '0.0.0.0:0', '--allow-noauth-on', '0.0.0.0'];
  assert.equal((await fetch(`${(await startNeutrino(t, folder, open)).url}/v2.0/agents`)).status, 200);
});

test('files of other installations start a server as they are, the database and the folder aside', async (t) => {
  const samples = resolve(import.meta.dirname, '../../src/config/samples');
  for (const sample of readdirSync(samples)) {
    const stateDir = await temporaryFolder(t);
    const own = await writeConfig(t, [
      ...['[database]', 'connection =', '[keystone_authtoken]', 'auth_url = http://127.0.0.1:9', 'cafile ='],
    ]);
    const files = [...readdirSync(join(samples, sample)).map((name) => join(samples, sample, name)), own];
    const server = await startNeutrino(
      t,
      stateDir,
      files.flatMap((file) => ['--config-file', file]),
    );
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200, sample);
    assert.equal((await fetch(`${server.url}/v2.0/networks`)).status, 401, sample);
    await server.end('SIGTERM');
  }
});
