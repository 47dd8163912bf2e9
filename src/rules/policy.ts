/**
 * Who may do what, as pure functions of the caller, the model and the row. Rules and their names are those of Neutron's
 * conf/policies: an administrator may do everything, a member acts within their project, a reader looks.
 */
import type { Field, Resource, Role, Roles } from '../model/language.ts';
import { EVERYBODY } from '../model/resources/rbac-policy.ts';

/** Who asks, as far as policy depends on it. */
export interface Subject {
  readonly projectId: string;
  readonly roles: readonly string[];
  readonly isAdmin: boolean;
}

/** What is asked for. */
export type Verb = 'create' | 'get' | 'update' | 'delete';

/** Whose the row is, and whose its network; `undefined`: nobody's, or not known to matter. */
export interface Ownership {
  readonly projectId: string | undefined;
  readonly networkProjectId?: string | undefined;
}

const isManager = (subject: Subject) => subject.roles.includes('manager');
const isMember = (subject: Subject) => subject.roles.includes('member') || isManager(subject);

/** Whether the caller may look at what their project owns: members are readers. */
export function isReader(subject: Subject): boolean {
  return subject.isAdmin || isMember(subject) || subject.roles.includes('reader');
}

/** Whether the caller has the role with regard to a row. */
export function holds(subject: Subject, role: Role, row: Ownership): boolean {
  if (subject.isAdmin) return true;
  if (subject.projectId === '') return false;
  if (role === 'reader') return isReader(subject) && row.projectId === subject.projectId;
  if (role === 'member') return isMember(subject) && row.projectId === subject.projectId;
  if (role === 'manager') return isManager(subject) && row.projectId === subject.projectId;
  if (row.networkProjectId !== subject.projectId) return false;
  return role === 'network_owner' ? isMember(subject) : role === 'network_manager' && isManager(subject);
}

/** Whether the caller may have the role with regard to some row: false is a verdict before any row is looked at. */
export function mayHold(subject: Subject, role: Role): boolean {
  const own = subject.projectId;
  return holds(subject, role, { projectId: own, networkProjectId: own });
}

const isOfNetwork = (role: Role | undefined) => role === 'network_owner' || role === 'network_manager';

const listOf = (roles: Roles): readonly Role[] => (typeof roles === 'string' ? [roles] : roles);

/** Whether the caller has one of the roles with regard to a row. */
export function holdsAny(subject: Subject, roles: Roles, row: Ownership): boolean {
  return listOf(roles).some((role) => holds(subject, role, row));
}

/** Whether it takes the owner of the row's network to tell if the caller has one of the roles. */
export function needsNetwork(subject: Subject, roles: Roles, row: Ownership): boolean {
  return !holdsAny(subject, roles, row) && listOf(roles).some(isOfNetwork);
}

/** Whether a field with this `see` is shown to the caller. */
export function sees(subject: Subject, see: Role | undefined): boolean {
  return (
    see === undefined ||
    subject.isAdmin ||
    (see === 'reader' && isReader(subject)) ||
    (see === 'member' && isMember(subject)) ||
    (see === 'manager' && isManager(subject))
  );
}

const roleFor = (field: Field<unknown> | undefined, verb: 'create' | 'update') =>
  verb === 'create' ? field?.post : field?.put;

/** Whether the verdict on these fields depends on who owns the row's network. */
export function dependsOnNetwork(
  subject: Subject,
  resource: Resource,
  verb: 'create' | 'update',
  values: Readonly<Record<string, unknown>>,
): boolean {
  if (subject.isAdmin) return false;
  const isOwners = (name: string) => isOfNetwork(roleFor(resource.fields[name], verb));
  return Object.keys(values).some(
    (name) => isOwners(name) || choosesAddress(name, values[name]) || isSystems(name, values[name]),
  );
}

// Neutron: create_port:fixed_ips:ip_address. On a network of somebody else one takes the address that comes.
function choosesAddress(name: string, value: unknown): boolean {
  const asks = (one: unknown) => typeof one === 'object' && one !== null && 'ip_address' in one;
  return name === 'fixed_ips' && Array.isArray(value) && value.some(asks);
}

// Neutron: create_rbac_policy:target_tenant. Only administrators share with everybody.
const isForEverybody = (name: string, value: unknown) => name === 'target_tenant' && value === EVERYBODY;

// Ports with these owners are trusted by the agents (no anti-spoofing): they are for administrators, and for the owners of their network.
const isSystems = (name: string, value: unknown) =>
  name === 'device_owner' && typeof value === 'string' && value.startsWith('network:');

/**
 * The rule that forbids the caller to give these fields, by its name, or `undefined` where nothing does. `values` are the
 * fields as given. `project_id` is judged by `mayActFor`.
 */
export function forbiddenField(
  subject: Subject,
  resource: Resource,
  verb: 'create' | 'update',
  values: Readonly<Record<string, unknown>>,
  row: Ownership,
): string | undefined {
  if (subject.isAdmin) return undefined;
  for (const name of Object.keys(values)) {
    if (name === 'project_id') continue;
    const role = roleFor(resource.fields[name], verb);
    const isTrusted = isSystems(name, values[name]) && !holds(subject, 'network_owner', row);
    const isDenied = isTrusted || isForEverybody(name, values[name]);
    // Whoever may change the row at all may change what is a member's to change: on some rows that is the network's owner.
    const isImplied = role === undefined || role === 'member';
    if (isDenied || !(isImplied || holds(subject, role, row))) return fieldRule(verb, resource, name);
    const member = forbiddenMember(subject, resource.fields[name], values[name], row);
    if (member !== undefined) return fieldRule(verb, resource, `${name}:${member}`);
    if (choosesAddress(name, values[name]) && !holds(subject, 'network_owner', row))
      return fieldRule(verb, resource, `${name}:ip_address`);
  }
  return undefined;
}

function forbiddenMember(
  subject: Subject,
  field: Field<unknown> | undefined,
  value: unknown,
  row: Ownership,
): string | undefined {
  if (!field?.members || typeof value !== 'object' || value === null) return undefined;
  const given = Object.entries(field.members).filter(([member]) => Object.hasOwn(value, member));
  return given.find(([, role]) => !holds(subject, role, row))?.[0];
}

/** Whether the caller may create for this project: administrators for any, members for their own. */
export function mayActFor(subject: Subject, projectId: string): boolean {
  return subject.isAdmin || (subject.projectId !== '' && projectId === subject.projectId);
}

/** The name of a rule, as Neutron's policy files call it: `rule:create_port`. */
export function ruleName(verb: string, resource: Resource): string {
  const prefix = resource.parent ? `${resource.parent.resource}_` : '';
  return `rule:${verb}_${prefix}${resource.name}`;
}

/** The name of the rule on one field, together with the rule on the whole, as Neutron's message has it. */
export function fieldRule(verb: string, resource: Resource, field: string): string {
  const rule = ruleName(verb, resource);
  return `(${rule} and ${rule}:${field})`;
}
