/** PostgreSQL's SQL. */
import {
  DummyDriver,
  type Expression,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely';
import { ConstraintError } from '../store.ts';
import type { Column, Table } from '../table.ts';
import type { Dialect, Tables } from './dialect.ts';

// Collation "C" sorts by code point, as SQLite does, and lets an index serve any order. JSON stays the text that it was.
const types = { text: 'text collate "C"', integer: 'bigint', boolean: 'boolean', json: 'json' } as const;

/** PostgreSQL: a list is an array. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  db: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
  booleans: 'native',
  insertsLists: true,
  list: (values) => values,
  anyOf: (column, list) => sql`${column} = any(${list})`,
  holdsAll: (column, list) => sql`${column}::jsonb ?& ${list}`,
  holdsAny: (column, list) => sql`${column}::jsonb ?| ${list}`,
  contains: (column, text) => sql`strpos(${column}, ${text}) > 0`,
  concat: (texts) => (texts.length === 0 ? sql`''` : sql`(${sql.join(texts, sql` || `)})`),
  jsonText,
  limit: (rows) => sql`${rows}`,
  constraint,
  columnType: (column) => types[column.type],
};

function jsonText({ type, nullable }: Column, from: Expression<unknown>): Expression<string> {
  if (type === 'boolean') return sql`case when ${from} then 'true' when not ${from} then 'false' else 'null' end`;
  const text = type === 'text' ? sql<string>`to_json(${from})::text` : sql<string>`${from}::text`;
  return nullable ? sql`coalesce(${text}, 'null')` : text;
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
const FOREIGN_KEY_VIOLATION = '23503';
const UNIQUE_VIOLATION = '23505';

// A unique violation's detail lists the columns: 'Key (network_id, mac_address)=(…) already exists.', a name with a colon quoted.
function constraint(error: unknown, table: Table): ConstraintError | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === FOREIGN_KEY_VIOLATION) return new ConstraintError('reference', table.record, [], { cause: error });
  if (error.code !== UNIQUE_VIOLATION) return undefined;
  const detail = 'detail' in error && typeof error.detail === 'string' ? error.detail : '';
  const listed = /^Key \((.*?)\)=/.exec(detail)?.[1]?.split(', ') ?? [];
  const columns = listed.map((name) => name.replace(/^"(.*)"$/, '$1'));
  return new ConstraintError('unique', table.record, columns, { cause: error });
}
