/** Lists as JSON text that the database writes: no value of a row is taken apart here, to be put together again. */
import { type Expression, sql } from 'kysely';
import type { Record_, Row } from '../model/language.ts';
import { reference } from './condition.ts';
import type { Dialect } from './dialect/dialect.ts';
import type { Condition, Page } from './query.ts';
import { listCells, type Selection } from './reads.ts';
import type { Scope } from './scope.ts';
import type { TextForm, TextMember, TextRow } from './store.ts';
import { columnOf, fromCell, type Table, tableOf } from './table.ts';

/** A part of a text: constant, or what a row has. */
type Part = string | Expression<unknown>;

function valueParts(dialect: Dialect, table: Table, column: string): Part[] {
  const from = reference(table, column);
  const { isPlain, nullable, ...rest } = columnOf(table, column);
  if (isPlain && !nullable) return ['"', from, '"'];
  return [dialect.jsonText({ isPlain, nullable, ...rest }, from)];
}

function memberParts(dialect: Dialect, table: Table, { name, column, omitted }: TextMember): Part[] {
  const parts = [`,${JSON.stringify(name)}:`, ...valueParts(dialect, table, column)];
  if (!omitted) return parts;
  return [sql`case when ${reference(table, column)} is null then '' else ${joined(dialect, parts)} end`];
}

/** The parts one after another; each costs for every row, so that constants that meet are one. */
function joined(dialect: Dialect, parts: readonly Part[]): Expression<string> {
  const merged: Part[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (typeof part === 'string' && typeof last === 'string') merged[merged.length - 1] = last + part;
    else merged.push(part);
  }
  return dialect.concat(merged.map((part) => (typeof part === 'string' ? sql.lit(part) : part)));
}

function selectionOf(dialect: Dialect, table: Table, { columns, pieces }: TextForm<Record_>): Selection {
  const named = (piece: readonly TextMember[]) =>
    piece.map(({ name, column, omitted }) => `${name}=${column}${omitted ? '?' : ''}`).join();
  return {
    shape: `${columns.join()}|${pieces.map(named).join('|')}`,
    terms: () =>
      sql.join([
        ...columns.map((column) => reference(table, columnOf(table, column).name)),
        ...pieces.map((piece) =>
          joined(
            dialect,
            piece.flatMap((member) => memberParts(dialect, table, member)),
          ),
        ),
      ]),
  };
}

/** Rows by a condition, sorted and paged: the columns and pieces of text that the form asks for. */
export async function listText<R extends Record_>(
  scope: Scope,
  record: R,
  condition: Condition | undefined,
  page: Page,
  form: TextForm<R>,
): Promise<TextRow<R>[]> {
  const table = tableOf(record);
  const { dialect } = scope.shared;
  const selection = selectionOf(dialect, table, form as TextForm<Record_>);
  const rows = await listCells(scope, record, condition, page, selection);
  const columns = form.columns.map((name) => columnOf(table, name));
  return rows.map((cells) => {
    const row: Record<string, unknown> = {};
    for (const [at, column] of columns.entries()) row[column.name] = fromCell(column, cells[at] ?? null);
    return { row: row as Partial<Row<R>>, pieces: cells.slice(columns.length) as string[] };
  });
}
