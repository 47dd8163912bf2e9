/** One transaction's way to the database: statements by shape, and a guard that ends with the transaction. */
import type { Clock } from '../lib/clock.ts';
import { records } from '../model/index.ts';
import type { Record_ } from '../model/language.ts';
import type { Binding } from './condition.ts';
import type { Dialect, Executor, Parameter } from './dialect/dialect.ts';
import { RowCache } from './row-cache.ts';
import { type Compilable, Statements } from './statements.ts';
import type { Cell, Table } from './table.ts';

/** What a store shares among its transactions. */
export interface Shared {
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly statements: Statements;
  readonly recordNamed: (name: string) => Record_;
  /** Told of rows that go into a table, whatever becomes of the transaction. */
  readonly inserted: (table: string, rows: number) => void;
}

/** What transactions of one store share. */
export function shared(dialect: Dialect, clock: Clock, inserted: Shared['inserted'] = () => {}): Shared {
  const byName = new Map(records.map((record) => [record.name, record]));
  const recordNamed = (name: string) => {
    const record = byName.get(name);
    if (!record) throw new Error(`There is no record ${JSON.stringify(name)}.`);
    return record;
  };
  return { dialect, clock, statements: new Statements(), recordNamed, inserted };
}

/** The statements of one transaction, one snapshot or one work. */
export class Scope {
  readonly shared: Shared;
  readonly #executor: Executor;
  readonly #cache: RowCache;
  #pending = 0;
  readonly #sent: Promise<unknown>[] = [];
  #end: Error | undefined;

  /** @param cache what the transaction or snapshot has read; scopes of one transaction share it. */
  constructor(shared: Shared, executor: Executor, cache = new RowCache()) {
    this.shared = shared;
    this.#executor = executor;
    this.#cache = cache;
  }

  /** As `rows`, of one table, where the parameters say by equality which: what was read before is not read again. */
  known(table: Table, shape: string, parameters: readonly Parameter[], build: () => Compilable): Promise<Cell[][]> {
    if (this.#end) return Promise.reject(this.#end);
    const question = `${shape} ${JSON.stringify(parameters)}`;
    return this.#cache.read(table.name, question, () => this.rows(shape, parameters, build));
  }

  /** Runs a statement whose shape the code determines; gives its rows. */
  rows(shape: string, parameters: readonly Parameter[], build: () => Compilable): Promise<Cell[][]> {
    const statement = this.shared.statements.fixed(shape, parameters, build);
    return this.#guard(() => this.#executor.rows(statement, parameters));
  }

  /** Runs a statement whose shape a client's request determines; gives its rows. */
  looseRows(shape: string, parameters: readonly Parameter[], build: () => Compilable): Promise<Cell[][]> {
    const statement = this.shared.statements.loose(shape, parameters, build);
    return this.#guard(() => this.#executor.rows(statement, parameters));
  }

  /** Runs a statement that writes to the table; gives how many rows it touched. A constraint's refusal is a ConstraintError. */
  run(table: Table, shape: string, parameters: readonly Parameter[], build: () => Compilable): Promise<number> {
    this.#cache.written(table.name);
    const statement = this.shared.statements.fixed(shape, parameters, build);
    return this.#guard(() => this.#executor.run(statement, parameters), table);
  }

  /** As `run`, of a statement that removes rows: with them go those that reference them, in whatever table. */
  erase(table: Table, shape: string, parameters: readonly Parameter[], build: () => Compilable): Promise<number> {
    this.#cache.clear();
    return this.run(table, shape, parameters, build);
  }

  /** As `run`, with the rows that the statement returns; `answers` is the question that these rows answer from now on. */
  write(
    table: Table,
    shape: string,
    parameters: readonly Parameter[],
    build: () => Compilable,
    answers?: { readonly shape: string; readonly parameters: readonly Parameter[] },
  ): Promise<Cell[][]> {
    this.#cache.written(table.name);
    const statement = this.shared.statements.fixed(shape, parameters, build);
    const rows = this.#guard(() => this.#executor.rows(statement, parameters), table);
    if (answers) this.#cache.keep(table.name, `${answers.shape} ${JSON.stringify(answers.parameters)}`, rows);
    return rows;
  }

  /**
   * Lets a statement go whose answer nobody needs: the work goes on meanwhile, which on PostgreSQL saves a round trip. What refuses
   * it is thrown by a later statement, or when the work ends.
   */
  send(statement: () => Promise<unknown>): void {
    if (this.#end) throw this.#end;
    const sent = statement();
    sent.catch(() => {});
    this.#sent.push(sent);
  }

  /** A fresh binding for a condition. */
  binding(): Binding {
    return { dialect: this.shared.dialect, parameters: [], recordNamed: this.shared.recordNamed };
  }

  /**
   * Runs `work` and ends the scope with it: whoever uses it afterwards is refused. Waits for what was sent. Rejects also when a
   * statement failed that the work passed over (PostgreSQL goes on with nothing after that, so neither database does), or when one
   * still runs because the work did not await it.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      const value = await work();
      await Promise.allSettled(this.#sent);
      if (this.#end) throw this.#end;
      if (this.#pending > 0) throw new Error('The work ended before its statements did: await each of them.');
      return value;
    } finally {
      this.#end = new Error('The transaction is over; its reader or transactor must not be used any more.');
    }
  }

  async #guard<T>(send: () => T | Promise<T>, table?: Table): Promise<T> {
    if (this.#end) throw this.#end;
    this.#pending++;
    try {
      return await send();
    } catch (error) {
      const refused = (table && this.shared.dialect.constraint(error, table)) ?? error;
      // After a statement that was sent and refused, PostgreSQL refuses all others without a word why.
      this.#end ??= refused as Error;
      throw this.#end;
    } finally {
      this.#pending--;
    }
  }
}
