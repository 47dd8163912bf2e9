/** Running one phase in a process of its own, and hearing what came of each test. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { CheckPhase, TestPhase } from './test-phases.ts';

/** What came of one test. */
export interface Result {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  /** Milliseconds. */
  readonly ms?: number;
  /** Why it was skipped. */
  readonly reason?: string;
  readonly error?: string;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs a program with a deadline; its output is kept, and what it writes to descriptor 3 is handed on line by line. */
async function runProgram(
  argv: readonly string[],
  root: string,
  deadlineMs: number,
  tell: (line: string) => void,
): Promise<Ended> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk));
  const results = createInterface({ input: child.stdio[3] as Readable });
  results.on('line', tell);
  const told = new Promise((resolve) => results.once('close', resolve));
  // SIGTERM first: tests clean up what they made.
  const term = setTimeout(() => child.kill('SIGTERM'), deadlineMs);
  const kill = setTimeout(() => child.kill('SIGKILL'), deadlineMs + 15_000);
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGTERM', forward).on('SIGINT', forward);
  const { code, signal } = await new Promise<Omit<Ended, 'output'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
  });
  clearTimeout(term);
  clearTimeout(kill);
  process.off('SIGTERM', forward).off('SIGINT', forward);
  // A daemon that a test left behind may hold the pipes open: what it says is waited for briefly only.
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
  return { code, signal, output: Buffer.concat(output).toString('utf8') };
}

const howItEnded = ({ code, signal }: Ended): string => (signal === null ? `exit code ${code}` : `ended by ${signal}`);

/** Runs the tests of a phase; `heard` gets each result as it comes. A crash of the runner is a failure too. */
export async function runTests(
  phase: TestPhase,
  files: readonly string[],
  root: string,
  heard: (result: Result) => void,
): Promise<void> {
  const flags = ['--test', `--test-isolation=${phase.isolation}`, '--test-reporter=./tools/test-reporter.mjs'];
  if (phase.isolation === 'process') flags.push('--test-concurrency=1');
  const argv = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    ...flags,
    '--test-reporter-destination=stdout',
    ...files,
  ];
  let failures = 0;
  let count = 0;
  const ended = await runProgram(argv, root, phase.deadlineMs, (line) => {
    const result = JSON.parse(line) as Result;
    count += 1;
    if (result.outcome === 'failed') failures += 1;
    heard(result);
  });
  const tail = ended.output.trim().split('\n').slice(-40).join('\n');
  if (failures > 0)
    process.stdout.write(tail === '' ? '' : `The end of what the ${phase.name} tests wrote:\n${tail}\n`);
  if (failures > 0 || (ended.code === 0 && count > 0)) return;
  const what = ended.code === 0 ? 'it ran no test' : howItEnded(ended);
  heard({ outcome: 'failed', name: `the ${phase.name} tests as a whole`, error: `${what}\n${tail}` });
}

/** Runs a check. */
export async function runCheck(check: CheckPhase, root: string): Promise<Result> {
  const start = performance.now();
  const ended = await runProgram(check.argv, root, 300_000, () => undefined);
  const ms = performance.now() - start;
  if (ended.code === 0) return { outcome: 'passed', name: check.name, ms };
  return { outcome: 'failed', name: check.name, ms, error: `${howItEnded(ended)}\n${ended.output.trim()}` };
}
