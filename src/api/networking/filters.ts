/**
 * The filters of a list, from the query string to a condition. Values of one filter are alternatives, filters hold together.
 * Neutron: api/api_common.py (get_filters_from_dict), and the filters of its port and tag extensions.
 */
import { type Fault, invalidInput, malformedBody, portForwardingFilterNotSupported } from '../../model/faults.ts';
import { ipAllocation, network, portSecurityGroup, subnet } from '../../model/index.ts';
import type { Field, SpecialFilter } from '../../model/language.ts';
import { boolean, Problem } from '../../model/types.ts';
import { type Subject, sees } from '../../rules/policy.ts';
import { sharedIs } from '../../rules/sharing.ts';
import type { Condition, Scalar } from '../../store/query.ts';
import { invalidField } from '../faults.ts';
import type { Query } from '../wire/query-string.ts';
import { type Exposed, hasColumn } from './exposure.ts';

/** Parameters that are no filters. */
const reserved: ReadonlySet<string> = new Set(['fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse']);

function readScalar(name: string, field: Field<unknown>, text: string): Scalar[] {
  const parsed = text === '' && field.type.nullable ? null : field.type.parse(text);
  if (parsed instanceof Problem) {
    // Text that cannot be a value of the field matches no row; a number or boolean that is none is a mistake.
    if (field.type.column === 'text') return [text.toWellFormed()];
    throw invalidField(name, parsed);
  }
  return parsed === null ? [null, ...(field.type.column === 'text' ? [''] : [])] : [parsed as Scalar];
}

/** `ip_address=10.0.0.5`, `subnet_id=…`, `ip_address_substr=10.0.`: on one and the same address of the port. */
function fixedIps(values: readonly string[]): Condition {
  const byKey = new Map<string, string[]>();
  for (const value of values) {
    const equals = value.indexOf('=');
    const key = value.slice(0, Math.max(equals, 0));
    if (!['ip_address', 'subnet_id', 'ip_address_substr'].includes(key))
      throw invalidInput(
        `fixed_ips must be ip_address=, subnet_id= or ip_address_substr= and a value, found '${value.slice(0, 80)}'`,
      );
    byKey.set(key, [...(byKey.get(key) ?? []), value.slice(equals + 1)]);
  }
  const of: Condition[] = [];
  const read = (key: 'ip_address' | 'subnet_id') =>
    byKey.get(key)?.flatMap((text) => readScalar(`fixed_ips.${key}`, ipAllocation.fields[key] as Field<unknown>, text));
  for (const key of ['ip_address', 'subnet_id'] as const) {
    const wanted = read(key);
    if (wanted) of.push({ op: 'in', column: key, values: wanted });
  }
  const parts = byKey.get('ip_address_substr');
  if (parts)
    of.push({ op: 'or', of: parts.map((value) => ({ op: 'contains', column: 'ip_address', value }) as const) });
  return { op: 'among', column: 'id', record: ipAllocation.name, select: 'port_id', where: { op: 'and', of } };
}

function memberOf(groups: readonly string[]): Condition {
  const where: Condition = { op: 'in', column: 'security_group_id', values: groups };
  return { op: 'among', column: 'id', record: portSecurityGroup.name, select: 'port_id', where };
}

function readFlags(name: string, values: readonly string[]): boolean[] {
  return values.map((text) => {
    const flag = boolean().parse(text);
    if (flag instanceof Problem) throw invalidField(name, flag);
    return flag;
  });
}

/** Networks that have a subnet of one of these IP versions. */
function withSubnets(given: readonly string[]): Condition {
  const values = given.flatMap((text) => readScalar('ip_version', subnet.fields.ip_version, text));
  const where: Condition = { op: 'in', column: 'ip_version', values };
  return { op: 'among', column: 'id', record: subnet.name, select: 'network_id', where };
}

/** Rows whose network is, or is not, external. */
function onExternal(given: readonly string[]): Condition {
  const where: Condition = { op: 'in', column: 'router:external', values: readFlags('router:external', given) };
  return { op: 'among', column: 'network_id', record: network.name, select: 'id', where };
}

function special(filter: Exclude<SpecialFilter, 'shared'>, given: readonly string[]): Condition {
  if (filter === 'router:external') return onExternal(given);
  if (filter === 'ip_version') return withSubnets(given);
  if (filter === 'fixed_ips') return fixedIps(given);
  if (filter === 'security_groups') return memberOf(given);
  const values = given.flatMap((value) => value.split(','));
  const isAll = filter === 'tags' || filter === 'not-tags';
  const has: Condition = { op: isAll ? 'has_all' : 'has_any', column: 'tags', values };
  return filter.startsWith('not-') ? { op: 'not', of: has } : has;
}

/** `changed_since` of the timestamp extension. */
function changedSince(values: readonly string[]): Condition {
  const text = values.at(-1) ?? '';
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?$/.test(text) || Number.isNaN(Date.parse(text)))
    throw invalidInput(`changed_since must be a time such as 2026-01-01T00:00:00Z, found '${text.slice(0, 80)}'`);
  return { op: 'ge', column: 'updated_at', value: text.endsWith('Z') ? text : `${text}Z` };
}

function unsupported(exposed: Exposed, names: readonly string[]): Fault {
  const known = names.find((name) => exposed.fields.has(name));
  if (exposed.resource.name === 'port_forwarding' && known !== undefined)
    return portForwardingFilterNotSupported(known);
  const list = names.slice(0, 10).map((name) => `'${name.slice(0, 64).toWellFormed()}'`);
  return malformedBody(`[${list.join(', ')}] is invalid attribute for filtering`);
}

/** The condition on one parameter; `undefined` where the resource has no such filter for this caller. */
function condition(exposed: Exposed, subject: Subject, key: string, values: readonly string[]): Condition | undefined {
  const { resource, fields } = exposed;
  if (key === 'shared' && (fields.has(key) || resource.specialFilters.includes(key)))
    return sharedIs(resource, subject, readFlags(key, values));
  if ((resource.specialFilters as readonly string[]).includes(key)) return special(key as 'tags', values);
  if (key === 'changed_since' && resource.standard) return changedSince(values);
  const name = key === 'tenant_id' ? 'project_id' : key;
  const field = fields.get(name);
  if (!field?.filter || !hasColumn(field) || !sees(subject, field.see)) return undefined;
  return { op: 'in', column: field.column ?? name, values: values.flatMap((text) => readScalar(name, field, text)) };
}

/** The conditions of all filters in a query; throws a 400 fault for one that the resource does not have. */
export function readFilters(exposed: Exposed, subject: Subject, query: Query): Condition[] {
  const conditions: Condition[] = [];
  const unknown: string[] = [];
  for (const [key, values] of query) {
    if (reserved.has(key)) continue;
    const found = condition(exposed, subject, key, values);
    if (found) conditions.push(found);
    else unknown.push(key);
  }
  if (unknown.length > 0) throw unsupported(exposed, unknown);
  return conditions;
}
