/** Tags: words on a row, changed one at a time or all at once. Neutron: extensions/tagging.py. */
import { forbidden, malformedBody } from '../../model/faults.ts';
import { Problem } from '../../model/types.ts';
import { holdsAny, needsNetwork, ruleName } from '../../rules/policy.ts';
import { invalidField, tagNotFound } from '../faults.ts';
import type { Services } from '../services.ts';
import { isObject } from '../wire/json-body.ts';
import type { Request } from './engine.ts';
import type { AnyRow, Exposed } from './exposure.ts';
import { checkRevision, findRow, networkOwner, tableOf } from './lookup.ts';

const tagsOf = (row: AnyRow) => (row.tags ?? []) as readonly string[];

function checkTags(exposed: Exposed, tags: unknown): string[] {
  const parsed = exposed.resource.fields.tags?.type.parse(tags);
  if (parsed instanceof Problem) throw invalidField('tags', parsed);
  return [...new Set(parsed as string[])];
}

/** The tags of a row: `GET …/tags`. */
export async function readTags(
  services: Services,
  exposed: Exposed,
  request: Request,
  id: string,
): Promise<readonly string[]> {
  return services.store.read(async (r) => tagsOf(await findRow(r, exposed, request.caller, id)));
}

/** `GET …/tags/{tag}`: throws a 404 fault where the row does not have it. */
export async function requireTag(
  services: Services,
  exposed: Exposed,
  request: Request,
  id: string,
  tag: string,
): Promise<void> {
  if (!(await readTags(services, exposed, request, id)).includes(tag)) throw tagNotFound(tag);
}

/** Changes the tags of a row by `change`, which sees those that are there; returns those that are there then. */
export async function changeTags(
  services: Services,
  exposed: Exposed,
  request: Request,
  id: string,
  change: (tags: readonly string[]) => unknown,
): Promise<readonly string[]> {
  const { resource } = exposed;
  return services.store.transact(async (t) => {
    const row = await findRow(t, exposed, request.caller, id);
    const roles = resource.policy.update ?? resource.policy.delete ?? 'admin';
    const owners = { projectId: row.project_id as string };
    const networkProjectId = needsNetwork(request.caller, roles, owners)
      ? await networkOwner(t, request.caller, row.network_id)
      : undefined;
    if (!holdsAny(request.caller, roles, { ...owners, networkProjectId }))
      throw forbidden(`${ruleName('update', resource)}:tags`);
    checkRevision(row, request.revision);
    const before = tagsOf(row);
    const tags = checkTags(exposed, change(before));
    const isSame = tags.length === before.length && tags.every((tag, at) => tag === before[at]);
    if (!isSame) await t.update(tableOf(resource), id, { tags } as never);
    return tags;
  });
}

/** The list in the body of `PUT …/tags`: `{"tags": ["a", "b"]}`. */
export function tagsInBody(body: unknown): unknown {
  if (!isObject(body) || !Object.hasOwn(body, 'tags')) throw malformedBody("Unable to find 'tags' in request body");
  return body.tags;
}

/** The tags with those of a body, which are checked with the row's as a whole. */
export function withTags(tags: readonly string[], added: unknown): unknown {
  return Array.isArray(added) ? [...tags, ...added.filter((tag) => !tags.includes(tag as string))] : added;
}

/** The tags without one; throws a 404 fault where it is not among them. */
export function withoutTag(tags: readonly string[], tag: string): string[] {
  if (!tags.includes(tag)) throw tagNotFound(tag);
  return tags.filter((other) => other !== tag);
}
