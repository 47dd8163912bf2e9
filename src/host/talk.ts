/** A conversation with a program that keeps running: it is asked by text on its input, and its answer has a known end. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { limiter } from './limit.ts';
import { programEnvironment } from './run.ts';

/** What a program answered. */
export interface Answer {
  readonly text: string;
  /** The program ended before the end of its answer. */
  readonly died: boolean;
}

/** A question that depends on what the program has been told since its start. */
export interface Question {
  readonly text: string;
  /** How the answer ends. */
  readonly end: string | RegExp;
}

/** A program that is asked. */
export interface Talk {
  /**
   * Asks, one question at a time. `question` is called when its turn comes; `fresh` says that the program was just started.
   * Rejects when nothing is heard for the length of the deadline, or too much; the program is then given up.
   */
  ask(question: (fresh: boolean) => Question): Promise<Answer>;
  /** Ends the program after the question under way. */
  close(): void;
}

/** Characters of one answer. */
const answerLimit = 256 * 1024 * 1024;
/** Characters in which the end of an answer is looked for. */
const tailLength = 200;

type Program = ChildProcessByStdio<Writable, Readable, null>;

function start(argv: readonly string[]): Program {
  // The shell only joins the two outputs, whose order matters, and is replaced by the program.
  const program = spawn('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...argv], {
    env: programEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  program.stdout.setEncoding('utf8');
  // A program that is gone is noticed by its end.
  program.stdin.on('error', () => undefined);
  program.on('error', () => undefined);
  return program;
}

/** While it has nothing to do, the program does not keep this process alive. */
function hold(program: Program, how: 'ref' | 'unref'): void {
  for (const part of [program, program.stdin, program.stdout]) (part as { ref?(): void; unref?(): void })[how]?.();
}

function isEnded(tail: string, end: string | RegExp): boolean {
  return typeof end === 'string' ? tail.endsWith(end) : end.test(tail);
}

/** Hears the answer to a question. */
function converse(program: Program, { text, end }: Question, deadlineMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: string[] = [];
    let tail = '';
    let size = 0;
    let timer: NodeJS.Timeout;
    const done = (settle: () => void) => {
      clearTimeout(timer);
      program.stdout.off('data', heard);
      program.off('close', closed);
      settle();
    };
    const giveUp = (why: string) => {
      program.kill('SIGKILL');
      done(() => reject(new Error(why)));
    };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => giveUp(`no answer within ${deadlineMs} ms`), deadlineMs);
    };
    const heard = (chunk: string) => {
      chunks.push(chunk);
      size += chunk.length;
      tail = (tail + chunk).slice(-tailLength);
      if (isEnded(tail, end)) done(() => resolve({ text: chunks.join(''), died: false }));
      else if (size > answerLimit) giveUp('the answer is too long');
      else wait();
    };
    const closed = () => done(() => resolve({ text: chunks.join(''), died: true }));
    program.stdout.on('data', heard);
    program.once('close', closed);
    wait();
    program.stdin.write(text);
  });
}

/** Starts the program with the first question, and anew with the first after its end. */
export function talk(argv: readonly string[], deadlineMs: number): Talk {
  const oneAtATime = limiter(1);
  let program: Program | undefined;

  /** It ends by itself when its input does, after what it is at. */
  function close(): void {
    program?.stdin.end();
    program = undefined;
  }

  async function ask(question: (fresh: boolean) => Question): Promise<Answer> {
    const fresh = program === undefined || program.exitCode !== null || program.signalCode !== null;
    const asked = fresh || !program ? start(argv) : program;
    program = asked;
    hold(asked, 'ref');
    let usable = false;
    try {
      const answer = await converse(asked, question(fresh), deadlineMs);
      usable = !answer.died;
      return answer;
    } catch (error) {
      throw new Error(`${argv.join(' ')}: ${(error as Error).message}`);
    } finally {
      hold(asked, 'unref');
      if (!usable && program === asked) program = undefined;
    }
  }

  return { ask: (question) => oneAtATime(() => ask(question)), close };
}
