/** A server of its own for a benchmark: another process, a temporary state folder, an administrator's token. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { closeConnections, send } from './load.ts';

/** A server that runs, and how to ask it. */
export interface BenchServer {
  readonly url: string;
  readonly token: string;
  readonly projectId: string;
  /** Milliseconds from the start of the process to the first 200. */
  readonly startMs: number;
  /** CPU time so far, microseconds. */
  cpuUs(): number;
  /** Resident memory, bytes. */
  rss(): number;
  /** Sends a request as the administrator and returns the parsed answer; throws for anything but a 2xx. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, read by the benchmark alone.
  ask(method: string, path: string, body?: unknown): Promise<any>;
  stop(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 4000; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await send(url, '', 'GET', '/healthz').catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('the server did not answer within 20 s');
}

async function login(url: string, cloudsFile: string): Promise<{ token: string; projectId: string }> {
  const { auth } = parse(await readFile(cloudsFile, 'utf8')).clouds.neutrino;
  const domain = { id: 'default' };
  const identity = {
    methods: ['password'],
    password: { user: { name: auth.username, domain, password: auth.password } },
  };
  const body = JSON.stringify({ auth: { identity, scope: { project: { name: auth.project_name, domain } } } });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/identity/v3/auth/tokens`, { method: 'POST', headers, body });
  const token = answer.headers.get('x-subject-token');
  const parsed = (await answer.json()) as { token: { project: { id: string } } };
  if (!token) throw new Error(`no token: ${answer.status}`);
  return { token, projectId: parsed.token.project.id };
}

/** Starts a server; `connection` is a database other than the embedded one. */
export async function startBenchServer(program: readonly string[], connection?: string): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-bench-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [command = '', ...first] = program;
  const args = [...first, 'server', '--listen', `127.0.0.1:${port}`, '--state-dir', join(folder, 'state')];
  if (connection) {
    const file = join(folder, 'neutron.conf');
    await writeFile(
      file,
      `[DEFAULT]\nservice_plugins = router,port_forwarding\n[database]\nconnection = ${connection}\n`,
    );
    args.push('--config-file', file);
  }
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  await untilAnswers(url, child);
  const startMs = performance.now() - started;
  const { token, projectId } = await login(url, join(folder, 'state', 'clouds.yaml'));
  const stat = () => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    url,
    token,
    projectId,
    startMs,
    // Fields 14 and 15 of proc(5)'s stat, in ticks of 10 ms; counted here from the third.
    cpuUs: () => (Number(stat()[11]) + Number(stat()[12])) * 10_000,
    rss: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024,
    async ask(method, path, body) {
      const answer = await send(url, token, method, path, body);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
      return answer.body ? JSON.parse(answer.body) : undefined;
    },
    async stop() {
      closeConnections(url);
      child.kill('SIGTERM');
      await new Promise<void>((resolve) => (child.exitCode === null ? child.once('exit', () => resolve()) : resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
