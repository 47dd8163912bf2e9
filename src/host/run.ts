/** Runs one program to its end: no shell, LC_ALL=C, a deadline, bounded output. */
import { type ChildProcess, spawn } from 'node:child_process';

/** What a program left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
export interface RunOptions {
  /** What the program reads on its standard input; nothing by default. */
  readonly stdin?: string;
  /** Milliseconds after which the program is killed; 10,000 by default. */
  readonly deadlineMs?: number;
  /** Exit codes that are no error; only 0 by default. */
  readonly codes?: readonly number[];
}

/** A program that could not be run, took too long, or ended with an unexpected code. `argv` never holds a secret. */
export class CommandError extends Error {
  readonly argv: readonly string[];
  /** The exit code, or null when the program was not started or was killed. */
  readonly code: number | null;
  readonly stderr: string;

  constructor(argv: readonly string[], code: number | null, stderr: string, what: string) {
    super(`${argv.join(' ')}: ${what}${stderr.trim() ? `: ${stderr.trim()}` : ''}`);
    this.name = 'CommandError';
    this.argv = argv;
    this.code = code;
    this.stderr = stderr;
  }
}

const defaultDeadlineMs = 10_000;
/** Bytes of one stream; the tables of a very large host stay well below it. */
const outputLimit = 256 * 1024 * 1024;
/** A program that daemonises may leave its pipes to its child: how long output is waited for after the exit. */
const drainMs = 200;

/** The environment of every program that is run: the messages that we read are those of the C locale. */
export function programEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' };
}

/** Collects a stream as text and calls `overflow` when it exceeds the limit. */
function collect(stream: NodeJS.ReadableStream | null, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > outputLimit) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Ends when the streams have closed, or a moment after the exit when a daemon holds them open. */
function finished(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    let drain: NodeJS.Timeout | undefined;
    child.once('error', reject);
    child.once('exit', (code) => {
      drain = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve(code);
      }, drainMs);
    });
    child.once('close', (code) => {
      clearTimeout(drain);
      resolve(code);
    });
  });
}

/**
 * Runs a program and gives its output. Throws a CommandError when it cannot be started, exceeds its deadline (it is killed) or
 * its output, or ends with a code other than `codes`.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new CommandError(argv, null, '', 'no program was named');
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  const child = spawn(program, rest, {
    env: programEnvironment(),
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let killed: string | undefined;
  const kill = (why: string) => {
    killed ??= why;
    child.kill('SIGKILL');
  };
  const stdout = collect(child.stdout, () => kill('its output is too long'));
  const stderr = collect(child.stderr, () => kill('its error output is too long'));
  const timer = setTimeout(() => kill(`did not end within ${deadlineMs} ms`), deadlineMs);
  // A program that ends without reading its input is judged by its exit code.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.stdin);
  try {
    const code = await finished(child);
    if (killed !== undefined || code === null)
      throw new CommandError(argv, null, stderr(), killed ?? `was killed by ${child.signalCode}`);
    if (!(options.codes ?? [0]).includes(code)) throw new CommandError(argv, code, stderr(), `exit code ${code}`);
    return { code, stdout: stdout(), stderr: stderr() };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(argv, null, '', `cannot be run (${(error as Error).message})`);
  } finally {
    clearTimeout(timer);
  }
}

/** An error as a person reads it. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
