/** Neutrino as a user runs it: a process, from the sources as they are. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';

const main = resolve(import.meta.dirname, '../../src/cli/main.ts');
/** The command line that is `neutrino`. */
export const neutrino: readonly string[] = [process.execPath, '--disable-warning=ExperimentalWarning', main];

/** Why users other than this one cannot run it from here, or undefined where they can. */
export function closedToOthers(): string | undefined {
  for (const path of [process.execPath, main]) {
    for (let folder = dirname(path); folder !== '/'; folder = dirname(folder))
      if ((statSync(folder).mode & 0o001) === 0) return `${folder} cannot be entered by other users`;
  }
  return undefined;
}

/** What came of a command. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is started. */
export interface Start {
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
}

interface Heard {
  readonly child: ChildProcess;
  readonly out: () => Ended;
  readonly ended: Promise<Ended>;
}

function start(args: readonly string[], { uid, env }: Start): Heard {
  const [program = '', ...rest] = [...neutrino, ...args];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const out = () => ({ code: child.exitCode, stdout, stderr });
  return { child, out, ended: once(child, 'close').then(out) };
}

/** Runs a command to its end; after 20 s it is killed. */
export async function runNeutrino(args: readonly string[], how: Start = {}): Promise<Ended> {
  const { child, ended } = start(args, how);
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}

/** A server that answers. */
export interface Server {
  readonly url: string;
  readonly pid: number;
  readonly stateDir: string;
  /** What clouds.yaml says of the cloud `neutrino`. */
  auth(): { readonly auth_url: string; readonly username: string; readonly password: string };
  /** Ends it and tells how it ended. */
  end(signal: NodeJS.Signals): Promise<Ended>;
}

/** A temporary folder that is gone after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-process-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts `up --no-agent` on a free port and waits until it answers; the end of the test ends it. */
export async function startNeutrino(t: TestContext, stateDir: string, args: readonly string[] = []): Promise<Server> {
  const all = ['up', '--no-agent', '--json', '--state-dir', stateDir, '--listen', '127.0.0.1:0', ...args];
  const { child, out, ended } = start(all, {});
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const deadline = Date.now() + 20_000;
  while (!out().stdout.endsWith('\n')) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`no start: ${out().stderr}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
  const told = JSON.parse(out().stdout) as { api: string; clouds: string; pid: number };
  return {
    url: told.api,
    pid: told.pid,
    stateDir,
    auth: () => parse(readFileSync(told.clouds, 'utf8')).clouds.neutrino.auth,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Whether a file or folder is there. */
export const isThere = (...path: string[]): boolean => existsSync(join(...path));
