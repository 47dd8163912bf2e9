/**
 * The verbs of the Networking API on any resource of the model: list, show, create, update, delete, actions. One state of the
 * database for each request, one transaction for each change.
 */
import { ByteList } from '../../lib/byte-list.ts';
import { type Fault, forbidden, malformedBody, networkNotFound } from '../../model/faults.ts';
import type { Action, Roles } from '../../model/language.ts';
import type { Caller, Context, ReadContext } from '../../operations/context.ts';
import {
  dependsOnNetwork,
  forbiddenField,
  holds,
  holdsAny,
  mayActFor,
  mayHold,
  needsNetwork,
  type Ownership,
  ruleName,
} from '../../rules/policy.ts';
import { visibleRows } from '../../rules/visibility.ts';
import type { Condition, Page } from '../../store/query.ts';
import type { Reader } from '../../store/store.ts';
import { readContext, type Services, writeContext } from '../services.ts';
import { bodyMember, isObject } from '../wire/json-body.ts';
import type { Query } from '../wire/query-string.ts';
import { type Draft, readChanges, readDraft } from './body.ts';
import { computedList, inOrder } from './computed-list.ts';
import type { AnyRow, Exposed } from './exposure.ts';
import { readFilters } from './filters.ts';
import { checkRevision, findParent, findRow, networkOwner, tableOf } from './lookup.ts';
import { type Extent, pageLinks, readPage } from './paging.ts';
import { renderRows } from './render.ts';
import { listBytes, textFormOf } from './render-text.ts';

/** What a request says beside its verb. */
export interface Request {
  readonly caller: Caller;
  readonly query: Query;
  /** The id of the row in front in the path, for nested resources. */
  readonly parentId: string | undefined;
  /** The path of the collection, without the query: `/v2.0/ports`. */
  readonly path: string;
  readonly body: unknown;
  /** The revision that If-Match demands. */
  readonly revision: number | undefined;
}

const wantedFields = (query: Query) => (query.get('fields') ?? []).filter((name) => name !== '');

const denied = (verb: string, exposed: Exposed): Fault => forbidden(ruleName(verb, exposed.resource));

async function prepareList(services: Services, { operations }: Exposed, { caller, query }: Request): Promise<void> {
  const { beforeList } = operations;
  if (!beforeList) return;
  const isThere = (r: Reader) => beforeList.isThere({ ...readContext(services, r, caller), filters: query });
  if (await services.store.read(isThere)) return;
  await services.store.transact((t) => beforeList.make({ ...writeContext(services, t, caller), filters: query }));
}

/** What a list is of. */
interface Listing {
  readonly exposed: Exposed;
  readonly request: Request;
  readonly page: Page;
  readonly visible: ReturnType<typeof visibleRows>;
  readonly where: Condition | undefined;
}

function readListing(services: Services, exposed: Exposed, request: Request): Listing {
  const { resource, operations } = exposed;
  const { caller, query, parentId } = request;
  const conditions = operations.rows ? [] : readFilters(exposed, caller, query);
  const page = readPage(exposed, caller, query, services.settings.paginationMaxLimit);
  const visible = visibleRows(resource, caller);
  if (visible !== 'all' && visible !== 'none') conditions.push(visible);
  if (resource.parent) conditions.push({ op: 'in', column: resource.parent.field, values: [parentId ?? ''] });
  const where: Condition | undefined = conditions.length > 0 ? { op: 'and', of: conditions } : undefined;
  return { exposed, request, page, visible, where };
}

