/** What the rest of the system sees of the database. SQLite and PostgreSQL both are this. */
import type { HostKey } from '../model/host-objects.ts';
import type { Record_, Row } from '../model/language.ts';
import type { Condition, Page } from './query.ts';

/** Values of some columns: a scalar is equality, a list is membership, null is IS NULL. */
export type Match<R extends Record_> = { readonly [K in keyof Row<R>]?: Row<R>[K] | readonly Row<R>[K][] | null };

/** A member of an object that a list writes as JSON text. */
export interface TextMember {
  readonly name: string;
  readonly column: string;
  /** Whether it is left out where the column is null. */
  readonly omitted: boolean;
}

/** What a list gives of each row: some columns, and the others as text. */
export interface TextForm<R extends Record_> {
  readonly columns: readonly (keyof Row<R> & string)[];
  readonly pieces: readonly (readonly TextMember[])[];
}

/** A row of a list in text. A piece has its members with a comma in front of each: `,"name":"a","mtu":1500`; it may be ''. */
export interface TextRow<R extends Record_> {
  readonly row: Partial<Row<R>>;
  readonly pieces: readonly string[];
}

/** Reads. A reader sees one state of the database from its first query to its last. */
export interface Reader {
  /** The row with this id (for records whose key is `id`). */
  get<R extends Record_>(record: R, id: string): Promise<Row<R> | undefined>;
  /** The first row that matches. */
  first<R extends Record_>(record: R, match: Match<R>): Promise<Row<R> | undefined>;
  /** All rows that match, in the order of the key. */
  find<R extends Record_>(record: R, match?: Match<R>): Promise<Row<R>[]>;
  /** Rows by a condition, sorted and paged: what lists of the API are made of. */
  list<R extends Record_>(record: R, where: Condition | undefined, page?: Page): Promise<Row<R>[]>;
  /** As `list`, with the members of JSON objects made by the database, so that long lists cost little here. */
  listText<R extends Record_>(
    record: R,
    where: Condition | undefined,
    page: Page,
    form: TextForm<R>,
  ): Promise<TextRow<R>[]>;
  count<R extends Record_>(record: R, match?: Match<R>): Promise<number>;
  /** The revision of the newest journal entry this reader sees. */
  head(): Promise<number>;
  /**
   * The revision of the oldest entry that the journal still has (it keeps the newest 100,000); 1 before the first. Who has seen
   * less than `oldest() - 1` may have missed something.
   */
  oldest(): Promise<number>;
  /** Journal entries after `since`, oldest first. */
  journal(since: number, limit: number): Promise<JournalEntry[]>;
}

/**
 * Reads and writes; exists only inside `transact`. What `wake` is told leaves a journal entry in the same transaction. Writes from
 * which the work learns nothing are not waited for (`insert`, `insertMany`, `touch`, `delete`, `releaseUsage`): what refuses one is
 * thrown by a later call, or by `transact`.
 */
export interface Transactor extends Reader {
  /** Inserts a row; `created_at`, `updated_at`, `revision_number` of standard resources are the store's. Returns the row as stored. */
  insert<R extends Record_>(record: R, row: Row<R>): Promise<Row<R>>;
  /** Inserts many rows of one record with few statements. */
  insertMany<R extends Record_>(record: R, rows: readonly Row<R>[]): Promise<Row<R>[]>;
  /**
   * Changes columns of the row; with standard fields the revision rises and `updated_at` moves, also when `changes` is empty (a
   * relative of the row changed). Returns the row as it is then; `undefined` when there is none.
   */
  update<R extends Record_>(
    record: R,
    id: string,
    changes: Partial<Row<R>>,
    options?: UpdateOptions,
  ): Promise<Row<R> | undefined>;
  /** Changes nothing of the row but its revision and `updated_at`: a relative of it changed. */
  touch<R extends Record_>(record: R, id: string): Promise<void>;
  /** Removes the row, if there is one. Rows that reference it by `cascade` go too, without journal entries of their own. */
  delete<R extends Record_>(record: R, id: string): Promise<void>;
  /** Removes all rows that match; returns how many. */
  deleteMany<R extends Record_>(record: R, match: Match<R>): Promise<number>;
  /** Sets columns of all rows of a record with a key of several columns that match. */
  updateMany<R extends Record_>(record: R, match: Match<R>, changes: Partial<Row<R>>): Promise<number>;
  /** Adds `by` to a project's usage of a resource and returns the new usage. One row, one statement. */
  addUsage(projectId: string, resource: string, by: number): Promise<number>;
  /** Takes `by` off a project's usage of a resource. */
  releaseUsage(projectId: string, resource: string, by: number): Promise<void>;
  /** Wakes the hosts that have these objects. Goes into the journal with this transaction. */
  wake(keys: Iterable<HostKey>): void;
}

export interface UpdateOptions {
  /** Leave revision and time alone: a status report is no change by a person. */
  readonly quiet?: boolean;
}

/** One change, in commit order. */
export interface JournalEntry {
  /** Rises by commit; a watcher that has seen `rev` misses nothing before it. */
  readonly rev: number;
  /** The host objects that the change concerns. */
  readonly keys: readonly HostKey[];
}

/** A constraint refused a write: two rows with one key, or a row that is still referenced. */
export class ConstraintError extends Error {
  readonly constraint: 'unique' | 'reference';
  /** The record's name and, for `unique`, its columns. */
  readonly record: string;
  readonly columns: readonly string[];
  constructor(constraint: 'unique' | 'reference', record: string, columns: readonly string[], options?: ErrorOptions) {
    super(`${constraint} constraint of ${record} (${columns.join(', ')})`, options);
    this.constraint = constraint;
    this.record = record;
    this.columns = columns;
  }
}

/** The database: reads of one state, and transactions one after another. */
export interface Store {
  /** Runs `work` on one state of the database. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction: all of its writes are durable when the promise resolves, none when it rejects. Concurrent
   * calls run one after another and may share one commit. `work` may run more than once (a lost race on PostgreSQL), so it has
   * no effect but on the transactor, and it awaits nothing but the transactor. After a call of the transactor has rejected, the
   * transaction is lost: it cannot go on. A write that a constraint refuses rejects with a ConstraintError.
   */
  transact<T>(work: (t: Transactor) => Promise<T>): Promise<T>;
  /** Calls `wake` after commits that left journal entries, by whichever server; coalesced. Returns how to stop. */
  onCommit(wake: () => void): () => void;
  close(): Promise<void>;
}
