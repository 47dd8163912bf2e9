/** Snapshots of a SQLite database: a few read-only connections, each of which serves one reader at a time. */
import { busy } from '../model/faults.ts';
import type { Statement } from './dialect/dialect.ts';
import type { Connection } from './sqlite.ts';

const MAX_CONNECTIONS = 4;
const MAX_WAITING = 10_000;
const WAIT_MS = 30_000;

const begin: Statement = { sql: 'begin' };
const commit: Statement = { sql: 'commit' };

interface Waiting {
  readonly give: (connection: Connection) => void;
  readonly refuse: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Read connections; opened when needed, the one used last first, since its statements and pages are warm. */
export class SnapshotPool {
  readonly #open: () => Connection;
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];
  #count = 0;
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(open: () => Connection) {
    this.#open = open;
  }

  /** Runs `work` on one snapshot of the database. */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.#take() ?? (await this.#wait());
    try {
      connection.run(begin, []);
      return await work(connection);
    } finally {
      if (connection.database.isTransaction) connection.run(commit, []);
      this.#give(connection);
    }
  }

  /** Refuses new readers, and closes the connections when those that read are done. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { refuse, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      refuse(closed());
    }
    if (this.#idle.length < this.#count) await new Promise<void>((resolve) => (this.#drained = resolve));
    for (const { database } of this.#idle.splice(0)) database.close();
  }

  #take(): Connection | undefined {
    if (this.#closed) throw closed();
    const idle = this.#idle.pop();
    if (idle || this.#count >= MAX_CONNECTIONS) return idle;
    const connection = this.#open();
    this.#count++;
    return connection;
  }

  #wait(): Promise<Connection> {
    if (this.#waiting.length >= MAX_WAITING) throw busy('The database');
    return new Promise((give, refuse) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        refuse(busy('The database'));
      }, WAIT_MS);
      const waiting = { give, refuse, timer };
      this.#waiting.push(waiting);
    });
  }

  #give(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next) {
      clearTimeout(next.timer);
      next.give(connection);
      return;
    }
    this.#idle.push(connection);
    if (this.#closed && this.#idle.length === this.#count) this.#drained?.();
  }
}

function closed(): Error {
  return new Error('The store is closed.');
}
