/** `neutrino up --no-agent` as a process: what it leaves on disk, what it says when it cannot, how it ends. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, readClouds } from '../../src/client/index.ts';
import {
  closedToOthers,
  isThere,
  runNeutrino,
  type Server,
  startNeutrino,
  temporaryFolder,
} from '../support/neutrino.ts';

const nobody = 65534;
const isRoot = process.getuid?.() === 0;
const needsRoot = { skip: isRoot ? (closedToOthers() ?? false) : 'only root becomes another user' };
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const quick = ['up', '--no-agent', '--listen', '127.0.0.1:0', '--state-dir'];

/** The aliases of the API, by a log-in with what clouds.yaml says. */
async function extensions(server: Server, cloud = 'neutrino'): Promise<string[]> {
  const session = await connect(readClouds({ cloud, files: [join(server.stateDir, 'clouds.yaml')], env: {} }));
  try {
    return await session.networking.extensions();
  } finally {
    session.close();
  }
}

/** The one sentence that a start which fails says. */
async function refusal(args: readonly string[], how = {}): Promise<string> {
  const { code, stdout, stderr } = await runNeutrino(args, how);
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '');
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  return stderr.trimEnd();
}

test('the first start makes credentials that work and that only their owner reads; the next start keeps them', async (t) => {
  const dir = join(await temporaryFolder(t), 'state');
  const first = await startNeutrino(t, dir);
  assert.equal(mode(join(dir, 'clouds.yaml')), '600');
  assert.equal(mode(join(dir, 'agent-token')), '600');
  assert.equal(mode(join(dir, 'neutrino.db')), '600');
  assert.ok((await extensions(first)).includes('floating-ip-port-forwarding'));
  assert.ok((await extensions(first, 'neutrino-demo')).includes('router'));
  const { password } = first.auth();
  const token = readFileSync(join(dir, 'agent-token'), 'utf8');
  assert.equal((await first.end('SIGINT')).code, 0);
  const second = await startNeutrino(t, dir);
  assert.equal(second.auth().password, password);
  assert.equal(second.auth().auth_url, `${second.url}/identity/v3`);
  assert.equal(readFileSync(join(dir, 'agent-token'), 'utf8'), token);
  await extensions(second);
});

test('a clouds.yaml that was lost is made again with a new password that works', async (t) => {
  const dir = join(await temporaryFolder(t), 'state');
  const first = await startNeutrino(t, dir);
  const { password } = first.auth();
  await first.end('SIGTERM');
  rmSync(join(dir, 'clouds.yaml'));
  const second = await startNeutrino(t, dir);
  assert.notEqual(second.auth().password, password);
  await extensions(second);
});

