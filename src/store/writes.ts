/** The writes of a transaction as statements. */
import { sql } from 'kysely';
import { apiTimestamp } from '../lib/clock.ts';
import type { HostKey } from '../model/host-objects.ts';
import { quotaUsage } from '../model/index.ts';
import type { Record_, Row } from '../model/language.ts';
import { bindCondition } from './condition.ts';
import type { Parameter } from './dialect/dialect.ts';
import { byKey, conditionOf, get, keyCell, keyColumn } from './reads.ts';
import type { Scope } from './scope.ts';
import type { Match, UpdateOptions } from './store.ts';
import { type Cell, columnOf, type Table, tableOf, toCell, toCells, toRow } from './table.ts';

/** What of a standard resource is the store's. */
const stamped = new Set(['created_at', 'updated_at', 'revision_number']);

function newCells(scope: Scope, table: Table, row: Readonly<Record<string, unknown>>): Cell[] {
  const { dialect, clock } = scope.shared;
  if (!table.standard) return toCells(table, row, dialect.booleans);
  const now = apiTimestamp(clock.now());
  return toCells(table, { ...row, created_at: now, updated_at: now, revision_number: 0 }, dialect.booleans);
}

/** Inserts a row and returns it as stored. */
export async function insert<R extends Record_>(scope: Scope, record: R, row: Row<R>): Promise<Row<R>> {
  const table = tableOf(record);
  const cells = newCells(scope, table, row);
  const build = () =>
    scope.shared.dialect.db
      .insertInto(table.name)
      .values(Object.fromEntries(table.columns.map((column, i) => [column.name, cells[i] as Cell])));
  scope.shared.inserted(table.name, 1);
  scope.send(() => scope.run(table, `insert ${table.name}`, cells, build));
  return toRow<R>(table, cells);
}

/** Inserts rows and returns them as stored. */
export async function insertMany<R extends Record_>(
  scope: Scope,
  record: R,
  rows: readonly Row<R>[],
): Promise<Row<R>[]> {
  const { dialect } = scope.shared;
  if (!dialect.insertsLists || rows.length < 2) {
    const inserted: Row<R>[] = [];
    for (const row of rows) inserted.push(await insert(scope, record, row));
    return inserted;
  }
  const table = tableOf(record);
  const all = rows.map((row) => newCells(scope, table, row));
  const lists = table.columns.map((_, i) => dialect.list(all.map((cells) => cells[i] as Cell)));
  const build = () => {
    const names = sql.join(table.columns.map((column) => sql.id(column.name)));
    const columns = sql.join(
      table.columns.map((column, i) => sql`${lists[i]}::${sql.raw(bareType(dialect.columnType(column)))}[]`),
    );
    const query = sql`insert into ${sql.table(table.name)} (${names}) select * from unnest(${columns})`;
    return { compile: () => query.compile(dialect.db) };
  };
  scope.shared.inserted(table.name, rows.length);
  scope.send(() => scope.run(table, `insert many ${table.name}`, lists, build));
  return all.map((cells) => toRow<R>(table, cells));
}

function bareType(type: string): string {
  return type.split(' ')[0] as string;
}

/** The columns of `changes` that have a value, with their cells. What the store keeps itself and what is computed is passed over. */
function changedCells(scope: Scope, table: Table, changes: Readonly<Record<string, unknown>>): [string, Cell][] {
  const cells: [string, Cell][] = [];
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || table.computed.has(name) || (table.standard && stamped.has(name))) continue;
    cells.push([name, toCell(table, columnOf(table, name), value, scope.shared.dialect.booleans)]);
  }
  return cells;
}

/** Changes columns of the row with this key; returns the row as it is then. */
export async function update<R extends Record_>(
  scope: Scope,
  record: R,
  id: string,
  changes: Partial<Row<R>>,
  options: UpdateOptions,
): Promise<Row<R> | undefined> {
  const table = tableOf(record);
  const cells = changedCells(scope, table, changes);
  const bump = table.standard && options.quiet !== true;
  if (bump) cells.push(['updated_at', apiTimestamp(scope.shared.clock.now())]);
  if (cells.length === 0) return get(scope, record, id);
  const key = keyCell(scope, table, id);
  const parameters = [...cells.map(([, cell]) => cell), key];
  const shape = `update ${table.name} ${cells.map(([name]) => name).join()}${bump ? '+' : ''}`;
  const build = () => {
    const { db } = scope.shared.dialect;
    const revision = bump ? { revision_number: sql<number>`revision_number + 1` } : {};
    return db
      .updateTable(table.name)
      .set({ ...Object.fromEntries(cells), ...revision })
      .where(keyColumn(table), '=', key)
      .returning(table.columns.map((column) => column.name));
  };
  const rows = await scope.write(table, shape, parameters, build, byKey(scope, table, id));
  return rows[0] && toRow<R>(table, rows[0]);
}

