/** The store on PostgreSQL, for one server or several. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Clock } from '../lib/clock.ts';
import { busy } from '../model/faults.ts';
import type { Executor, Parameter, Statement } from './dialect/dialect.ts';
import { postgresDialect } from './dialect/postgres.ts';
import { Listeners } from './listeners.ts';
import { CommitNews, NEWS_CHANNEL } from './postgres-news.ts';
import { Statistics } from './postgres-statistics.ts';
import { migrate } from './schema/migrate.ts';
import { Scope, type Shared, shared } from './scope.ts';
import { Session } from './session.ts';
import type { Reader, Store, Transactor } from './store.ts';
import type { Cell } from './table.ts';
import { defaultLimits, type Transaction, Writer, type WriterLimits } from './writer.ts';

/** Writers of all servers hold this advisory lock in turn: journal order is commit order. Any number that no one else takes. */
const WRITERS_LOCK = 7_310_033_918_465;

// Milliseconds.
const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
const LOCK_MS = 30_000;
// On a connection of several milliseconds a batch of 5 ms would be a batch of one.
const BATCH_MS = 20;

const READ_CONNECTIONS = 8;
const MAX_WAITING = 10_000;

export interface PostgresOptions {
  /** `postgresql://user:password@host/database` or `postgresql:///database?host=/socket/folder`. */
  readonly url: string;
  readonly clock: Clock;
  /** For tests; the defaults suit everything else. */
  readonly limits?: Partial<WriterLimits>;
}

