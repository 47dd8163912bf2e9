/**
 * What a transaction has read by equality, so that it is asked for once: works that share a commit mostly look at the same
 * networks, groups and limits. Nobody else writes while a transaction does, and a snapshot does not change, so that an answer holds
 * until the transaction itself writes to its table.
 */
import type { Cell } from './table.ts';

type Answer = Promise<Cell[][]>;

/** Answers that are kept, and rows in one of them: more is asked for again. */
const limits = { answers: 1000, rows: 100 } as const;

/** The answers of one transaction or snapshot. */
export class RowCache {
  readonly #byTable = new Map<string, Map<string, Answer>>();
  #count = 0;

  /** The answer to a question about one table; `ask` is called where none is kept. */
  read(table: string, question: string, ask: () => Answer): Answer {
    const known = this.#byTable.get(table)?.get(question);
    if (known) return known;
    const answer = ask();
    this.keep(table, question, answer);
    return answer;
  }

  /** Keeps an answer that came with a write: the question is answered before it is asked. */
  keep(table: string, question: string, answer: Answer): void {
    if (this.#count >= limits.answers) this.clear();
    const answers = this.#byTable.get(table) ?? new Map<string, Answer>();
    this.#byTable.set(table, answers);
    if (!answers.has(question)) this.#count += 1;
    answers.set(question, answer);
    const drop = () => {
      if (answers.get(question) === answer && answers.delete(question)) this.#count -= 1;
    };
    answer.then((rows) => rows.length > limits.rows && drop(), drop);
  }

  /** The table is written to. */
  written(table: string): void {
    this.#count -= this.#byTable.get(table)?.size ?? 0;
    this.#byTable.delete(table);
  }

  /** Anything may be different: rows were removed, with those that reference them, or a work was undone. */
  clear(): void {
    this.#byTable.clear();
    this.#count = 0;
  }
}
