/** What differs between the databases in the SQL itself; Kysely compiles the rest. */
import type { Expression, Kysely, SqlBool } from 'kysely';
import type { ConstraintError } from '../store.ts';
import type { BooleanCells, Cell, Column, Table } from '../table.ts';

/** A parameter of a statement; a list is one parameter. */
export type Parameter = Cell | readonly Cell[];

/** Any table with any columns: names are checked against the model before they come here. */
export type Tables = Record<string, Record<string, Cell>>;

/** A statement, compiled. The same object stands for the same SQL, so that what is prepared can be kept by it. */
export interface Statement {
  readonly sql: string;
  /** The name under which PostgreSQL prepares it; absent where its shapes are too many to keep. */
  readonly name?: string;
}

/** Sends statements over one connection. SQLite answers at once, PostgreSQL with a promise. */
export interface Executor {
  /** The rows that come back, as cells. */
  rows(statement: Statement, parameters: readonly Parameter[]): Cell[][] | Promise<Cell[][]>;
  /** How many rows it touched. */
  run(statement: Statement, parameters: readonly Parameter[]): number | Promise<number>;
}

/** A database's way with the expressions that the standard leaves open. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** Compiles; it has no connection. */
  readonly db: Kysely<Tables>;
  readonly booleans: BooleanCells;
  /** Whether one statement inserts many rows (columns as lists); otherwise a row has its own. */
  readonly insertsLists: boolean;
  /** The parameter that a list of values is, for `anyOf`, `holdsAll`, `holdsAny`. */
  list(values: readonly Cell[]): Parameter;
  /** The column equals one of the values. */
  anyOf(column: Expression<unknown>, list: Parameter): Expression<SqlBool>;
  /** The JSON list holds all of the texts. */
  holdsAll(column: Expression<unknown>, list: Parameter): Expression<SqlBool>;
  /** The JSON list holds one of the texts. */
  holdsAny(column: Expression<unknown>, list: Parameter): Expression<SqlBool>;
  /** The text holds the other text, capitals as they are. */
  contains(column: Expression<unknown>, text: Parameter): Expression<SqlBool>;
  /** The texts one after another; no text is ''. */
  concat(texts: readonly Expression<unknown>[]): Expression<string>;
  /** The value of a column as JSON text. */
  jsonText(column: Column, from: Expression<unknown>): Expression<string>;
  /** A limit as a parameter. */
  limit(rows: number): Expression<number>;
  /** The constraint that refused a write to the table, where that is what the error says. */
  constraint(error: unknown, table: Table): ConstraintError | undefined;
  /** The type of a column in DDL. */
  columnType(column: Column): string;
}
