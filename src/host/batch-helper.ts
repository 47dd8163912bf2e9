/**
 * A running `ip -batch` (or `bridge -batch`) that answers line by line.
 *
 * Starting a program costs about 9 ms, a line to one that runs costs 0.1 ms. Each line is followed by a word that no iproute2
 * program knows: its complaint comes back on the same pipe and tells where the answer ends. Some commands end the program when
 * they fail (`ip neigh del`): that line has failed, the program is started anew and goes on with the next.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Helper } from './helper-pool.ts';
import { programEnvironment } from './run.ts';

/** What came of one line. */
export interface LineResult {
  readonly failed: boolean;
  /** What the program printed: JSON, or its complaint. */
  readonly output: string;
}

/** A program that takes lines. */
export interface BatchHelper extends Helper {
  /** Sends lines and gives the result of each, in order. Rejects when the program cannot run at all, or hangs. */
  exec(lines: readonly string[]): Promise<LineResult[]>;
}

const marker = '@end';
const answerEnd = /Object "@end" is unknown, try "\w+ help".\nCommand failed -:\d+\n/;
const lineFailed = /^Command failed -:\d+\n?/m;
/** Milliseconds without any answer after which the program is given up. */
const deadlineMs = 10_000;
/** Characters of one answer. */
const answerLimit = 256 * 1024 * 1024;

type Program = ChildProcessByStdio<Writable, Readable, null>;

interface Job {
  readonly lines: readonly string[];
  readonly results: LineResult[];
  resolve(results: LineResult[]): void;
  reject(error: Error): void;
}

/** Starts the program on the first line. `argv` is all but the batch arguments, for example ['ip', '-n', 'qrouter-…', '-j']. */
export function batchHelper(argv: readonly string[]): BatchHelper {
  const command = [...argv, '-force', '-batch', '-'];
  const queue: Job[] = [];
  let child: Program | undefined;
  let text = '';
  let timer: NodeJS.Timeout | undefined;

  function finish(job: Job, error?: Error): void {
    queue.shift();
    clearTimeout(timer);
    if (error) job.reject(error);
    else job.resolve(job.results);
    if (queue.length > 0) send();
    else unhold();
  }

  function answered(output: string): void {
    const job = queue[0];
    if (!job) return;
    job.results.push({ failed: lineFailed.test(output), output: output.replace(lineFailed, '').trim() });
    if (job.results.length === job.lines.length) finish(job);
    else watch(job);
  }

  function read(chunk: string): void {
    text += chunk;
    for (;;) {
      const end = answerEnd.exec(text);
      if (!end) break;
      const output = text.slice(0, end.index);
      text = text.slice(end.index + end[0].length);
      answered(output);
    }
    if (text.length > answerLimit) child?.kill('SIGKILL');
  }

  function ended(why: string): void {
    child = undefined;
    const job = queue[0];
    const said = text.trim();
    text = '';
    if (!job) return;
    // A line that ended the program has failed; one that ended it without a word is a broken program.
    if (said === '') {
      finish(job, new Error(`${command.join(' ')}: ${why}`));
      return;
    }
    job.results.push({ failed: true, output: said.replace(lineFailed, '').trim() });
    if (job.results.length === job.lines.length) finish(job);
    else send();
  }

  function start(): Program {
    // The shell only joins the two outputs, whose order matters, and is replaced by the program.
    const started = spawn('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...command], {
      env: programEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    started.stdout.setEncoding('utf8');
    started.stdout.on('data', (chunk: string) => started === child && read(chunk));
    started.stdin.on('error', () => undefined);
    started.once('error', (error) => started === child && ended(`cannot be run (${error.message})`));
    started.once('close', (code) => started === child && ended(`ended with code ${code}`));
    return started;
  }

  function watch(job: Job): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const line = job.lines[job.results.length];
      close(new Error(`${command.join(' ')}: no answer to “${line}” within ${deadlineMs} ms`));
    }, deadlineMs);
  }

  /** While it has nothing to do, the program does not keep this process alive. */
  function unhold(): void {
    for (const part of [child, child?.stdin, child?.stdout]) (part as { unref?(): void })?.unref?.();
  }

  function hold(): void {
    for (const part of [child, child?.stdin, child?.stdout]) (part as { ref?(): void })?.ref?.();
  }

  function send(): void {
    const job = queue[0];
    if (!job) return;
    child ??= start();
    hold();
    watch(job);
    const rest = job.lines.slice(job.results.length);
    child.stdin.write(rest.map((line) => `${line}\n${marker}\n`).join(''));
  }

  function close(why: Error): void {
    const closing = child;
    child = undefined;
    text = '';
    clearTimeout(timer);
    for (const job of queue.splice(0)) job.reject(why);
    closing?.stdin.end();
    closing?.kill('SIGKILL');
  }

  return {
    exec: (lines) =>
      new Promise((resolve, reject) => {
        if (lines.length === 0) return resolve([]);
        queue.push({ lines, results: [], resolve, reject });
        if (queue.length === 1) send();
      }),
    close: () => close(new Error(`${command.join(' ')}: was closed`)),
  };
}
