/**
 * A running `iptables-restore --noflush` that takes load after load.
 *
 * It commits each table at its COMMIT, long before it ends; ending costs 5 to 17 ms more in the nft flavour, since the kernel
 * frees old rules while the socket closes. With -v it repeats comments: one behind the load tells that it was committed. A load
 * that is refused ends the program, with nothing of the load done; the next one starts it anew.
 */
import type { IpFamily } from '../plan/facts.ts';
import type { Helper, HelperKind } from './helper-pool.ts';
import { inNamespace } from './namespaces.ts';
import { talk } from './talk.ts';

/** Why a load was refused. */
export interface Refusal {
  /** The command and what it said, with lines counted from the start of the load. */
  readonly error: string;
  /** The number of the line of the load that it complains of, from 1. */
  readonly line: number | undefined;
}

/** A program that takes loads. */
export interface RestoreHelper extends Helper {
  /** Loads, one load at a time; undefined when it was committed. Rejects when the program does not answer. */
  load(text: string): Promise<Refusal | undefined>;
}

/** Loading ten thousand rules takes less than half a second; a busy host and a held lock are allowed for. */
const deadlineMs = 30_000;
const mark = '# committed\n';
/** `line 3: CHAIN_DEL failed`, `line 3 failed`, `Error occurred at line: 3`. */
const complaintLine = /\bline:? ?(\d+)/;

/** Starts the program on the first load. */
function restoreHelper(argv: readonly string[]): RestoreHelper {
  const program = talk(argv, deadlineMs);
  /** Lines that the program has read since its start. */
  let count = 0;

  async function load(text: string): Promise<Refusal | undefined> {
    let before = 0;
    const answer = await program.ask((fresh) => {
      before = fresh ? 0 : count;
      count = before + text.split('\n').length;
      return { text: text + mark, end: mark };
    });
    // Not every flavour ends after a complaint; what it would do next is not worth knowing.
    if (!answer.died && !/\bfailed\b|^Error occurred/m.test(answer.text)) return undefined;
    if (!answer.died) program.close();
    const said = answer.text.replace(mark, '').trim() || 'ended without a word';
    // The program counts from its start, a reader from the start of the load.
    const own = said.replace(new RegExp(complaintLine, 'g'), (words, number) =>
      words.replace(number, String(Number(number) - before)),
    );
    const match = complaintLine.exec(own);
    return { error: `${argv.join(' ')}: ${own}`, line: match ? Number(match[1]) : undefined };
  }

  return { load, close: () => program.close() };
}

/** The kind of helper for a family. */
export function restoreKind(family: IpFamily): HelperKind<RestoreHelper> {
  const program = family === 4 ? 'iptables-restore' : 'ip6tables-restore';
  return {
    name: program,
    open: (namespace) => restoreHelper(inNamespace(namespace, [program, '--noflush', '-v', '-w', '10'])),
  };
}
