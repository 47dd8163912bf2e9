/**
 * What PostgreSQL's planner knows of the tables. Without it, it takes an index that leads to all ports of a network for one that leads
 * to one of them, and keeps that plan. Autovacuum looks once a minute; a new database grows by thousands of rows in that time. So
 * this process has the tables looked at after its first commits, and then each time it has made four times as many.
 */
import { records } from '../model/index.ts';
import { tableOf } from './table.ts';

const FIRST_AFTER = 8;
const TIMES = 4;

/** The statement that looks at all tables of the model. It holds up neither readers nor writers. */
export const analyzeTables = `analyze ${records.map((record) => `"${tableOf(record).name}"`).join(', ')}`;

/** Decides when tables are looked at. */
export class Statistics {
  readonly #analyze: () => Promise<unknown>;
  #commits = 0;
  #nextAfter = FIRST_AFTER;
  #running: Promise<unknown> | undefined;

  /** @param analyze runs `analyzeTables`; where it fails, plans stay what they are. */
  constructor(analyze: () => Promise<unknown>) {
    this.#analyze = analyze;
  }

  /** A commit is durable. */
  committed(): void {
    this.#commits++;
    if (this.#commits < this.#nextAfter || this.#running) return;
    this.#nextAfter = TIMES * this.#commits;
    const settle = () => {
      this.#running = undefined;
    };
    this.#running = this.#analyze().then(settle, settle);
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    await this.#running;
  }
}
