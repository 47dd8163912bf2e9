/** Writers run one after another and share commits: what waits while one commit is under way goes into the next. */
import { busy } from '../model/faults.ts';
import type { Executor } from './dialect/dialect.ts';
import { RowCache } from './row-cache.ts';
import { Scope, type Shared } from './scope.ts';
import { Session } from './session.ts';
import type { Transactor } from './store.ts';
import { pruneJournal, writeJournal } from './writes.ts';

/** An open transaction on the write connection, with a savepoint in front of the current work. */
export interface Transaction {
  readonly executor: Executor;
  /** Keeps what the work did, and sets the savepoint for the next one. */
  next(): void | Promise<void>;
  /** Undoes what was done since the savepoint. */
  undo(): void | Promise<void>;
  /** Makes everything durable, with the journal entries that are under way. Rejects where one of them fails. */
  commit(entries: readonly Promise<number>[]): Promise<void>;
  /** Gives everything up. Does not throw. */
  rollback(): void | Promise<void>;
}

/** How a database writes. */
export interface WriteTarget {
  readonly shared: Shared;
  /** Begins a transaction, alone among all writers, with a savepoint set. */
  begin(): Transaction | Promise<Transaction>;
  /** Whether the error is a lost race, after which the same works may be run again. */
  mayRetry(error: unknown): boolean;
}

/** The bounds of a writer. Times in milliseconds. */
export interface WriterLimits {
  /** Works in one commit. */
  readonly batchWorks: number;
  /** After this long, no further work joins the commit. */
  readonly batchMs: number;
  /** Works that wait; one more is refused as busy. */
  readonly queued: number;
  /** How long a work waits for its turn before it is refused as busy. */
  readonly waitMs: number;
  /** How long a work may run. */
  readonly workMs: number;
  /** Journal entries that are kept. */
  readonly journalEntries: number;
  /** How often the batch is run again after a lost race. */
  readonly retries: number;
}

export const defaultLimits: WriterLimits = {
  batchWorks: 64,
  batchMs: 5,
  queued: 10_000,
  waitMs: 30_000,
  workMs: 30_000,
  journalEntries: 100_000,
  retries: 5,
};

// The journal is pruned once for so many entries.
const PRUNE_EVERY = 1000;

interface Job {
  readonly work: (t: Transactor) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly queuedAt: number;
}

type Outcome = { readonly job: Job; readonly value?: unknown; readonly error?: unknown; readonly failed: boolean };

/** The queue of works of one store, and what runs it. */
export class Writer {
  readonly #target: WriteTarget;
  readonly #limits: WriterLimits;
  readonly #onCommit: (lastRev: number) => void;
  #queue: Job[] = [];
  #running: Promise<void> | undefined;
  #closed = false;
  #sincePrune = PRUNE_EVERY;

  /** @param onCommit is told the newest revision after each commit that wrote journal entries. */
  constructor(target: WriteTarget, onCommit: (lastRev: number) => void, limits: WriterLimits = defaultLimits) {
    this.#target = target;
    this.#onCommit = onCommit;
    this.#limits = limits;
  }

