/** Finding the row that a request is about, where the caller may see it. */
import { badRequest, revisionMismatch } from '../../model/faults.ts';
import { network } from '../../model/index.ts';
import type { Resource, Row } from '../../model/language.ts';
import type { Caller } from '../../operations/context.ts';
import { seesOwn, visibleRows } from '../../rules/visibility.ts';
import type { Condition } from '../../store/query.ts';
import type { Reader } from '../../store/store.ts';
import type { AnyRow, Exposed } from './exposure.ts';

/** The resource that has the table which the rows lie in. */
export const tableOf = (resource: Resource): Resource => resource.rowsOf ?? resource;

/** Whether the caller sees the row; asks the database only where the row is not the caller's own. */
async function isVisible(r: Reader, resource: Resource, caller: Caller, row: AnyRow): Promise<boolean> {
  if (seesOwn(resource, caller, row)) return true;
  const visible = visibleRows(resource, caller);
  if (visible === 'all' || visible === 'none') return visible === 'all';
  const own: Condition = { op: 'in', column: 'id', values: [row.id as string] };
  const rows = await r.list(tableOf(resource), { op: 'and', of: [own, visible] }, { limit: 1 });
  return rows.length > 0;
}

async function rowNamed(
  r: Reader,
  { resource, operations }: Exposed,
  id: string,
  parentId: string | undefined,
): Promise<AnyRow | undefined> {
  if (!operations.rows) return (await r.get(tableOf(resource), id)) as AnyRow | undefined;
  const rows: readonly AnyRow[] = await operations.rows(r, parentId ?? '');
  return rows.find((row) => row[resource.namedBy] === id);
}

/** The row, or the resource's 404: a row that may not be seen is not there. `parentId` is the id in front in the path. */
export async function findRow(
  r: Reader,
  exposed: Exposed,
  caller: Caller,
  id: string,
  parentId?: string,
): Promise<AnyRow> {
  const { resource, operations } = exposed;
  const row = await rowNamed(r, exposed, id, parentId);
  const isUnderParent = !resource.parent || row?.[resource.parent.field] === parentId;
  if (!row || !isUnderParent || !(await isVisible(r, resource, caller, row))) throw operations.notFound(id, parentId);
  return row;
}

/** The row that the path names in front, or its 404; `undefined` where the resource has no parent. */
export async function findParent(
  r: Reader,
  exposed: Exposed,
  caller: Caller,
  parentId: string | undefined,
): Promise<Row<Resource> | undefined> {
  if (!exposed.parent || parentId === undefined) return undefined;
  return (await findRow(r, exposed.parent, caller, parentId)) as Row<Resource>;
}

/** The project that owns the network with this id; `undefined` where the caller sees no such network. */
export async function networkOwner(r: Reader, caller: Caller, networkId: unknown): Promise<string | undefined> {
  const row = typeof networkId === 'string' ? await r.get(network, networkId) : undefined;
  return row && (await isVisible(r, network, caller, row)) ? row.project_id : undefined;
}

/**
 * The revision that an `If-Match: revision_number=N` demands; other tags demand nothing. Neutron: api/api_common.py,
 * check_request_for_revision_constraint.
 */
export function readIfMatch(header: string | undefined): number | undefined {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^(W\/)?"?|"$/g, ''));
  const demands = tags.filter((tag) => tag.startsWith('revision_number='));
  if (demands.length > 1) throw badRequest('if-match', 'Multiple revision_number etags are not supported');
  const [, revision] = /^revision_number=(.*)$/.exec(demands[0] ?? '') ?? [];
  if (revision === undefined) return undefined;
  if (!/^\s*-?\d{1,15}\s*$/.test(revision))
    throw badRequest('if-match', 'Revision number etag must be in the format of revision_number=<int>');
  return Number(revision);
}

/** Throws a 412 fault where the row is not at the demanded revision. */
export function checkRevision(row: AnyRow, expected: number | undefined): void {
  const found = row.revision_number;
  if (expected !== undefined && typeof found === 'number' && found !== expected)
    throw revisionMismatch(expected, found);
}
