/** A reader or transactor over one scope. */
import type { HostKey } from '../model/host-objects.ts';
import type { Record_, Row } from '../model/language.ts';
import type { Condition, Page } from './query.ts';
import * as reads from './reads.ts';
import type { Scope } from './scope.ts';
import type { JournalEntry, Match, TextForm, TextRow, Transactor, UpdateOptions } from './store.ts';
import { listText } from './text-list.ts';
import * as writes from './writes.ts';

/** Both readers and transactors are sessions: what a reader is given as `Reader` has no way to write by its type. */
export class Session implements Transactor {
  readonly #scope: Scope;
  readonly #woken = new Set<HostKey>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  get<R extends Record_>(record: R, id: string): Promise<Row<R> | undefined> {
    return reads.get(this.#scope, record, id);
  }

  async first<R extends Record_>(record: R, match: Match<R>): Promise<Row<R> | undefined> {
    return (await reads.find(this.#scope, record, match, 1))[0];
  }

  find<R extends Record_>(record: R, match: Match<R> = {}): Promise<Row<R>[]> {
    return reads.find(this.#scope, record, match);
  }

  list<R extends Record_>(record: R, where: Condition | undefined, page: Page = {}): Promise<Row<R>[]> {
    return reads.list(this.#scope, record, where, page);
  }

  listText<R extends Record_>(
    record: R,
    where: Condition | undefined,
    page: Page,
    form: TextForm<R>,
  ): Promise<TextRow<R>[]> {
    return listText(this.#scope, record, where, page, form);
  }

  count<R extends Record_>(record: R, match: Match<R> = {}): Promise<number> {
    return reads.count(this.#scope, record, match);
  }

  head(): Promise<number> {
    return reads.head(this.#scope);
  }

  oldest(): Promise<number> {
    return reads.oldest(this.#scope);
  }

  journal(since: number, limit: number): Promise<JournalEntry[]> {
    return reads.journal(this.#scope, since, limit);
  }

  insert<R extends Record_>(record: R, row: Row<R>): Promise<Row<R>> {
    return writes.insert(this.#scope, record, row);
  }

  insertMany<R extends Record_>(record: R, rows: readonly Row<R>[]): Promise<Row<R>[]> {
    return writes.insertMany(this.#scope, record, rows);
  }

  update<R extends Record_>(
    record: R,
    id: string,
    changes: Partial<Row<R>>,
    options: UpdateOptions = {},
  ): Promise<Row<R> | undefined> {
    return writes.update(this.#scope, record, id, changes, options);
  }

  async touch<R extends Record_>(record: R, id: string): Promise<void> {
    this.#scope.send(() => writes.update(this.#scope, record, id, {}, {}));
  }

  delete<R extends Record_>(record: R, id: string): Promise<void> {
    return writes.remove(this.#scope, record, id);
  }

  deleteMany<R extends Record_>(record: R, match: Match<R>): Promise<number> {
    return writes.removeMany(this.#scope, record, match);
  }

  updateMany<R extends Record_>(record: R, match: Match<R>, changes: Partial<Row<R>>): Promise<number> {
    return writes.updateMany(this.#scope, record, match, changes);
  }

  addUsage(projectId: string, resource: string, by: number): Promise<number> {
    return writes.addUsage(this.#scope, projectId, resource, by);
  }

  async releaseUsage(projectId: string, resource: string, by: number): Promise<void> {
    this.#scope.send(() => writes.addUsage(this.#scope, projectId, resource, -by));
  }

  wake(keys: Iterable<HostKey>): void {
    for (const key of keys) this.#woken.add(key);
  }

  /** The keys that were woken, each once. */
  woken(): HostKey[] {
    return [...this.#woken];
  }
}
