/**
 * A running `iptables-restore --noflush` that takes load after load.
 *
 * It commits each table at its COMMIT, long before it ends; ending costs 5 to 17 ms more in the nft flavour, since the kernel
 * frees old rules while the socket closes. With -v it repeats comments: one behind the load tells that it was committed. A load
 * that is refused ends the program, with nothing of the load done; the next one starts it anew.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { IpFamily } from '../plan/facts.ts';
import type { Helper, HelperKind } from './helper-pool.ts';
import { limiter } from './limit.ts';
import { inNamespace } from './namespaces.ts';
import { programEnvironment } from './run.ts';

/** Why a load was refused. */
export interface Refusal {
  /** The command and what it said. */
  readonly error: string;
  /** The number of the line of the load that it complains of, from 1. */
  readonly line: number | undefined;
}

export interface RestoreHelper extends Helper {
  /** Loads, one load at a time; undefined when it was committed. Rejects when the program does not answer. */
  load(text: string): Promise<Refusal | undefined>;
}

/** Loading ten thousand rules takes less than half a second; a busy host and a held lock are allowed for. */
const deadlineMs = 30_000;
const mark = '# committed\n';
const complaintLine = [/^line (\d+):/m, /line: ?(\d+)/, /line (\d+) failed/];

/** The number of the line that iptables-restore complains of, counted from the program's start. */
export function failedLine(complaint: string): number | undefined {
  for (const pattern of complaintLine) {
    const match = pattern.exec(complaint);
    if (match) return Number(match[1]);
  }
  return undefined;
}

type Program = ChildProcessByStdio<Writable, Readable, null>;

/** Starts the program on the first load. */
function restoreHelper(argv: readonly string[]): RestoreHelper {
  const oneAtATime = limiter(1);
  let child: Program | undefined;
  /** Lines that the program has read. */
  let lines = 0;

  function start(): Program {
    lines = 0;
    // The shell only joins the two outputs, whose order matters, and is replaced by the program.
    const started = spawn('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...argv], {
      env: programEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    started.stdout.setEncoding('utf8');
    started.stdin.on('error', () => undefined);
    started.on('error', () => undefined);
    return started;
  }

  function end(): void {
    const ending = child;
    child = undefined;
    ending?.stdin.end();
    // It ends by itself when its input does; killing it could tear a load that another helper's user waits for.
    if (ending) hold(ending, 'unref');
  }

  /** While it has nothing to do, the program does not keep this process alive. */
  function hold(program: Program, how: 'ref' | 'unref'): void {
    for (const part of [program, program.stdin, program.stdout]) (part as { ref?(): void; unref?(): void })[how]?.();
  }

  function refusal(said: string, before: number): Refusal {
    const line = failedLine(said);
    const own = line === undefined ? undefined : line - before;
    // The program counts from its start, a reader from the start of the load.
    const text = said.replace(/\bline:? ?(\d+)/g, (words, number) => words.replace(number, String(number - before)));
    return { error: `${argv.join(' ')}: ${text.trim()}`, line: own };
  }

  function send(text: string): Promise<Refusal | undefined> {
    child ??= start();
    const program = child;
    hold(program, 'ref');
    const before = lines;
    lines += text.split('\n').length;
    let said = '';
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        hold(program, 'unref');
        program.stdout.off('data', heard);
        program.off('close', closed);
        settle();
      };
      const heard = (chunk: string) => {
        said += chunk;
        if (!said.endsWith(mark)) return;
        const failed = /\bfailed\b|^Error occurred/m.test(said);
        if (failed) end();
        done(() => resolve(failed ? refusal(said.replace(mark, ''), before) : undefined));
      };
      const closed = () => {
        if (child === program) child = undefined;
        done(() => resolve(refusal(said || 'ended without a word', before)));
      };
      const timer = setTimeout(() => {
        program.kill('SIGKILL');
        if (child === program) child = undefined;
        done(() => reject(new Error(`${argv.join(' ')}: no answer within ${deadlineMs} ms`)));
      }, deadlineMs);
      program.stdout.on('data', heard);
      program.once('close', closed);
      program.stdin.write(text + mark);
    });
  }

  return { load: (text) => oneAtATime(() => send(text)), close: end };
}

/** The kind of helper for a family. */
export function restoreKind(family: IpFamily): HelperKind<RestoreHelper> {
  const program = family === 4 ? 'iptables-restore' : 'ip6tables-restore';
  return {
    name: program,
    open: (namespace) => restoreHelper(inNamespace(namespace, [program, '--noflush', '-v', '-w', '10'])),
  };
}
