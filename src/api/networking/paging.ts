/** Sorting and paging of a list, and the links to its neighbour pages. Neutron: api/api_common.py. */
import { badRequest, malformedBody } from '../../model/faults.ts';
import { type Subject, sees } from '../../rules/policy.ts';
import type { Page } from '../../store/query.ts';
import type { Query } from '../wire/query-string.ts';
import { type Exposed, hasColumn } from './exposure.ts';

const quoted = (words: readonly string[]) =>
  `[${words
    .slice(0, 10)
    .map((word) => `'${word.slice(0, 64).toWellFormed()}'`)
    .join(', ')}]`;

function readSort(exposed: Exposed, subject: Subject, query: Query): NonNullable<Page['sort']> {
  const keys = (query.get('sort_key') ?? []).filter((key) => key !== '');
  const directions = (query.get('sort_dir') ?? []).filter((direction) => direction !== '');
  if (keys.length !== directions.length) throw malformedBody('The number of sort_keys and sort_dirs must be same');
  const columns = keys.map((key) => (key === 'tenant_id' ? 'project_id' : key));
  const isKey = (name: string) => {
    const field = exposed.fields.get(name);
    return (
      field?.sort === true && (hasColumn(field) || exposed.operations.rows !== undefined) && sees(subject, field.see)
    );
  };
  const invalid = columns.filter((name) => !isKey(name));
  if (invalid.length > 0) throw malformedBody(`${quoted(invalid)} is invalid attribute for sort_keys`);
  const wrong = directions.filter((direction) => direction !== 'asc' && direction !== 'desc');
  if (wrong.length > 0)
    throw malformedBody(`${quoted(wrong)} is invalid value for sort_dirs, valid value is 'asc' and 'desc'`);
  return columns.map((name, at) => ({
    column: exposed.fields.get(name)?.column ?? name,
    direction: directions[at] === 'desc' ? 'desc' : 'asc',
  }));
}

function readLimit(query: Query, maxLimit: number): number {
  const text = query.get('limit')?.at(-1) ?? '0';
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (limit === undefined)
    throw badRequest('limit', `Limit must be an integer 0 or greater and not '${text.slice(0, 32).toWellFormed()}'`);
  if (maxLimit <= 0) return limit;
  return limit === 0 ? maxLimit : Math.min(limit, maxLimit);
}

/** Order and extent that a query asks for; `limit` is absent where it asks for everything. */
export function readPage(exposed: Exposed, subject: Subject, query: Query, maxLimit: number): Page {
  const sort = readSort(exposed, subject, query);
  const limit = readLimit(query, maxLimit);
  const marker = query.get('marker')?.at(-1);
  const reverse = query.get('page_reverse')?.at(-1)?.toLowerCase() === 'true';
  // As in Neutron, a marker without a limit means nothing.
  return limit === 0 ? { sort } : { sort, limit, reverse, ...(marker ? { marker } : {}) };
}

function link(url: string, query: Query, marker: unknown, reverse: boolean): string {
  const params = new URLSearchParams();
  for (const [name, values] of query) {
    if (name === 'marker' || name === 'page_reverse') continue;
    for (const value of values) params.append(name, value);
  }
  if (typeof marker === 'string') params.append('marker', marker);
  if (reverse) params.append('page_reverse', 'True');
  return `${url}?${params}`;
}

/** How many rows a page has, and the ids of the first and the last. */
export interface Extent {
  readonly count: number;
  readonly first: unknown;
  readonly last: unknown;
}

/** The links of a page; `undefined` for a list that is not paged. `url` is the collection's. */
export function pageLinks(
  url: string,
  query: Query,
  page: Page,
  { count, first, last }: Extent,
): { rel: string; href: string }[] | undefined {
  if (page.limit === undefined) return undefined;
  const isFull = count >= page.limit;
  const links: { rel: string; href: string }[] = [];
  if (isFull || page.reverse) links.push({ rel: 'next', href: link(url, query, last, false) });
  if (isFull || !page.reverse) links.push({ rel: 'previous', href: link(url, query, first, true) });
  return links;
}
