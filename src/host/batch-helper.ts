/**
 * A running `ip -batch` (or `bridge -batch`) that answers line by line.
 *
 * Starting a program costs about 9 ms, a line to one that runs costs 0.1 ms. Each line is followed by a word that no iproute2
 * program knows: its complaint comes back on the same pipe and tells where the answer ends. Some commands end the program when
 * they fail (`ip neigh del`): that line has failed, the program is started anew and goes on with the next.
 */
import type { Helper } from './helper-pool.ts';
import { talk } from './talk.ts';

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

function result(output: string, failed: boolean): LineResult {
  return { failed: failed || lineFailed.test(output), output: output.replace(lineFailed, '').trim() };
}

/** Starts the program on the first line. `argv` is all but the batch arguments, for example ['ip', '-n', 'qrouter-…', '-j']. */
export function batchHelper(argv: readonly string[]): BatchHelper {
  const command = [...argv, '-force', '-batch', '-'];
  const program = talk(command, deadlineMs);
  /** Lines that the program has read since its start. */
  let count = 0;

  async function exec(lines: readonly string[]): Promise<LineResult[]> {
    const results: LineResult[] = [];
    while (results.length < lines.length) {
      const rest = lines.slice(results.length);
      const { text, died } = await program.ask((fresh) => {
        count = (fresh ? 0 : count) + rest.length * 2;
        return {
          text: rest.map((line) => `${line}\n${marker}\n`).join(''),
          end: `Command failed -:${count}\n`,
        };
      });
      const answers = text.split(answerEnd);
      const last = answers.pop() ?? '';
      results.push(...answers.map((output) => result(output, false)));
      if (!died) continue;
      // A line that ended the program has failed; one that ended it without a word is a broken program.
      if (last.trim() === '') throw new Error(`${command.join(' ')}: ended without a word`);
      results.push(result(last, true));
    }
    return results;
  }

  return { exec, close: () => program.close() };
}
