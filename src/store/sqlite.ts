/** The store on SQLite, by Node's own driver. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Clock } from '../lib/clock.ts';
import type { Executor, Parameter, Statement } from './dialect/dialect.ts';
import { sqliteDialect } from './dialect/sqlite.ts';
import { Listeners } from './listeners.ts';
import { migrate } from './schema/migrate.ts';
import { Scope, type Shared, shared } from './scope.ts';
import { Session } from './session.ts';
import { SnapshotPool } from './sqlite-readers.ts';
import type { Reader, Store, Transactor } from './store.ts';
import type { Cell } from './table.ts';
import { defaultLimits, type Transaction, Writer, type WriterLimits } from './writer.ts';

/** Milliseconds that a statement waits for a foreign process (a `sqlite3` shell) to let go of the file. */
const BUSY_TIMEOUT_MS = 5000;
/** The write-ahead log is cut back to this after a checkpoint, bytes. */
const WAL_KEPT_BYTES = 64 * 1024 * 1024;

/**
 * Ids are random, so a commit touches a leaf of each index for each row: pages of 2 KiB make these half as long to write and to sum
 * up. A checkpoint (after 8 MiB) writes a page once however often it changed. The cache of 8 MiB holds what writers of some 10,000
 * ports touch.
 */
const writing = `
pragma page_size = 2048; pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4096;
pragma journal_size_limit = ${WAL_KEPT_BYTES}; pragma cache_size = -8192`;

/** A long list in the order of ids reads the pages of a table in no order of theirs: 8 MiB hold those of some 10,000 ports. */
const reading = 'pragma cache_size = -8192';

export interface SqliteOptions {
  /** The database file; it is made where it is missing, readable by its owner only. Its folder exists. */
  readonly path: string;
  readonly clock: Clock;
  /** For tests; the defaults suit everything else. */
  readonly limits?: Partial<WriterLimits>;
}

/**
 * Opens the store on a file, and brings its schema up to date.
 * @throws a sentence for the operator where another process has it open, or where it is of a later version.
 */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  makeFile(options.path);
  const lock = lockDatabase(options.path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(options.path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    database.exec(writing);
    const connection = new Connection(database);
    await migrate(connection.migrationTarget());
    return new SqliteStore(options, lock, connection);
  } catch (error) {
    database?.close();
    lock.close();
    throw error;
  }
}

// SQLite gives its other files the mode of the database file.
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (cause) {
    throw new Error(`The database file ${path} cannot be opened for writing: ${(cause as Error).message}.`, { cause });
  }
}

/**
 * Holds the database for this process: an exclusive transaction on a second file, which ends with the process however it ends.
 * The database file itself stays free, so that a person can look into it with the `sqlite3` shell.
 */
function lockDatabase(path: string): DatabaseSync {
  const file = `${path}.lock`;
  makeFile(file);
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (!(error instanceof Error && error.message.includes('locked'))) throw error;
    throw new Error(
      `The database ${path} is in use by another process: stop that one first, or choose another state folder.`,
      {
        cause: error,
      },
    );
  }
}

/** One connection with its prepared statements. */
export class Connection implements Executor {
  readonly database: DatabaseSync;
  // Weak: a statement that the store forgets is finalised with its key.
  readonly #prepared = new WeakMap<Statement, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  rows(statement: Statement, parameters: readonly Parameter[]): Cell[][] {
    return this.#prepare(statement).all(...(parameters as SQLInputValue[])) as unknown as Cell[][];
  }

  run(statement: Statement, parameters: readonly Parameter[]): number {
    return Number(this.#prepare(statement).run(...(parameters as SQLInputValue[])).changes);
  }

  migrationTarget() {
    const { database } = this;
    return {
      dialect: 'sqlite' as const,
      script: (sql: string) => database.exec(sql),
      begin: () => database.exec('begin immediate'),
      number: (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0]),
    };
  }

  #prepare(statement: Statement): StatementSync {
    let prepared = this.#prepared.get(statement);
    if (!prepared) {
      prepared = this.database.prepare(statement.sql);
      prepared.setReturnArrays(true);
      this.#prepared.set(statement, prepared);
    }
    return prepared;
  }
}

const begin: Statement = { sql: 'begin immediate' };
const savepoint: Statement = { sql: 'savepoint work' };
const release: Statement = { sql: 'release work' };
const undo: Statement = { sql: 'rollback to work' };
const commit: Statement = { sql: 'commit' };

function beginWriting(connection: Connection): Transaction {
  connection.run(begin, []);
  connection.run(savepoint, []);
  return {
    executor: connection,
    next() {
      connection.run(release, []);
      connection.run(savepoint, []);
    },
    undo() {
      connection.run(undo, []);
    },
    async commit(entries) {
      await Promise.all(entries);
      connection.run(commit, []);
    },
    rollback() {
      if (connection.database.isTransaction) connection.database.exec('rollback');
    },
  };
}

function openReader(path: string): Connection {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  database.exec(reading);
  return new Connection(database);
}

class SqliteStore implements Store {
  readonly #lock: DatabaseSync;
  readonly #connection: Connection;
  readonly #shared: Shared;
  readonly #writer: Writer;
  readonly #snapshots: SnapshotPool;
  readonly #listeners = new Listeners();
  #closing: Promise<void> | undefined;

  constructor(options: SqliteOptions, lock: DatabaseSync, connection: Connection) {
    this.#lock = lock;
    this.#connection = connection;
    this.#shared = shared(sqliteDialect, options.clock);
    this.#writer = new Writer(
      { shared: this.#shared, begin: () => beginWriting(connection), mayRetry: () => false },
      () => this.#listeners.wake(),
      { ...defaultLimits, ...options.limits },
    );
    this.#snapshots = new SnapshotPool(() => openReader(options.path));
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#snapshots.use((connection) => {
      const scope = new Scope(this.#shared, connection);
      return scope.during(() => work(new Session(scope)));
    });
  }

  transact<T>(work: (t: Transactor) => Promise<T>): Promise<T> {
    return this.#writer.transact(work);
  }

  onCommit(wake: () => void): () => void {
    return this.#listeners.add(wake);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    await this.#snapshots.close();
    this.#connection.database.close();
    this.#lock.close();
  }
}
