/**
 * Checking the body of a request to create or change against the model. The order of the checks and their sentences are those of
 * neutron_lib/api/attributes.py, with the expectation and the finding added.
 */
import { malformedBody } from '../../model/faults.ts';
import { Problem } from '../../model/types.ts';
import { invalidField } from '../faults.ts';
import type { AnyRow, Exposed } from './exposure.ts';

/** A checked body: all values with the model's defaults, and those that were given. */
export interface Draft {
  readonly values: AnyRow;
  readonly given: AnyRow;
  /** The project that the body names; not in `values` where the resource has no such field. */
  readonly projectId: string | undefined;
}

/** `project_id` under either of its names, taken out of the body. */
function projectOf(exposed: Exposed, body: AnyRow): { projectId: string | undefined; rest: AnyRow } {
  const { tenant_id: tenant, project_id: project, ...rest } = body;
  const value = project ?? tenant;
  // Where a row may be of no project, null asks for that.
  if (project === null && exposed.fields.get('project_id')?.type.nullable) return { projectId: '', rest };
  if (value === undefined || value === null) return { projectId: undefined, rest };
  if (project !== undefined && tenant !== undefined && project !== tenant)
    throw malformedBody("'project_id' and 'tenant_id' do not match");
  if (typeof value !== 'string' || value === '' || value.length > 255 || !isStorable(value))
    throw invalidField('project_id', new Problem('a string of 1 to 255 characters', value));
  return { projectId: value, rest };
}

const isStorable = (text: string) => text.isWellFormed() && !text.includes('\u0000');

/** A name that came from outside, as a message shows it. */
const shown = (name: string) =>
  (name.length > 64 ? `${name.slice(0, 64)}...` : name).toWellFormed().replaceAll('\u0000', '');

function refuseUnknown(exposed: Exposed, body: AnyRow): void {
  const unknown = Object.keys(body).filter((name) => !exposed.fields.has(name));
  if (unknown.length === 0) return;
  const some = unknown.slice(0, 10).map(shown);
  throw malformedBody(`Unrecognized attribute(s) '${some.join(', ')}'`);
}

function readValue(exposed: Exposed, name: string, value: unknown): unknown {
  const parsed = exposed.fields.get(name)?.type.parse(value);
  if (parsed instanceof Problem) throw invalidField(name, parsed);
  return parsed;
}

const copyOf = (value: unknown) => (typeof value === 'object' && value !== null ? structuredClone(value) : value);

function defaults(exposed: Exposed): AnyRow {
  const values: AnyRow = {};
  for (const [name, field] of Object.entries(exposed.resource.fields)) {
    if (field.default !== undefined) values[name] = copyOf(field.default);
  }
  return values;
}

/** Checks the body of a request to create; throws a 400 fault that names the field. */
export function readDraft(exposed: Exposed, body: AnyRow): Draft {
  const { projectId, rest } = projectOf(exposed, body);
  refuseUnknown(exposed, rest);
  for (const [name, field] of exposed.fields) {
    const isGiven = Object.hasOwn(rest, name);
    if (isGiven && field.post === undefined) throw malformedBody(`Attribute '${name}' not allowed in POST`);
    if (!isGiven && field.required)
      throw malformedBody(`Failed to parse request. Required attribute '${name}' not specified`);
  }
  const given: AnyRow = {};
  for (const [name, value] of Object.entries(rest)) given[name] = readValue(exposed, name, value);
  return { values: { ...defaults(exposed), ...given }, given, projectId };
}

/** Checks the body of a request to change; throws a 400 fault that names the field. */
export function readChanges(exposed: Exposed, body: AnyRow): AnyRow {
  for (const name of ['tenant_id', 'project_id']) {
    if (Object.hasOwn(body, name)) throw malformedBody(`Cannot update read-only attribute ${name}`);
  }
  refuseUnknown(exposed, body);
  const changes: AnyRow = {};
  for (const [name, value] of Object.entries(body)) {
    if (exposed.fields.get(name)?.put === undefined) throw malformedBody(`Cannot update read-only attribute ${name}`);
    changes[name] = readValue(exposed, name, value);
  }
  return changes;
}
