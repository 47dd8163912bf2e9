/** The reads of a transaction as statements. */
import { type RawBuilder, sql } from 'kysely';
import type { HostKey } from '../model/host-objects.ts';
import type { Record_, Row } from '../model/language.ts';
import { bindCondition, type Clause, comparable, reference } from './condition.ts';
import type { Parameter } from './dialect/dialect.ts';
import { afterMarker, orderShape, orderTerm, sortKeys } from './page.ts';
import type { Condition, Page, Scalar } from './query.ts';
import type { Scope } from './scope.ts';
import type { JournalEntry, Match } from './store.ts';
import { type Cell, columnOf, type Table, tableOf, toRow } from './table.ts';

/** The one column that is the key; throws where the key has several. */
export function keyColumn(table: Table): string {
  const [name] = table.key;
  if (name === undefined || table.key.length > 1) {
    throw new Error(`The key of the record ${table.record} is ${table.key.join(', ')}: use a match instead of an id.`);
  }
  return name;
}

/** The row with this key. */
export async function get<R extends Record_>(scope: Scope, record: R, id: string): Promise<Row<R> | undefined> {
  const table = tableOf(record);
  const { shape, parameters } = byKey(scope, table, id);
  const [cells] = await scope.known(table, shape, parameters, () =>
    select(scope, table).where(keyColumn(table), '=', parameters[0] as Cell),
  );
  return cells && toRow<R>(table, cells);
}

/** The question of `get`. */
export function byKey(scope: Scope, table: Table, id: string): { shape: string; parameters: Cell[] } {
  return { shape: `get ${table.name}`, parameters: [keyCell(scope, table, id)] };
}

/** The cell of a key that a client may have given: one that no database stores is the key of nothing. */
export function keyCell(scope: Scope, table: Table, id: string): Cell {
  return comparable(scope.shared.dialect, columnOf(table, keyColumn(table)), id);
}

function select(scope: Scope, table: Table) {
  return scope.shared.dialect.db.selectFrom(table.name).select(table.columns.map((column) => column.name));
}

/** A match as a condition. */
export function conditionOf(table: Table, match: Readonly<Record<string, unknown>>): Condition {
  const of = Object.entries(match).map(([column, value]): Condition => {
    if (value === undefined) throw new Error(`The match of ${table.record} has no value for ${column}.`);
    return { op: 'in', column, values: Array.isArray(value) ? value : [value as Scalar] };
  });
  return { op: 'and', of };
}

/** Rows that match, by key; at most `limit`, which is a constant of the code. */
export async function find<R extends Record_>(
  scope: Scope,
  record: R,
  match: Match<R>,
  limit?: number,
): Promise<Row<R>[]> {
  const table = tableOf(record);
  const binding = scope.binding();
  const { parameters } = binding;
  const where = bindCondition(binding, table, conditionOf(table, match));
  const rows = await scope.known(table, `find ${table.name} ${where.shape} ${limit}`, parameters, () => {
    let query = select(scope, table).where(where.expression());
    for (const name of table.key) query = query.orderBy(reference(table, name));
    return limit === undefined ? query : query.limit(sql.lit(limit));
  });
  return rows.map((cells) => toRow<R>(table, cells));
}

/** How many rows match. */
export async function count<R extends Record_>(scope: Scope, record: R, match: Match<R>): Promise<number> {
  const table = tableOf(record);
  const binding = scope.binding();
  const where = bindCondition(binding, table, conditionOf(table, match));
  const rows = await scope.rows(`count ${table.name} ${where.shape}`, binding.parameters, () =>
    scope.shared.dialect.db.selectFrom(table.name).select(sql<number>`count(*)`.as('count')).where(where.expression()),
  );
  return Number(rows[0]?.[0]);
}

/** What a list selects, in place of all columns: its shape, and the terms. */
export interface Selection {
  readonly shape: string;
  readonly terms: () => RawBuilder<unknown>;
}

/** Cells of the rows that satisfy a condition, sorted and paged; none where the marker names no row. */
export async function listCells(
  scope: Scope,
  record: Record_,
  condition: Condition | undefined,
  page: Page,
  selection: Selection | undefined,
): Promise<Cell[][]> {
  const table = tableOf(record);
  const keys = sortKeys(table, page);
  const marker = page.marker === undefined ? undefined : await get(scope, record, page.marker);
  if (page.marker !== undefined && !marker) return [];
  const binding = scope.binding();
  const clauses: Clause[] = [];
  if (condition) clauses.push(bindCondition(binding, table, condition));
  if (marker) clauses.push(afterMarker(binding, table, keys, marker as Readonly<Record<string, Scalar>>));
  const parameters: Parameter[] = binding.parameters;
  if (page.limit !== undefined) parameters.push(page.limit);
  const shape = `list ${table.name} ${selection?.shape} ${clauses.map((clause) => clause.shape).join(' & ')} ${orderShape(keys)} ${page.limit !== undefined}`;
  const rows = await scope.looseRows(shape, parameters, () => {
    const { db } = scope.shared.dialect;
    const selected = selection ? sql`${selection.terms()}` : sql.join(table.columns.map(({ name }) => sql.ref(name)));
    const where =
      clauses.length === 0
        ? sql``
        : sql` where ${sql.join(
            clauses.map((c) => c.expression()),
            sql` and `,
          )}`;
    const order = sql.join(keys.map((key) => orderTerm(table, key)));
    const limit = page.limit === undefined ? sql`` : sql` limit ${scope.shared.dialect.limit(page.limit)}`;
    const query = sql`select ${selected} from ${sql.table(table.name)}${where} order by ${order}${limit}`;
    return { compile: () => query.compile(db) };
  });
  return page.reverse ? rows.reverse() : rows;
}

/** Rows by a condition, sorted and paged. A marker that names no row gives no rows. */
export async function list<R extends Record_>(
  scope: Scope,
  record: R,
  condition: Condition | undefined,
  page: Page,
): Promise<Row<R>[]> {
  const table = tableOf(record);
  const rows = await listCells(scope, record, condition, page, undefined);
  return rows.map((cells) => toRow<R>(table, cells));
}

/** The newest revision in the journal; 0 before the first. */
export async function head(scope: Scope): Promise<number> {
  const rows = await scope.rows('journal head', [], () =>
    scope.shared.dialect.db.selectFrom('journal').select(sql<number>`coalesce(max(rev), 0)`.as('rev')),
  );
  return Number(rows[0]?.[0]);
}

/** The oldest revision that the journal still has; 1 before the first. */
export async function oldest(scope: Scope): Promise<number> {
  const rows = await scope.rows('journal oldest', [], () =>
    scope.shared.dialect.db.selectFrom('journal').select(sql<number>`coalesce(min(rev), 1)`.as('rev')),
  );
  return Number(rows[0]?.[0]);
}

/** Entries after `since`, oldest first. */
export async function journal(scope: Scope, since: number, limit: number): Promise<JournalEntry[]> {
  const rows = await scope.rows('journal since', [since, limit], () =>
    scope.shared.dialect.db
      .selectFrom('journal')
      .select(['rev', 'keys'])
      .where('rev', '>', since)
      .orderBy('rev')
      .limit(scope.shared.dialect.limit(limit)),
  );
  return rows.map(([rev, keys]) => ({ rev: rev as number, keys: JSON.parse(keys as string) as HostKey[] }));
}
