/** Projects, users and roles of the Identity service: reading bodies, filtering lists, showing rows. */
import { project, role, user } from '../../model/index.ts';
import type { Record_, Row } from '../../model/language.ts';
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
  /** What a body may have: how it is read, and how it is called in the row. */
  readonly members: Readonly<Record<string, (value: unknown) => unknown>>;
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
const nullableId = (value: unknown) => (value === null ? null : text(64)(value));

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
  show: (row: Row<typeof project>, url) => ({
    ...row,
    domain_id: defaultDomain.id,
    parent_id: defaultDomain.id,
    is_domain: false,
    tags: [],
    options: {},
    links: links(url, 'projects', row.id),
  }),
  members: { name: text(64, 1), description, enabled: flag },
};

const users: Kind = {
  name: 'user',
  plural: 'users',
  record: user,
  show: ({ password_hash: _hidden, ...row }: Row<typeof user>, url) => ({
    ...row,
    domain_id: defaultDomain.id,
    password_expires_at: null,
    options: {},
    links: links(url, 'users', row.id),
  }),
  members: { name: text(255, 1), enabled: flag, default_project_id: nullableId, password: text(maxPasswordLength, 1) },
};

const roles: Kind = {
  name: 'role',
  plural: 'roles',
  record: role,
  show: (row: Row<typeof role>, url) => ({
    ...row,
    domain_id: null,
    description: null,
    options: {},
    links: links(url, 'roles', row.id),
  }),
  members: { name: text(255, 1) },
};

/** What the service keeps. */
export const kinds: readonly Kind[] = [projectKind, users, roles];

// What clients send although there is only one right value for it.
const fixed: Readonly<Record<string, (value: unknown) => boolean>> = {
  domain_id: (value) => value === null || value === defaultDomain.id,
  parent_id: (value) => value === null || value === defaultDomain.id,
  is_domain: (value) => value === false,
  tags: (value) => Array.isArray(value) && value.length === 0,
  options: (value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  description: (value) => value === null || value === '',
  email: (value) => value === null || value === '',
};

/** The members of a body, checked; throws a 400 fault that names the field. */
export function readMembers(kind: Kind, body: unknown): Json {
  const result: Json = {};
  for (const [name, value] of Object.entries(bodyMember(body, kind.name))) {
    const shown = name.slice(0, 64).toWellFormed();
    const read = Object.hasOwn(kind.members, name) ? kind.members[name] : undefined;
    if (read) {
      const parsed = read(value);
      if (parsed instanceof Wrong) throw identityInvalid(shown, parsed.expected, 'something else');
      result[name] = parsed;
    } else if (!Object.hasOwn(fixed, name) || !fixed[name]?.(value)) {
      throw identityInvalid(
        shown,
        `one of ${Object.keys(kind.members).join(', ')}`,
        'a field or value that is not kept',
      );
    }
  }
  return result;
}

/** The row with this id, or Keystone's 404. */
export async function requireRow(r: Reader, kind: Kind, id: string): Promise<Json & { id: string }> {
  const row = await r.get(kind.record, id);
  if (!row) throw identityNotFound(kind.name, id.slice(0, 255));
  return row as Json & { id: string };
}

/** The rows that a list's query asks for: by name, by whether they are enabled; a foreign domain has none. */
export async function listKind(r: Reader, kind: Kind, query: Query): Promise<Json[]> {
  const domain = query.get('domain_id')?.at(-1);
  if (domain !== undefined && domain !== '' && domain !== defaultDomain.id) return [];
  const names = query.get('name');
  const rows = (await r.find(kind.record, names ? { name: names } : undefined)) as Json[];
  const enabled = query.get('enabled')?.at(-1)?.toLowerCase();
  if (enabled === undefined || kind.name === 'role') return rows;
  return rows.filter((row) => row.enabled === !['false', '0'].includes(enabled));
}
