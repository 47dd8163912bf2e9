/** Rows as bodies: the fields that the caller sees, in the model's order, with `tenant_id` beside `project_id`. */
import type { ReadContext } from '../../operations/context.ts';
import { type Subject, sees } from '../../rules/policy.ts';
import type { AnyRow, Exposed } from './exposure.ts';

/** A member of a body, and where it comes from. */
export interface Member {
  readonly name: string;
  readonly column: string;
  readonly omitted: boolean;
  readonly isComputed: boolean;
}

/** What is shown of a row, decided once for a request. */
export interface Shape {
  readonly members: readonly Member[];
  readonly hasComputed: boolean;
}

const shapes = new WeakMap<Exposed, Map<string, Shape>>();

function makeShape(exposed: Exposed, subject: Subject, wanted: readonly string[]): Shape {
  const members: Member[] = [];
  const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
  for (const [name, field] of exposed.fields) {
    if (field.writeOnly || !sees(subject, field.see)) continue;
    if (name === 'project_id' && isWanted('tenant_id'))
      members.push({ name: 'tenant_id', column: name, omitted: false, isComputed: field.stored === false });
    if (!isWanted(name)) continue;
    const isComputed = field.stored === false && field.column === undefined;
    members.push({ name, column: field.column ?? name, omitted: field.omitted === true, isComputed });
  }
  return { members, hasComputed: members.some((member) => member.isComputed) };
}

/** What is shown to the caller; the same object for the same callers where nothing is `wanted` in particular. */
export function shapeOf(exposed: Exposed, subject: Subject, wanted: readonly string[]): Shape {
  if (wanted.length > 0) return makeShape(exposed, subject, wanted);
  const cached = shapes.get(exposed) ?? new Map<string, Shape>();
  shapes.set(exposed, cached);
  const key = subject.isAdmin
    ? 'admin'
    : ['reader', 'member', 'manager'].filter((r) => subject.roles.includes(r)).join();
  const shape = cached.get(key) ?? makeShape(exposed, subject, wanted);
  cached.set(key, shape);
  return shape;
}

/** The bodies of these rows; `wanted` names the fields to show, none: all. Computed fields cost their bounded queries. */
export async function renderRows(
  c: ReadContext,
  exposed: Exposed,
  rows: readonly AnyRow[],
  wanted: readonly string[] = [],
): Promise<AnyRow[]> {
  const shape = shapeOf(exposed, c.caller, wanted);
  const compute = shape.hasComputed && rows.length > 0 ? exposed.operations.compute : undefined;
  const computed = compute ? ((await compute(c, rows)) as AnyRow[]) : [];
  return rows.map((row, at) => {
    const extra = computed[at];
    const body: AnyRow = {};
    for (const { name, column, omitted } of shape.members) {
      const value = extra && column in extra ? extra[column] : row[column];
      if (omitted && (value === undefined || value === null)) continue;
      body[name] = value === undefined ? null : value;
    }
    return body;
  });
}