/** Removes the row with this key, if there is one. */
export async function remove(scope: Scope, record: Record_, id: string): Promise<void> {
  const table = tableOf(record);
  const parameters = [keyCell(scope, table, id)];
  const build = () =>
    scope.shared.dialect.db.deleteFrom(table.name).where(keyColumn(table), '=', parameters[0] as Cell);
  scope.send(() => scope.erase(table, `delete ${table.name}`, parameters, build));
}

/** Removes all rows that match. */
export function removeMany<R extends Record_>(scope: Scope, record: R, match: Match<R>): Promise<number> {
  const table = tableOf(record);
  const binding = scope.binding();
  const where = bindCondition(binding, table, conditionOf(table, match));
  return scope.erase(table, `delete ${table.name} ${where.shape}`, binding.parameters, () =>
    scope.shared.dialect.db.deleteFrom(table.name).where(where.expression()),
  );
}

/** Sets columns of all rows that match. */
export async function updateMany<R extends Record_>(
  scope: Scope,
  record: R,
  match: Match<R>,
  changes: Partial<Row<R>>,
): Promise<number> {
  const table = tableOf(record);
  const cells = changedCells(scope, table, changes);
  const revision = table.standard ? { revision_number: sql<number>`revision_number + 1` } : {};
  if (table.standard) cells.push(['updated_at', apiTimestamp(scope.shared.clock.now())]);
  if (cells.length === 0) return 0;
  const binding = scope.binding();
  binding.parameters.push(...cells.map(([, cell]) => cell));
  const where = bindCondition(binding, table, conditionOf(table, match));
  const shape = `update ${table.name} ${cells.map(([name]) => name).join()} where ${where.shape}`;
  return scope.run(table, shape, binding.parameters, () =>
    scope.shared.dialect.db
      .updateTable(table.name)
      .set({ ...Object.fromEntries(cells), ...revision })
      .where(where.expression()),
  );
}

/** Adds to a project's usage of a resource; returns the new usage. */
export async function addUsage(scope: Scope, projectId: string, resource: string, by: number): Promise<number> {
  const table = tableOf(quotaUsage);
  const parameters: Parameter[] = [projectId, resource, by, by];
  const rows = await scope.write(table, 'add usage', parameters, () =>
    scope.shared.dialect.db
      .insertInto(table.name)
      .values({ project_id: projectId, resource, used: by })
      .onConflict((conflict) =>
        conflict.columns([...table.key]).doUpdateSet({ used: sql<number>`${sql.ref(`${table.name}.used`)} + ${by}` }),
      )
      .returning('used'),
  );
  return rows[0]?.[0] as number;
}

const journalTable: Table = {
  record: 'journal',
  name: 'journal',
  columns: [],
  byName: new Map(),
  key: ['rev'],
  unique: [],
  indexes: [],
  standard: false,
  computed: new Set(),
  initial: [],
};

/** Writes the journal entry of a work; returns its revision. */
export async function writeJournal(scope: Scope, keys: readonly HostKey[]): Promise<number> {
  const row = { keys: JSON.stringify(keys), created_ms: scope.shared.clock.now() };
  const rows = await scope.write(journalTable, 'journal insert', [row.keys, row.created_ms], () =>
    scope.shared.dialect.db.insertInto('journal').values(row).returning('rev'),
  );
  return rows[0]?.[0] as number;
}

/** Removes entries up to a revision. */
export function pruneJournal(scope: Scope, upTo: number): Promise<number> {
  return scope.run(journalTable, 'journal prune', [upTo], () =>
    scope.shared.dialect.db.deleteFrom('journal').where('rev', '<=', upTo),
  );
}
