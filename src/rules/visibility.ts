/** Which rows a caller sees, as a condition: own rows, and what the model's `sight` adds. */
import type { Resource, Sight } from '../model/language.ts';
import { network } from '../model/resources/network.ts';
import { ACCESS_EXTERNAL, ACCESS_SHARED } from '../model/resources/rbac-policy.ts';
import type { Condition } from '../store/query.ts';
import { holds, isReader, type Subject } from './policy.ts';
import { granted } from './sharing.ts';

/** All rows, none, or those that satisfy the condition. */
export type Visibility = 'all' | 'none' | Condition;

const isOwn = (subject: Subject): Condition => ({ op: 'in', column: 'project_id', values: [subject.projectId] });

function ofNetworks(where: Condition): Condition {
  return { op: 'among', column: 'network_id', record: network.name, select: 'id', where };
}

const ownOr = (subject: Subject, of: readonly Condition[]): Condition => ({ op: 'or', of: [isOwn(subject), ...of] });

const actionOf: Partial<Record<Sight, string>> = { shared: ACCESS_SHARED, external: ACCESS_EXTERNAL };

/** What RBAC policies let the caller see, by all of the resource's kinds of sharing at once. */
function grantedRows(resource: Resource, subject: Subject): Condition[] {
  const actions = resource.sight.flatMap((sight) => actionOf[sight] ?? []);
  return actions.length > 0 ? [granted(resource, subject.projectId, actions)] : [];
}

function seenByNetwork(subject: Subject, sight: Sight): Condition[] {
  if (sight === 'network_owner') return [ofNetworks(isOwn(subject))];
  if (sight === 'network_seen') return [ofNetworks(ownOr(subject, grantedRows(network, subject)))];
  return [];
}

/** The rows of the resource that the caller sees. */
export function visibleRows(resource: Resource, subject: Subject): Visibility {
  if (subject.isAdmin) return 'all';
  if (resource.policy.get === 'admin' || !isReader(subject) || subject.projectId === '') return 'none';
  if (resource.sight.includes('everyone')) return 'all';
  const others = [
    ...grantedRows(resource, subject),
    ...resource.sight.flatMap((sight) => seenByNetwork(subject, sight)),
  ];
  return others.length === 0 ? isOwn(subject) : ownOr(subject, others);
}

/** Whether the row is seen for being the caller's own (or the caller an administrator); false: ask with `visibleRows`. */
export function seesOwn(resource: Resource, subject: Subject, row: Readonly<Record<string, unknown>>): boolean {
  return holds(subject, resource.policy.get, { projectId: row.project_id as string | undefined });
}
