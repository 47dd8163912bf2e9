/** Order and extent of lists: sorting, and pages that start after a marker row (keyset pagination). */
import type { Expression, SqlBool } from 'kysely';
import { sql } from 'kysely';
import { type Binding, bindComparison, type Clause, reference } from './condition.ts';
import type { Page, Scalar } from './query.ts';
import { type Column, columnOf, type Table } from './table.ts';

/** A column to sort by, with the direction in which rows are read. */
export interface SortKey {
  readonly column: Column;
  readonly direction: 'asc' | 'desc';
}

/**
 * The sort keys of a page, the key of the record last, so that the order is total. The last keys go up, as the list does without
 * `sort`. With `reverse` all directions are turned: rows are read backwards from the marker and turned again afterwards.
 */
export function sortKeys(table: Table, page: Page): SortKey[] {
  const keys: SortKey[] = [];
  const wanted = [...(page.sort ?? []), ...table.key.map((column) => ({ column, direction: 'asc' as const }))];
  for (const { column: name, direction } of wanted) {
    const column = columnOf(table, name);
    if (column.type === 'json') throw new Error(`The column ${name} is JSON and has no order.`);
    if (keys.some((key) => key.column === column)) continue;
    keys.push({ column, direction: page.reverse ? opposite(direction) : direction });
  }
  return keys;
}

function opposite(direction: 'asc' | 'desc'): 'asc' | 'desc' {
  return direction === 'asc' ? 'desc' : 'asc';
}

/** The shape of an order, for the cache of statements. */
export function orderShape(keys: readonly SortKey[]): string {
  return keys.map(({ column, direction }) => `${column.name} ${direction}`).join(',');
}

/** One term of ORDER BY. null is before every value on both databases; where a column has no null, an index serves as it is. */
export function orderTerm(table: Table, { column, direction }: SortKey): Expression<unknown> {
  const name = reference(table, column.name);
  if (direction === 'asc') return column.nullable ? sql`${name} asc nulls first` : sql`${name} asc`;
  return column.nullable ? sql`${name} desc nulls last` : sql`${name} desc`;
}

/** The rows after the marker row: `a > x or (a = x and (b > y or …))`, with null before every value. */
export function afterMarker(
  binding: Binding,
  table: Table,
  keys: readonly SortKey[],
  marker: Readonly<Record<string, Scalar>>,
): Clause {
  const [first, ...rest] = keys;
  if (!first) return { shape: 'F', expression: () => sql<SqlBool>`false` };
  const value = marker[first.column.name] ?? null;
  const further = beyond(binding, table, first, value);
  if (rest.length === 0) return further;
  const level = same(binding, table, first, value);
  const inner = afterMarker(binding, table, rest, marker);
  return {
    shape: `after(${further.shape}|${level.shape}|${inner.shape})`,
    expression: () => sql<SqlBool>`(${further.expression()} or (${level.expression()} and ${inner.expression()}))`,
  };
}

function beyond(binding: Binding, table: Table, { column, direction }: SortKey, value: Scalar): Clause {
  const name = reference(table, column.name);
  if (value === null) {
    if (direction === 'desc') return { shape: 'F', expression: () => sql<SqlBool>`false` };
    return { shape: `${column.name}!?`, expression: () => sql<SqlBool>`${name} is not null` };
  }
  const compared = bindComparison(binding, table, column.name, direction === 'asc' ? 'gt' : 'lt', value);
  if (direction === 'asc' || !column.nullable) return compared;
  return {
    shape: `${compared.shape}|?`,
    expression: () => sql<SqlBool>`(${compared.expression()} or ${name} is null)`,
  };
}

function same(binding: Binding, table: Table, { column }: SortKey, value: Scalar): Clause {
  if (value !== null) return bindComparison(binding, table, column.name, 'eq', value);
  const name = reference(table, column.name);
  return { shape: `${column.name}?`, expression: () => sql<SqlBool>`${name} is null` };
}
