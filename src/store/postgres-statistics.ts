/**
 * What PostgreSQL's planner knows of the tables. Without it, it takes an index that leads to all ports of a network for one that leads
 * to one of them, and keeps that plan. Autovacuum looks once a minute; a new table grows by thousands of rows in that time. So this
 * process has a table looked at after its first rows, and then each time it has inserted four times as many.
 */
const FIRST_AFTER = 50;
const TIMES = 4;

interface Growth {
  rows: number;
  nextAfter: number;
}

/** Decides when tables are looked at. */
export class Statistics {
  readonly #analyze: (tables: readonly string[]) => Promise<unknown>;
  readonly #growth = new Map<string, Growth>();
  readonly #due = new Set<string>();
  #running: Promise<unknown> | undefined;

  /** @param analyze has tables looked at; where that fails, plans stay what they are. */
  constructor(analyze: (tables: readonly string[]) => Promise<unknown>) {
    this.#analyze = analyze;
  }

  /** So many rows go into a table. */
  inserted(table: string, rows: number): void {
    const growth = this.#growth.get(table) ?? { rows: 0, nextAfter: FIRST_AFTER };
    this.#growth.set(table, growth);
    growth.rows += rows;
    if (growth.rows < growth.nextAfter) return;
    growth.nextAfter = TIMES * growth.rows;
    this.#due.add(table);
  }

  /** A commit is durable: what it inserted can be looked at. */
  committed(): void {
    if (this.#due.size === 0 || this.#running) return;
    const tables = [...this.#due];
    this.#due.clear();
    const settle = () => {
      this.#running = undefined;
    };
    this.#running = this.#analyze(tables).then(settle, settle);
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    await this.#running;
  }
}