/** The list in one state of the database; `undefined` where it is long and may not be. */
async function listIn(
  services: Services,
  r: Reader,
  { exposed, request, page, visible, where }: Listing,
  mayBeLong: () => boolean,
): Promise<ByteList | undefined> {
  const { resource, operations } = exposed;
  const { caller, query, parentId } = request;
  await findParent(r, exposed, caller, parentId);
  if (page.marker !== undefined && !operations.rows && !(await r.get(tableOf(resource), page.marker)))
    throw operations.notFound(page.marker, parentId);
  const c = { ...readContext(services, r, caller), filters: query };
  const wanted = wantedFields(query);
  const links = (extent: Extent) => pageLinks(`${services.publicUrl()}${request.path}`, query, page, extent);
  if (operations.rows)
    return fewRows(c, exposed, { query, page }, visible === 'none' ? [] : await operations.rows(r, parentId ?? ''));
  const form = visible === 'none' ? undefined : textFormOf(exposed, caller, wanted);
  if (form) {
    const body = startList(exposed);
    const extent = await listBytes(c, exposed, { where, page, form, mayBeLong }, body);
    if (extent) return endList(exposed, body, links(extent));
    body.free();
    return undefined;
  }
  const rows = visible === 'none' ? [] : ((await r.list(tableOf(resource), where, page)) as AnyRow[]);
  const bodies = await renderRows(c, exposed, rows, wanted);
  return listBody(exposed, bodies, links({ count: rows.length, first: rows[0]?.id, last: rows.at(-1)?.id }));
}

/**
 * `GET /v2.0/ports`. A long list is read only in its turn: few are held in memory at a time, each takes no longer than it takes
 * alone, and short ones find the database free.
 */
export async function listRows(services: Services, exposed: Exposed, request: Request): Promise<ByteList> {
  const listing = readListing(services, exposed, request);
  await prepareList(services, exposed, request);
  const { longLists } = services;
  let hasTurn = false;
  const mayBeLong = () => {
    hasTurn ||= longLists.tryTake();
    return hasTurn;
  };
  try {
    for (;;) {
      const body = await services.store.read((r) => listIn(services, r, listing, mayBeLong));
      if (body) return body;
      await longLists.take();
      hasTurn = true;
    }
  } finally {
    if (hasTurn) longLists.end();
  }
}

/** The list of a resource whose rows are few and no table's: one page, sorted as was asked. */
async function fewRows(
  c: ReadContext,
  exposed: Exposed,
  { query, page }: { query: Query; page: Page },
  rows: readonly AnyRow[],
): Promise<ByteList> {
  const filters = [...exposed.fields].filter(([, field]) => field.filter).map(([name]) => name);
  const shown = computedList(await renderRows(c, exposed, inOrder(rows, page.sort)), query, filters);
  return listBody(exposed, shown, undefined);
}

function startList({ resource }: Exposed): ByteList {
  const body = new ByteList();
  body.add(`{"${resource.plural}":`);
  return body;
}

function endList({ resource }: Exposed, body: ByteList, links: unknown): ByteList {
  body.add(links === undefined ? '}' : `,"${resource.plural}_links":${JSON.stringify(links)}}`);
  return body;
}

function listBody(exposed: Exposed, rows: readonly unknown[], links: unknown): ByteList {
  const body = startList(exposed);
  body.add(JSON.stringify(rows));
  return endList(exposed, body, links);
}

/** `GET /v2.0/ports/{id}`. */
export async function showRow(services: Services, exposed: Exposed, request: Request, id: string): Promise<AnyRow> {
  return services.store.read(async (r) => {
    await findParent(r, exposed, request.caller, request.parentId);
    const row = await findRow(r, exposed, request.caller, id, request.parentId);
    const c = readContext(services, r, request.caller);
    const [body] = await renderRows(c, exposed, [row], wantedFields(request.query));
    return { [exposed.resource.name]: body };
  });
}

