/** Projects, users and roles of the Identity service: reading bodies, filtering lists, showing rows. */
import { project, role, user } from '../../model/index.ts';
import type { Record_, Row } from '../../model/language.ts';
import { describe } from '../../model/types.ts';
import type { Condition } from '../../store/query.ts';
import type { Reader } from '../../store/store.ts';
import { bodyMember } from '../wire/json-body.ts';
import type { Query } from '../wire/query-string.ts';
import { defaultDomain } from './bootstrap.ts';
import { identityInvalid, identityNotFound } from './faults.ts';
import { maxPasswordLength } from './passwords.ts';

type Json = Record<string, unknown>;

/** A kind of thing that the service keeps. */
export interface Kind {
  readonly name: 'project' | 'user' | 'role';
  readonly plural: string;
  readonly record: Record_;
  readonly show: (row: never, publicUrl: string) => Json;
  /** What a body may have, and how it is read. */
  readonly members: Readonly<Record<string, (value: unknown) => unknown>>;
  /** Whether other attributes are kept as they are, as Keystone does. */
  readonly keepsExtra: boolean;
}

const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length <= max && value.isWellFormed() && !value.includes('\u0000');

const text =
  (max: number, min = 0) =>
  (value: unknown) => {
    if (isText(value, max) && value.length >= min) return value;
    return new Wrong(`a text of ${min} to ${max} characters`);
  };
const flag = (value: unknown) => (typeof value === 'boolean' ? value : new Wrong('true or false'));
const description = (value: unknown) => (value === null ? '' : text(255)(value));
const nullableText = (max: number) => (value: unknown) => (value === null ? null : text(max)(value));
const tags = (value: unknown) => {
  const parsed = project.fields.tags.type.parse(value);
  const isWord = (word: string) => word.length > 0 && !/[,/]/.test(word);
  const unique = Array.isArray(parsed) && new Set(parsed).size === parsed.length;
  return unique && parsed.every(isWord) ? parsed : new Wrong('a list of up to 80 different words without , and /');
};

// Options of a user that change nothing here, because there is nothing that they switch off.
const idleOptions = new Set([
  'ignore_change_password_upon_first_use',
  'ignore_password_expiry',
  'ignore_lockout_failure_attempts',
  'ignore_user_inactivity',
]);