test('what others wrote into clouds.yaml stays; a damaged one is told and left alone', async (t) => {
  const dir = await temporaryFolder(t);
  const file = join(dir, 'clouds.yaml');
  writeFileSync(file, '# mine\nclouds:\n  other:\n    auth: { auth_url: http://x }\n');
  const server = await startNeutrino(t, dir);
  await extensions(server);
  assert.match(readFileSync(file, 'utf8'), /^# mine\nclouds:\n {2}other:/);
  await server.end('SIGINT');
  writeFileSync(file, 'clouds: [');
  assert.match(await refusal([...quick, dir]), /clouds\.yaml is damaged: .*; restore it/);
  assert.equal(readFileSync(file, 'utf8'), 'clouds: [');
});

async function busyPort(t: TestContext): Promise<number> {
  const blocker = createServer().listen(0, '127.0.0.1');
  t.after(() => blocker.close());
  await new Promise((resolve) => blocker.once('listening', resolve));
  return (blocker.address() as { port: number }).port;
}

test('a busy port is told in one sentence', async (t) => {
  const dir = await temporaryFolder(t);
  const port = await busyPort(t);
  const said = await refusal(['up', '--no-agent', '--state-dir', dir, '--listen', `127.0.0.1:${port}`]);
  const why = 'another program listens there; stop it, or name another place by --listen HOST:PORT';
  assert.equal(said, `neutrino: The API cannot listen at 127.0.0.1:${port}: ${why}.`);
  await extensions(await startNeutrino(t, dir));
});

test('a second process on the same state is refused, and the first goes on', async (t) => {
  const dir = await temporaryFolder(t);
  const server = await startNeutrino(t, dir);
  const said = await refusal([...quick, dir]);
  assert.equal(
    said,
    `neutrino: Process ${server.pid} has the state folder ${dir}: stop it, or name another folder by --state-dir.`,
  );
  await extensions(server);
});

test('after kill -9 the next start takes over', async (t) => {
  const dir = await temporaryFolder(t);
  const first = await startNeutrino(t, dir);
  const { password } = first.auth();
  await first.end('SIGKILL');
  const second = await startNeutrino(t, dir);
  assert.equal(second.auth().password, password);
  await extensions(second);
});

test('a folder that cannot be made is told', async (t) => {
  const dir = await temporaryFolder(t);
  writeFileSync(join(dir, 'file'), '');
  const said = await refusal([...quick, join(dir, 'file/state')]);
  assert.match(
    said,
    /^neutrino: The state folder .*file\/state cannot be written: a part of the path is no folder; name another/,
  );
});

test('a folder of another user is told, and left as it is', needsRoot, async (t) => {
  const dir = join(await temporaryFolder(t), 'state');
  mkdirSync(dir);
  const said = await refusal([...quick, dir], { uid: nobody });
  assert.match(said, /cannot be written: permission denied; name another by --state-dir\.$/);
  assert.ok(!isThere(dir, 'server.lock'));
});

test('without the right to change the network, `up` says how to go on without the agent', needsRoot, async (t) => {
  const dir = join(await temporaryFolder(t), 'state');
  const said = await refusal(['up', '--state-dir', dir], { uid: nobody });
  assert.match(said, /needs root: run it as root, or start without it: --no-agent\.$/);
  assert.ok(!isThere(dir));
});

test('a wrong value of a file is told with file, line, expectation and finding', async (t) => {
  const dir = await temporaryFolder(t);
  const file = join(dir, 'neutron.conf');
  writeFileSync(file, '[DEFAULT]\nglobal_physnet_mtu = many\n');
  const said = await refusal([...quick, join(dir, 'state'), '--config-file', file]);
  assert.equal(
    said,
    `neutrino: ${file}:2: [DEFAULT] global_physnet_mtu: expected an integer from 68 to 65535, found "many".`,
  );
  assert.match(
    await refusal([...quick, join(dir, 'state'), '--config-file', '/none']),
    /\/none cannot be read: it does not exist\.$/,
  );
});

test("the notebook's service_plugins switches port forwarding; without it the path is a 404", async (t) => {
  const dir = await temporaryFolder(t);
  const file = join(dir, 'neutron.conf');
  const withPlugins = async (plugins: string) => {
    writeFileSync(file, `[DEFAULT]\nservice_plugins = ${plugins}\n`);
    const server = await startNeutrino(t, join(dir, 'state'), ['--config-file', file]);
    const aliases = await extensions(server);
    await server.end('SIGINT');
    return aliases.includes('floating-ip-port-forwarding');
  };
  assert.equal(await withPlugins('router,segments,port_forwarding'), true);
  assert.equal(await withPlugins('router,segments'), false);
});

test('SIGTERM and a hang-up end it cleanly as Ctrl-C does', async (t) => {
  const dir = await temporaryFolder(t);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const server = await startNeutrino(t, dir);
    const { code, stderr } = await server.end(signal);
    assert.equal(code, 0, stderr);
    assert.ok(!isThere(dir, 'server.pid'));
  }
});

test('answers on stdout, help of a wrong call on stderr with exit code 2', async () => {
  const answered = await runNeutrino(['version', '--json']);
  assert.equal(answered.code, 0);
  assert.match(JSON.parse(answered.stdout).neutrino, /^\d+\.\d+\.\d+$/);
  for (const wrong of [['up', '--nonsense'], ['nonsense'], ['up', '--listen', 'here'], ['port', 'attach', 'x']]) {
    const { code, stdout, stderr } = await runNeutrino(wrong);
    assert.equal(code, 2, `${wrong.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
  }
  const help = await runNeutrino(['up', '--help']);
  assert.equal(help.code, 0);
  for (const option of ['--state-dir', '--listen', '--config-file', '--no-agent', '--json'])
    assert.match(help.stdout, new RegExp(option));
});