/** The drafts of a body, one or many. */
function readDrafts(exposed: Exposed, body: unknown): { drafts: Draft[]; isBulk: boolean } {
  const { name, plural } = exposed.resource;
  // A resource of which one is called as many are takes a list as many.
  const isOne = !isObject(body) || !Object.hasOwn(body, plural) || (name === plural && !Array.isArray(body[plural]));
  if (isOne) return { drafts: [readDraft(exposed, bodyMember(body, name))], isBulk: false };
  const items = body[plural];
  if (!Array.isArray(items) || items.length === 0)
    throw malformedBody(`'${plural}' must be a list of at least one object`);
  const drafts = items.map((item: unknown) => {
    if (!isObject(item)) throw malformedBody(`'${plural}' must be a list of objects`);
    // As in Neutron, each may be wrapped as the only one of a request is.
    return readDraft(exposed, Object.hasOwn(item, name) && !exposed.fields.has(name) ? bodyMember(item, name) : item);
  });
  return { drafts, isBulk: true };
}

/** The project that a new row is for. Neutron: neutron_lib/api/attributes.py, populate_project_id. */
function projectFor(exposed: Exposed, draft: Draft, caller: Caller, parent: AnyRow | undefined): string {
  const own = parent ? (parent.project_id as string) : caller.projectId;
  const projectId = draft.projectId ?? own;
  if (draft.projectId !== undefined && !mayActFor(caller, draft.projectId))
    throw malformedBody(
      "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin privileges",
    );
  if (projectId === '' && draft.projectId === undefined && exposed.fields.has('project_id'))
    throw malformedBody('The token is of no project: get a token of a project, or specify project_id');
  return projectId;
}

/** Who owns a row, and its network where the verdict on the operation, or on the fields given, depends on that. */
async function ownership(
  r: Reader,
  caller: Caller,
  exposed: Exposed,
  verb: 'create' | 'update' | 'delete',
  given: AnyRow,
  row: { readonly project_id?: unknown; readonly network_id?: unknown },
): Promise<Ownership> {
  const projectId = row.project_id as string | undefined;
  const roles = exposed.resource.policy[verb] ?? [];
  const ofFields = verb !== 'delete' && dependsOnNetwork(caller, exposed.resource, verb, given);
  if (!ofFields && !needsNetwork(caller, roles, { projectId })) return { projectId };
  const networkProjectId = await networkOwner(r, caller, row.network_id);
  if (networkProjectId === undefined) throw networkNotFound(String(row.network_id));
  return { projectId, networkProjectId };
}

function checkRole(caller: Caller, roles: Roles | undefined, exposed: Exposed, verb: string, row: Ownership): void {
  if (roles === undefined || !holdsAny(caller, roles, row)) throw denied(verb, exposed);
}

function checkFields(caller: Caller, exposed: Exposed, verb: 'create' | 'update', given: AnyRow, row: Ownership): void {
  const rule = forbiddenField(caller, exposed.resource, verb, given, row);
  if (rule !== undefined) throw forbidden(rule);
}

async function createOne(c: Context, exposed: Exposed, draft: Draft, parent: AnyRow | undefined): Promise<AnyRow> {
  const { resource, operations } = exposed;
  if (!operations.create) throw denied('create', exposed);
  const projectId = projectFor(exposed, draft, c.caller, parent);
  checkRole(c.caller, resource.policy.create, exposed, 'create', { projectId });
  const target = { project_id: projectId, network_id: draft.values.network_id };
  const owners = await ownership(c.t, c.caller, exposed, 'create', draft.given, target);
  checkFields(c.caller, exposed, 'create', draft.given, owners);
  const values = exposed.fields.has('project_id') ? { ...draft.values, project_id: projectId } : draft.values;
  return (await operations.create(c, values, parent as never)) as AnyRow;
}

/** `POST /v2.0/ports` with `{"port": {…}}` or `{"ports": [{…}, …]}`: all of them, or none. */
export async function createRows(services: Services, exposed: Exposed, request: Request): Promise<AnyRow> {
  const { resource } = exposed;
  const { drafts, isBulk } = readDrafts(exposed, request.body);
  if (!mayHold(request.caller, resource.policy.create ?? 'admin')) throw denied('create', exposed);
  return services.store.transact(async (t) => {
    const c = writeContext(services, t, request.caller);
    const parent = await findParent(t, exposed, request.caller, request.parentId);
    const rows: AnyRow[] = [];
    for (const draft of drafts) rows.push(await createOne(c, exposed, draft, parent));
    const bodies = await renderRows(readContext(services, t, request.caller), exposed, rows);
    return isBulk ? { [resource.plural]: bodies } : { [resource.name]: bodies[0] };
  });
}