/** Whether a user's option is kept; null takes it away. */
function isUserOption([name, value]: [string, unknown]): boolean {
  if (value === null) return true;
  if (idleOptions.has(name) || name === 'lock_password') return typeof value === 'boolean';
  if (name === 'multi_factor_auth_enabled') return value === false;
  return name === 'multi_factor_auth_rules' && Array.isArray(value) && value.length === 0;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const userOptions = (value: unknown) =>
  isObject(value) && Object.entries(value).every(isUserOption)
    ? value
    : new Wrong(`an object with ${[...idleOptions].join(', ')} or lock_password`);
const noOptions = (value: unknown) =>
  isObject(value) && Object.values(value).every((one) => one === null || one === false) ? {} : new Wrong('no option');

/** What was expected of a member's value. */
class Wrong {
  readonly expected: string;
  constructor(expected: string) {
    this.expected = expected;
  }
}

const links = (url: string, plural: string, id: string) => ({ self: `${url}/identity/v3/${plural}/${id}` });

/** Projects. */
export const projectKind: Kind = {
  name: 'project',
  plural: 'projects',
  record: project,
  show: ({ extra, ...row }: Row<typeof project>, url) => ({
    ...extra,
    ...row,
    domain_id: defaultDomain.id,
    parent_id: defaultDomain.id,
    is_domain: false,
    options: {},
    links: links(url, 'projects', row.id),
  }),
  members: { name: text(64, 1), description, enabled: flag, tags, options: noOptions },
  keepsExtra: true,
};

/** Users. */
export const userKind: Kind = {
  name: 'user',
  plural: 'users',
  record: user,
  show: ({ password_hash: _hidden, extra, ...row }: Row<typeof user>, url) => ({
    ...extra,
    ...row,
    domain_id: defaultDomain.id,
    password_expires_at: null,
    links: links(url, 'users', row.id),
  }),
  members: {
    name: text(255, 1),
    enabled: flag,
    default_project_id: nullableText(64),
    password: (value) => (value === null ? undefined : text(maxPasswordLength, 1)(value)),
    options: userOptions,
  },
  keepsExtra: true,
};

/** Roles. */
export const roleKind: Kind = {
  name: 'role',
  plural: 'roles',
  record: role,
  show: (row: Row<typeof role>, url) => ({
    ...row,
    domain_id: null,
    options: {},
    links: links(url, 'roles', row.id),
  }),
  members: { name: text(255, 1), description: nullableText(255), options: noOptions },
  keepsExtra: false,
};

/** What the service keeps. */
export const kinds: readonly Kind[] = [projectKind, userKind, roleKind];

// What clients send although there is only one right value for it.
const fixed: Readonly<Record<string, (value: unknown, kind: Kind) => boolean>> = {
  domain_id: (value, kind) => value === null || (kind.name !== 'role' && value === defaultDomain.id),
  parent_id: (value) => value === null || value === defaultDomain.id,
  is_domain: (value) => value === false,
  federated: (value) => Array.isArray(value) && value.length === 0,
};
// What the server says itself; clients send it back with the rest.
const own = new Set(['id', 'links', 'password_expires_at']);

/** A body's members as columns, and the attributes beside them. */
export interface Members {
  readonly columns: Json;
  readonly extra: Json;
}

function readExtra(kind: Kind, name: string, value: unknown): unknown {
  const parsed = user.fields.extra.type.parse({ [name]: value });
  if (kind.keepsExtra && name.length <= 64 && parsed instanceof Object && name in parsed) return value;
  throw identityInvalid(
    name.slice(0, 64).toWellFormed(),
    `one of ${Object.keys(kind.members).join(', ')}`,
    'a field or value that is not kept',
  );
}

// A password is never shown, also one of a wrong form.
const shown = (name: string, value: unknown) => (name === 'password' ? 'something else' : describe(value));

/** The members of a body, checked; throws a 400 fault that names the field. */
export function readMembers(kind: Kind, body: unknown): Members {
  const [columns, extra]: [Json, Json] = [{}, {}];
  for (const [name, value] of Object.entries(bodyMember(body, kind.name))) {
    const read = Object.hasOwn(kind.members, name) ? kind.members[name] : undefined;
    if (read) {
      const parsed = read(value);
      if (parsed instanceof Wrong) throw identityInvalid(name, parsed.expected, shown(name, value));
      if (parsed !== undefined) columns[name] = parsed;
    } else if (
      Object.hasOwn(fixed, name) &&
      (kind.name === 'project' || name === 'domain_id' || name === 'federated')
    ) {
      if (fixed[name]?.(value, kind)) continue;
      if (name === 'domain_id' && typeof value === 'string') throw identityNotFound('domain', value.slice(0, 255));
      throw identityInvalid(name, 'what the one domain allows', 'a value that is not kept');
    } else if (!own.has(name)) extra[name] = readExtra(kind, name, value);
  }
  return { columns, extra };
}

/** `before` with what is given laid over it; throws a 400 where that is too much. Options that are null go. */
export function merged(field: 'extra' | 'options', before: unknown, given: Json): Json {
  const result = { ...(before as Json), ...given };
  const kept =
    field === 'extra' ? result : Object.fromEntries(Object.entries(result).filter(([, one]) => one !== null));
  if (user.fields[field].type.parse(kept) === kept) return kept;
  throw identityInvalid(field, 'attributes of at most 4096 characters in all', 'more');
}

/** The row with this id, or Keystone's 404. */
export async function requireRow(r: Reader, kind: Kind, id: string): Promise<Json & { id: string }> {
  const row = await r.get(kind.record, id);
  if (!row) throw identityNotFound(kind.name, id.slice(0, 255));
  return row as Json & { id: string };
}

const last = (query: Query, name: string) => query.get(name)?.at(-1);
const isFalse = (value: string) => ['false', '0'].includes(value.toLowerCase());
const split = (values: readonly string[]) => values.flatMap((value) => value.split(',')).filter((word) => word !== '');

function tagConditions(query: Query): Condition[] {
  const wanted = (name: string) => split(query.get(name) ?? []);
  const has = (op: 'has_all' | 'has_any', name: string): Condition[] =>
    wanted(name).length === 0 ? [] : [{ op, column: 'tags', values: wanted(name) }];
  const not = (of: Condition[]) => of.map((one): Condition => ({ op: 'not', of: one }));
  return [
    ...has('has_all', 'tags'),
    ...has('has_any', 'tags-any'),
    ...not(has('has_all', 'not-tags')),
    ...not(has('has_any', 'not-tags-any')),
  ];
}

/** What a list's query asks for; `undefined`: no row can be it. */
function conditionOf(kind: Kind, query: Query): Condition | undefined {
  const domain = last(query, 'domain_id');
  if (domain && kind.name !== 'role' && domain !== defaultDomain.id) return undefined;
  if (domain && kind.name === 'role') return undefined;
  const parent = last(query, 'parent_id');
  if (parent && kind.name === 'project' && parent !== defaultDomain.id) return undefined;
  const isDomain = last(query, 'is_domain');
  if (isDomain !== undefined && kind.name === 'project' && !isFalse(isDomain)) return undefined;
  const of: Condition[] = [];
  for (const column of ['name', 'id', ...(kind.name === 'user' ? ['default_project_id'] : [])]) {
    const values = query.get(column);
    if (values) of.push({ op: 'in', column, values });
    const part = last(query, `${column}__contains`);
    if (part) of.push({ op: 'contains', column, value: part });
  }
  const enabled = last(query, 'enabled');
  if (enabled !== undefined && kind.name !== 'role')
    of.push({ op: 'in', column: 'enabled', values: [!isFalse(enabled)] });
  if (kind.name === 'project') of.push(...tagConditions(query));
  return { op: 'and', of };
}

/** The rows that a list's query asks for. */
export async function listKind(r: Reader, kind: Kind, query: Query): Promise<Json[]> {
  const where = conditionOf(kind, query);
  if (where === undefined) return [];
  return (await r.list(kind.record, where)) as Json[];
}
