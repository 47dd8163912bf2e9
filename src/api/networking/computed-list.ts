/** Lists that are no table: a few rows that the server computes, with filters and `fields` as every list has them. */
import { malformedBody } from '../../model/faults.ts';
import type { Page } from '../../store/query.ts';
import type { Query } from '../wire/query-string.ts';

/** Parameters that are no filters; a list this short is one page. */
const reserved: ReadonlySet<string> = new Set(['fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse']);

type ShownRow = Readonly<Record<string, unknown>>;

/** The rows that the query asks for, with the fields that it names; a 400 for a filter that is not among `filters`. */
export function computedList<T extends object>(
  rows: readonly T[],
  query: Query,
  filters: readonly string[],
): ShownRow[] {
  const asked = [...query].filter(([name]) => !reserved.has(name));
  const unknown = asked.map(([name]) => name).filter((name) => !filters.includes(name));
  if (unknown.length > 0) {
    const names = unknown.slice(0, 10).map((name) => `'${name.slice(0, 64).toWellFormed()}'`);
    throw malformedBody(`[${names.join(', ')}] is invalid attribute for filtering`);
  }
  const wanted = (query.get('fields') ?? []).filter((name) => name !== '');
  const shown = rows as readonly ShownRow[];
  return shown
    .filter((row) => asked.every(([name, values]) => values.includes(String(row[name]))))
    .map((row) =>
      wanted.length === 0 ? row : Object.fromEntries(Object.entries(row).filter(([name]) => wanted.includes(name))),
    );
}

/** The rows sorted by these columns, as text; rows that are equal in them stay as they stood. */
export function inOrder<T extends ShownRow>(rows: readonly T[], sort: Page['sort'] = []): readonly T[] {
  return rows.toSorted((a, b) => {
    for (const { column, direction } of sort) {
      const [left, right] = [String(a[column] ?? ''), String(b[column] ?? '')];
      if (left !== right) return left < right === (direction === 'asc') ? -1 : 1;
    }
    return 0;
  });
}