/** `PUT /v2.0/ports/{id}`. */
export async function updateRow(services: Services, exposed: Exposed, request: Request, id: string): Promise<AnyRow> {
  const { resource, operations } = exposed;
  const changes = readChanges(exposed, bodyMember(request.body, resource.name));
  return services.store.transact(async (t) => {
    const c = writeContext(services, t, request.caller);
    const parent = await findParent(t, exposed, request.caller, request.parentId);
    const row = await findRow(t, exposed, request.caller, id, request.parentId);
    const owners = await ownership(t, request.caller, exposed, 'update', changes, row);
    checkRole(request.caller, resource.policy.update, exposed, 'update', owners);
    checkFields(request.caller, exposed, 'update', changes, owners);
    checkRevision(row, request.revision);
    if (!operations.update) throw denied('update', exposed);
    const after = (await operations.update(c, row, changes, parent)) as AnyRow;
    const [body] = await renderRows(readContext(services, t, request.caller), exposed, [after]);
    return { [resource.name]: body };
  });
}

/** `DELETE /v2.0/ports/{id}`. */
export async function deleteRow(services: Services, exposed: Exposed, request: Request, id: string): Promise<void> {
  const { resource, operations } = exposed;
  if (request.body !== undefined) throw malformedBody('Request body is not supported in DELETE.');
  await services.store.transact(async (t) => {
    const parent = await findParent(t, exposed, request.caller, request.parentId);
    const row = await findRow(t, exposed, request.caller, id, request.parentId);
    const owners = await ownership(t, request.caller, exposed, 'delete', {}, row);
    checkRole(request.caller, resource.policy.delete, exposed, 'delete', owners);
    checkRevision(row, request.revision);
    if (!operations.remove) throw denied('delete', exposed);
    await operations.remove(writeContext(services, t, request.caller), row, parent);
  });
}

/** `PUT /v2.0/routers/{id}/add_router_interface`. */
export async function actOnRow(
  services: Services,
  exposed: Exposed,
  request: Request,
  id: string,
  action: Action,
): Promise<unknown> {
  const perform = exposed.operations.actions?.[action.name];
  const body = request.body === undefined && action.bodyless ? {} : request.body;
  if (!isObject(body)) throw malformedBody('Resource body required');
  return services.store.transact(async (t) => {
    await findParent(t, exposed, request.caller, request.parentId);
    const row = await findRow(t, exposed, request.caller, id, request.parentId);
    if (!perform || !holds(request.caller, action.role, { projectId: row.project_id as string }))
      throw forbidden(`rule:${action.name}`);
    checkRevision(row, request.revision);
    const result = await perform(writeContext(services, t, request.caller), row, body);
    if (action.answers === undefined) return result;
    const [shown] = await renderRows(readContext(services, t, request.caller), exposed, [result as AnyRow]);
    return action.answers === 'row' ? { [exposed.resource.name]: shown } : shown;
  });
}

/** `GET /v2.0/trunks/{id}/get_subports`. */
export async function lookAtRow(
  services: Services,
  exposed: Exposed,
  request: Request,
  id: string,
  action: Action,
): Promise<unknown> {
  return services.store.read(async (r) => {
    const row = await findRow(r, exposed, request.caller, id);
    if (!holds(request.caller, action.role, { projectId: row.project_id as string }))
      throw forbidden(`rule:${action.name}`);
    const [shown] = await renderRows(readContext(services, r, request.caller), exposed, [row], action.shows);
    return shown;
  });
}