/**
 * Connects to the database and brings its schema up to date.
 * @throws where it cannot be reached, or where it is of a later version.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const config = connectionConfig(options.url);
  const writers = newPool(config, 1);
  try {
    await migrateDatabase(writers);
  } catch (error) {
    await writers.end();
    throw error;
  }
  return new PostgresStore(options, config, writers);
}

const INT8 = 20;
const JSON_TEXT = 114;

// Integers of the model are safe ones. JSON stays text until the row is made, as on SQLite.
function getTypeParser(oid: number, format?: string): (value: string) => unknown {
  if (oid === INT8) return Number;
  if (oid === JSON_TEXT) return (text) => text;
  return pg.types.getTypeParser(oid, format as 'text');
}

function connectionConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'neutrino',
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: 2 * STATEMENT_MS,
    // The server's own limit comes first; this one is for a server that is gone without a word.
    query_timeout: STATEMENT_MS + LOCK_MS,
    types: { getTypeParser } as pg.CustomTypesConfig,
  };
}

function newPool(config: pg.ClientConfig, max: number): pg.Pool {
  const pool = new pg.Pool({ ...config, max, idleTimeoutMillis: 60_000 });
  // A connection that breaks rejects its queries, and the pool replaces it; the events say nothing more.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

async function migrateDatabase(pool: pg.Pool): Promise<void> {
  const client = await pool.connect().catch((error: Error & { code?: string }) => {
    const { host, port, database } = new pg.Client(pool.options);
    throw new Error(
      `The database ${database} of PostgreSQL at ${host}, port ${port}, cannot be reached: ${error.message || error.code}.`,
      { cause: error },
    );
  });
  try {
    await migrate({
      dialect: 'postgres',
      script: async (sql) => {
        await client.query(sql);
      },
      begin: async () => {
        await client.query(`begin; select pg_advisory_xact_lock(${WRITERS_LOCK})`);
      },
      number: async (sql) => Number(Object.values((await client.query(sql)).rows[0] ?? {})[0]),
    });
  } finally {
    client.release();
  }
}

function executorOf(client: pg.PoolClient): Executor {
  const send = ({ sql: text, name }: Statement, values: readonly Parameter[]) =>
    client.query<Cell[]>({ text, ...(name ? { name } : {}), values: values as unknown[], rowMode: 'array' });
  return {
    rows: async (statement, parameters) => (await send(statement, parameters)).rows,
    run: async (statement, parameters) => (await send(statement, parameters)).rowCount ?? 0,
  };
}

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const LOCK_NOT_AVAILABLE = '55P03';

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function mayRetry(error: unknown): boolean {
  const code = codeOf(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}

// Each script is one round trip. The lock is held until the transaction is visible to the next holder, so every statement of
// READ COMMITTED sees the same state: the last writer's.
async function beginWriting(pool: pg.Pool, sender: string, committed: () => void): Promise<Transaction> {
  const client = await pool.connect();
  const script = async (sql: string) => client.query(sql);
  const savepoints: Promise<unknown>[] = [];
  const rollback = async () => {
    const broken = await script('rollback').then(
      () => false,
      () => true,
    );
    client.release(broken);
  };
  try {
    await script(
      `begin isolation level read committed; set local lock_timeout = ${LOCK_MS}; select pg_advisory_xact_lock(${WRITERS_LOCK}); savepoint work`,
    );
  } catch (error) {
    await rollback();
    throw codeOf(error) === LOCK_NOT_AVAILABLE ? busy('The database') : error;
  }
  return {
    executor: executorOf(client),
    // Goes together with the next work's first statement, so that it costs no round trip; the commit looks at what came of it.
    next: () => {
      const set = script('release work; savepoint work');
      set.catch(() => {});
      savepoints.push(set);
    },
    undo: async () => {
      await script('rollback to work');
    },
    commit: async (entries) => {
      const news = entries.length > 0 ? `select pg_notify('${NEWS_CHANNEL}', '${sender}'); ` : '';
      // Goes together with the entries: where one of them failed, it commits nothing.
      const sent: Promise<unknown> = script(`${news}commit`);
      sent.catch(() => {});
      await Promise.all([...savepoints, ...entries]);
      const result = await sent;
      const last = Array.isArray(result) ? result.at(-1) : result;
      // PostgreSQL answers COMMIT of a transaction that failed with ROLLBACK, and with no error.
      if (last.command !== 'COMMIT') throw new Error('The database rolled a transaction back at its commit.');
      client.release();
      committed();
    },
    rollback,
  };
}

class PostgresStore implements Store {
  readonly #shared: Shared;
  readonly #writers: pg.Pool;
  readonly #readers: pg.Pool;
  readonly #writer: Writer;
  readonly #news: CommitNews;
  readonly #statistics: Statistics;
  readonly #listeners = new Listeners();
  #closing: Promise<void> | undefined;

  constructor(options: PostgresOptions, config: pg.ClientConfig, writers: pg.Pool) {
    const sender = randomUUID();
    this.#shared = shared(postgresDialect, options.clock, (table, rows) => this.#statistics.inserted(table, rows));
    this.#writers = writers;
    this.#readers = newPool(config, READ_CONNECTIONS);
    const wake = () => this.#listeners.wake();
    this.#news = new CommitNews(config, sender, () => this.read((reader) => reader.head()), wake);
    this.#statistics = new Statistics((tables) =>
      this.#readers.query(`analyze ${tables.map((table) => `"${table}"`).join(', ')}`),
    );
    const begin = () => beginWriting(writers, sender, () => this.#statistics.committed());
    this.#writer = new Writer(
      { shared: this.#shared, begin, mayRetry },
      (rev) => {
        this.#news.seen(rev);
        wake();
      },
      { ...defaultLimits, batchMs: BATCH_MS, ...options.limits },
    );
  }

  async read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    if (this.#closing) throw new Error('The store is closed.');
    if (this.#readers.waitingCount >= MAX_WAITING) throw busy('The database');
    const client = await this.#readers.connect();
    // Sent together with the first query, so that it costs no round trip.
    const began = client.query('begin isolation level repeatable read read only');
    began.catch(() => {});
    try {
      const scope = new Scope(this.#shared, executorOf(client));
      const value = await scope.during(() => work(new Session(scope)));
      await began;
      return value;
    } finally {
      client.query('commit').then(
        () => client.release(),
        () => client.release(true),
      );
    }
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
    await this.#news.close();
    await this.#statistics.settled();
    await Promise.all([this.#writers.end(), this.#readers.end()]);
  }
}
