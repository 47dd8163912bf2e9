/** Snapshots of a SQLite database: a few read-only connections, each of which serves one reader at a time. */
import { Turns } from '../lib/turns.ts';
import { busy } from '../model/faults.ts';
import type { Statement } from './dialect/dialect.ts';
import type { Connection } from './sqlite.ts';

const limits = { turns: 4, waiting: 10_000, waitMs: 30_000, refusal: () => busy('The database') };

const begin: Statement = { sql: 'begin' };
const commit: Statement = { sql: 'commit' };

/** Read connections; opened when needed, the one used last first, since its statements and pages are warm. */
export class SnapshotPool {
  readonly #open: () => Connection;
  readonly #turns = new Turns(limits);
  readonly #idle: Connection[] = [];

  constructor(open: () => Connection) {
    this.#open = open;
  }

  /** Runs `work` on one snapshot of the database. */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (!this.#turns.tryTake()) await this.#turns.take();
    let connection: Connection | undefined;
    try {
      connection = this.#idle.pop() ?? this.#open();
      connection.run(begin, []);
      return await work(connection);
    } finally {
      if (connection) this.#putBack(connection);
      this.#turns.end();
    }
  }

  #putBack(connection: Connection): void {
    try {
      if (connection.database.isTransaction) connection.run(commit, []);
      this.#idle.push(connection);
    } catch {
      // Its snapshot cannot be left: the next reader opens another.
      connection.database.close();
    }
  }

  /** Refuses new readers, and closes the connections when those that read are done. */
  async close(): Promise<void> {
    await this.#turns.close(() => new Error('The store is closed.'));
    for (const { database } of this.#idle.splice(0)) database.close();
  }
}
