/** Which rows a caller sees, as a condition: own rows, and what the model's `sight` adds. */
import type { Resource, Sight } from '../model/language.ts';
import { network } from '../model/resources/network.ts';
import type { Condition } from '../store/query.ts';
import { holds, isReader, type Subject } from './policy.ts';

/** All rows, none, or those that satisfy the condition. */
export type Visibility = 'all' | 'none' | Condition;

const isTrue = (column: string): Condition => ({ op: 'in', column, values: [true] });
const isOwn = (subject: Subject): Condition => ({ op: 'in', column: 'project_id', values: [subject.projectId] });

function ofNetworks(where: Condition): Condition {
  return { op: 'among', column: 'network_id', record: network.name, select: 'id', where };
}

function seenBy(subject: Subject, sight: Sight): Condition {
  if (sight === 'shared') return isTrue('shared');
  if (sight === 'external') return isTrue('router:external');
  if (sight === 'network_owner') return ofNetworks(isOwn(subject));
  const networks: Condition = { op: 'or', of: [isOwn(subject), ...network.sight.map((s) => seenBy(subject, s))] };
  return ofNetworks(networks);
}

/** The rows of the resource that the caller sees. */
export function visibleRows(resource: Resource, subject: Subject): Visibility {
  if (subject.isAdmin) return 'all';
  if (resource.policy.get === 'admin' || !isReader(subject) || subject.projectId === '') return 'none';
  const own = isOwn(subject);
  return resource.sight.length === 0
    ? own
    : { op: 'or', of: [own, ...resource.sight.map((sight) => seenBy(subject, sight))] };
}

/** Whether the row is seen for being the caller's own (or the caller an administrator); false: ask with `visibleRows`. */
export function seesOwn(resource: Resource, subject: Subject, row: Readonly<Record<string, unknown>>): boolean {
  return holds(subject, resource.policy.get, { projectId: row.project_id as string | undefined });
}
