/** SQLite's SQL. */
import {
  DummyDriver,
  type Expression,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import { ConstraintError } from '../store.ts';
import type { Column, Table } from '../table.ts';
import type { Dialect, Tables } from './dialect.ts';

// https://www.sqlite.org/rescode.html
const SQLITE_CONSTRAINT_FOREIGNKEY = 787;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
// ON DELETE RESTRICT; the schema has no triggers of its own.
const SQLITE_CONSTRAINT_TRIGGER = 1811;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

const types = { text: 'text', integer: 'integer', boolean: 'integer', json: 'text' } as const;

/** SQLite: booleans are 0 and 1, a list is a JSON text that `json_each` takes apart. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  db: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  booleans: 'integer',
  insertsLists: false,
  list: (values) => JSON.stringify(values),
  anyOf: (column, list) => sql`${column} in (select value from json_each(${list}))`,
  holdsAll: (column, list) =>
    sql`not exists (select 1 from json_each(${list}) as w where w.value not in (select value from json_each(${column})))`,
  holdsAny: (column, list) =>
    sql`exists (select 1 from json_each(${list}) as w where w.value in (select value from json_each(${column})))`,
  contains: (column, text) => sql`instr(${column}, ${text}) > 0`,
  concat: (texts) => (texts.length === 0 ? sql`''` : sql`concat(${sql.join(texts)})`),
  jsonText,
  // SQLite looks at the value of a parameter that is the limit, and so compiles the statement anew for each; a sum it leaves alone.
  limit: (rows) => sql`${rows} + 0`,
  constraint,
  columnType: (column) => types[column.type],
};

// What is JSON already is taken as it stands: it was written by this store.
function jsonText({ type, nullable }: Column, from: Expression<unknown>): Expression<string> {
  if (type === 'text') return sql`json_quote(${from})`;
  if (type === 'boolean') return sql`case ${from} when 1 then 'true' when 0 then 'false' else 'null' end`;
  return nullable ? sql`coalesce(${from}, 'null')` : sql`${from}`;
}

// The message of a unique constraint lists its columns: "UNIQUE constraint failed: ports.network_id, ports.mac_address".
function constraint(error: unknown, table: Table): ConstraintError | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  switch (error.errcode) {
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_TRIGGER:
      return new ConstraintError('reference', table.record, [], { cause: error });
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE: {
      const columns = error.message.slice(error.message.indexOf('failed: ') + 8).split(', ');
      const names = columns.map((column) => column.slice(column.indexOf('.') + 1));
      return new ConstraintError('unique', table.record, names, { cause: error });
    }
    default:
      return undefined;
  }
}