  /** Queues a work; resolves when what it wrote is durable. */
  transact<T>(work: (t: Transactor) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('The store is closed.'));
    if (this.#queue.length >= this.#limits.queued) return Promise.reject(busy('The database'));
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject, queuedAt: performance.now() });
      this.#running ??= this.#run();
    });
  }

  /** Refuses new works and waits until those that were taken are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  // A batch begins after the requests that came in meanwhile were read: that is what lets them share it.
  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await nextTurn();
      await this.#runBatch();
    }
    this.#running = undefined;
  }

  async #runBatch(): Promise<void> {
    const jobs: Job[] = [];
    for (let attempt = 0; ; attempt++) {
      try {
        const { outcomes, rev } = await this.#attempt(jobs);
        for (const { job, failed, value, error } of outcomes) failed ? job.reject(error) : job.resolve(value);
        this.#queue.unshift(...jobs.slice(outcomes.length));
        if (rev > 0) this.#onCommit(rev);
        return;
      } catch (error) {
        if (attempt < this.#limits.retries && this.#target.mayRetry(error)) continue;
        for (const job of jobs) job.reject(error);
        return;
      }
    }
  }

  /** The next job that has not waited too long. */
  #take(): Job | undefined {
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      if (performance.now() - job.queuedAt <= this.#limits.waitMs) return job;
      job.reject(busy('The database'));
    }
    return undefined;
  }

  /**
   * The job at this place of the batch: one that was run before a lost race, or the next of the queue. When the queue is empty,
   * one turn of the event loop brings in who is at the door: a flush costs more than a look.
   */
  async #next(jobs: Job[], at: number): Promise<Job | undefined> {
    const again = jobs[at];
    if (again || at >= this.#limits.batchWorks) return again;
    if (this.#queue.length === 0 && at > 0) await nextTurn();
    const job = this.#take();
    if (job) jobs.push(job);
    return job;
  }

  // Runs as many jobs as the batch's time allows, in order, and lists in `jobs` those it took; outcomes are true once this resolves.
  async #attempt(jobs: Job[]): Promise<{ outcomes: Outcome[]; rev: number }> {
    const outcomes: Outcome[] = [];
    const entries: Promise<number>[] = [];
    let dirty = false;
    let job = await this.#next(jobs, 0);
    if (!job) return { outcomes, rev: 0 };
    const transaction = await this.#begin(jobs);
    const cache = new RowCache();
    const started = performance.now();
    try {
      for (; job; job = await this.#next(jobs, outcomes.length)) {
        if (dirty) await transaction.next();
        dirty = false;
        try {
          const { value, entry } = await this.#perform(transaction, cache, job);
          if (entry) entries.push(entry);
          outcomes.push({ job, value, failed: false });
          dirty = true;
        } catch (error) {
          if (this.#target.mayRetry(error)) throw error;
          cache.clear();
          await transaction.undo();
          outcomes.push({ job, error, failed: true });
        }
        if (performance.now() - started > this.#limits.batchMs) break;
      }
      if (this.#sincePrune >= PRUNE_EVERY) await this.#prune(transaction, entries);
      await transaction.commit(entries);
      return { outcomes, rev: await newestOf(entries) };
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }

  // A database that cannot be reached refuses all who wait with one attempt, not each with its own.
  async #begin(jobs: Job[]): Promise<Transaction> {
    try {
      return await this.#target.begin();
    } catch (error) {
      for (let job = this.#take(); job && jobs.length < this.#limits.batchWorks; job = this.#take()) jobs.push(job);
      throw error;
    }
  }

  // The journal entry is under way when this resolves: the next job need not wait for it, the commit does.
  async #perform(
    transaction: Transaction,
    cache: RowCache,
    job: Job,
  ): Promise<{ value: unknown; entry?: Promise<number> }> {
    const scope = new Scope(this.#target.shared, transaction.executor, cache);
    const session = new Session(scope);
    const value = await scope.during(() => within(this.#limits.workMs, job.work(session)));
    const keys = session.woken();
    if (keys.length === 0) return { value };
    this.#sincePrune++;
    const entry = writeJournal(new Scope(this.#target.shared, transaction.executor), keys);
    entry.catch(() => {});
    return { value, entry };
  }

  async #prune(transaction: Transaction, entries: readonly Promise<number>[]): Promise<void> {
    const rev = await newestOf(entries);
    if (rev === 0) return;
    this.#sincePrune = 0;
    await pruneJournal(new Scope(this.#target.shared, transaction.executor), rev - this.#limits.journalEntries);
  }
}

/** The newest of the revisions; 0 where there is none. */
async function newestOf(entries: readonly Promise<number>[]): Promise<number> {
  return Math.max(0, ...(await Promise.all(entries)));
}

function nextTurn(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

/** The promise, or after so many milliseconds an error. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new Error(`A transaction ran for more than ${ms} ms: its work must await nothing but the transactor.`)),
      ms,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
