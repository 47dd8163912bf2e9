/**
 * The language that resources are defined in. A field is declared here once; validation, columns, filters, sorting, policy,
 * OpenAPI, the extension list and the reference page are derived from it.
 */
import type { Type, ValueOf } from './types.ts';
import * as t from './types.ts';

/**
 * Who may do something, beside an administrator, who may do everything:
 * `member` of the owning project, `reader` of the owning project (members are readers), `manager` of the owning project (who is
 * a member too), `network_owner`: member of the project that owns the row's network, `network_manager`: manager of that project;
 * `admin`: nobody else.
 */
export type Role = 'reader' | 'member' | 'manager' | 'network_owner' | 'network_manager' | 'admin';

/** Who may do something to a row: whoever has one of the roles. */
export type Roles = Role | readonly Role[];

/** One field of a resource or record. */
export interface Field<T> {
  readonly type: Type<T>;
  /** What it means, one sentence or more, in the present tense. */
  readonly doc: string;
  /** Who may set it at creation; absent: nobody, the system sets it. */
  readonly post?: Role;
  /** Who may change it; absent: nobody. */
  readonly put?: Role;
  /** Who may give these members of its object, where that is not whoever may give the field. */
  readonly members?: Readonly<Record<string, Role>>;
  /** Who sees it; absent: whoever sees the row. */
  readonly see?: Role;
  /** A request to create must have it. */
  readonly required?: boolean;
  /** Its value where a request to create leaves it out. */
  readonly default?: T;
  /** Whether a list may be filtered by it. */
  readonly filter?: boolean;
  /** Whether a list may be sorted by it. */
  readonly sort?: boolean;
  /** Whether it has a column. A field without is computed when the row is shown. Default true. */
  readonly stored?: boolean;
  /** Whether clients never see it: an internal column. */
  readonly hidden?: boolean;
  /** Whether requests alone have it: it is no column, and no body shows it. */
  readonly writeOnly?: boolean;
  /** The column that it shows, where its name is another; for resources that are another way to rows. */
  readonly column?: string;
  /** Whether a body leaves it out where it has no value, instead of showing null. */
  readonly omitted?: boolean;
  /** The extension that brings it, where that is not the resource's own. Not published: the field does not exist. */
  readonly alias?: string;
  /** The record whose row this names; the database refuses a dangling value. `cascade`: goes with that row. */
  readonly references?: { readonly record: string; readonly onDelete: 'restrict' | 'cascade' };
}

/** The fields of a definition, by name. */
// biome-ignore lint/suspicious/noExplicitAny: a map of fields of any value type; `unknown` would refuse all of them.
export type Fields = Readonly<Record<string, Field<any>>>;

/** Declares a field; the type of its values is inferred. */
export function field<T>(type: Type<T>, doc: string, options: Omit<Field<T>, 'type' | 'doc'> = {}): Field<T> {
  return { type, doc, ...options };
}

/**
 * The `shared` of a resource whose `sight` has 'shared': whether an RBAC policy shares the row with the caller or with everybody.
 * Setting it makes, or removes, the policy for everybody; `shareable` in operations/sharing.ts sees to both.
 */
export function sharedField(doc: string, options: Pick<Field<boolean>, 'post' | 'put' | 'alias'> = {}): Field<boolean> {
  return field(t.boolean(), doc, { default: false, filter: true, stored: false, ...options });
}

/** A table that the API does not show as such: allocations, bindings, tokens. Its key is `id` or the columns in `key`. */
export interface Record_<F extends Fields = Fields> {
  readonly name: string;
  /** The table's name, and for a resource the name of its collection. */
  readonly plural: string;
  readonly doc: string;
  readonly fields: F;
  /** The columns of the primary key; default `['id']`. */
  readonly key: readonly string[];
  readonly unique: readonly (readonly string[])[];
  readonly indexes: readonly (readonly string[])[];
  /** The rows that the table has from the start. */
  readonly initial?: readonly Readonly<Record<string, string | number | boolean | null>>[];
}

/** A filter that is no plain field: `fixed_ips=ip_address=10.0.0.5`. The store knows how to run each kind. */
export type SpecialFilter =
  | 'fixed_ips'
  | 'security_groups'
  /** networks with a subnet of the version */
  | 'ip_version'
  /** on the network of the row */
  | 'router:external'
  | 'shared'
  | 'tags'
  | 'tags-any'
  | 'not-tags'
  | 'not-tags-any';

/** Which rows a project sees beside its own. */
export type Sight =
  /** rows that an RBAC policy shares with it, or with everybody (`access_as_shared`) */
  | 'shared'
  /** networks that an RBAC policy lets it use as external ones (`access_as_external`) */
  | 'external'
  /** rows of a network that the project owns */
  | 'network_owner'
  /** rows of a network that the project sees (subnets) */
  | 'network_seen'
  /** every row: whoever has the role sees it */
  | 'everyone';

/** A verb on one row. */
export interface Action {
  readonly name: string;
  readonly doc: string;
  readonly role: Role;
  /**
   * The body of the answer: what the operation returns, or the row that it returns, shown as the resource is, under the
   * resource's name or `bare`.
   */
  readonly answers?: 'row' | 'bare row';
  /** Of a verb that only looks, with GET: the fields of the row that it shows. */
  readonly shows?: readonly string[];
  /** Whether a request may come without a body, since the path says everything. */
  readonly bodyless?: boolean;
  /** The extension that brings it, where that is not the resource's own. */
  readonly alias?: string;
}

/** What the API shows: a record with a place in the URL space. */
export interface Resource<F extends Fields = Fields> extends Record_<F> {
  /** The extension that brings the resource: `router`, `floating-ip-port-forwarding`. */
  readonly alias: string;
  /** The path of the collection under /v2.0: `/floatingips/{floatingip_id}/port_forwardings`. */
  readonly path: string;
  /** The definition whose row the path names in front, and the field that holds its id. */
  readonly parent?: { readonly resource: string; readonly field: string };
  /** The field that a path names a row by. */
  readonly namedBy: string;
  /** The resource whose rows these are, where this is another way to them; it has no table of its own. */
  readonly rowsOf?: Resource;
  readonly sight: readonly Sight[];
  readonly specialFilters: readonly SpecialFilter[];
  /** Who may do what to a row of the project's own. Absent: the operation does not exist (404 or 405). */
  readonly policy: { readonly get: Role; readonly create?: Role; readonly update?: Roles; readonly delete?: Roles };
  /** Whether a quota counts it. */
  readonly quota?: { readonly default: number };
  /** Verbs on one row beside the usual: `PUT /routers/{id}/add_router_interface`. */
  readonly actions: readonly Action[];
  readonly standard: boolean;
}

/** A row of a definition: the value of each field, computed ones aside. */
export type Row<R extends Record_> = { [K in keyof R['fields']]: R['fields'][K] extends Field<infer T> ? T : never };

/** A request to create, checked: what was given, and defaults. */
export type Draft<R extends Record_> = Partial<Row<R>>;

/** Declares a record. */
export function record<const F extends Fields>(definition: {
  name: string;
  plural: string;
  doc: string;
  fields: F;
  key?: readonly (keyof F & string)[];
  unique?: readonly (readonly string[])[];
  indexes?: readonly (readonly string[])[];
}): Record_<F> {
  return { key: ['id'], unique: [], indexes: [], ...definition };
}

const ids = {
  id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
  project_id: field(t.string(255), 'The project that owns it.', { post: 'admin', filter: true, sort: true }),
} as const;

/** The name that a person gave, which they may change. */
export function nameField(doc = 'A name for people.'): Field<string> {
  const settable = { post: 'member', put: 'member' } as const;
  return field(t.string(255), doc, { ...settable, default: '', filter: true, sort: true });
}

/** The switch by which a person turns a thing off and on. */
export function adminStateField(doc: string): Field<boolean> {
  const settable = { post: 'member', put: 'member' } as const;
  return field(t.boolean(), doc, { ...settable, default: true, filter: true, sort: true });
}

/** The tags of a resource. Those of most are put on a row that is there; `post` says who may create one with them. */
export function tagsField(options: Pick<Field<string[]>, 'post'> = {}): Field<string[]> {
  const doc = 'Words that a person put on it.';
  return field(t.list(t.string(255), { max: 50 }), doc, { default: [], alias: 'standard-attr-tag', ...options });
}

const standardFields = {
  description: field(t.string(255), 'What a person wrote about it.', {
    post: 'member',
    put: 'member',
    default: '',
    filter: true,
    sort: true,
    alias: 'standard-attr-description',
  }),
  created_at: field(t.timestamp(), 'When it was created (UTC).', {
    filter: true,
    sort: true,
    alias: 'standard-attr-timestamp',
  }),
  updated_at: field(t.timestamp(), 'When it last changed (UTC).', {
    filter: true,
    sort: true,
    alias: 'standard-attr-timestamp',
  }),
  revision_number: field(t.integer(0, Number.MAX_SAFE_INTEGER), 'Rises with every change.', {
    filter: true,
    sort: true,
    alias: 'standard-attr-revisions',
  }),
  tags: tagsField(),
} as const;

/** The fields that every resource has. */
export type StandardFields = typeof ids & typeof standardFields;

/**
 * The standard fields of a resource without tags: a description that `role` writes, times, revision. `alias`: what brings the times
 * and the revision, where that is an extension of their own.
 */
export function stamps(role: Role, alias?: string) {
  const { description, created_at, updated_at, revision_number } = standardFields;
  const broughtBy = alias === undefined ? {} : { alias };
  return {
    description: { ...description, post: role, put: role },
    created_at: { ...created_at, ...broughtBy },
    updated_at: { ...updated_at, ...broughtBy },
    revision_number: { ...revision_number, ...broughtBy },
  } as const;
}

const tagFilters = ['tags', 'tags-any', 'not-tags', 'not-tags-any'] as const;

type ResourceInput<F extends Fields> = {
  name: string;
  plural: string;
  alias: string;
  doc: string;
  fields: F;
  path?: string;
  parent?: Resource['parent'];
  namedBy?: string;
  rowsOf?: Resource;
  sight?: readonly Sight[];
  specialFilters?: readonly SpecialFilter[];
  policy?: Resource['policy'];
  quota?: Resource['quota'];
  actions?: Resource['actions'];
  initial?: Record_['initial'];
  unique?: readonly (readonly string[])[];
  indexes?: readonly (readonly string[])[];
};

const ownerPolicy = { get: 'reader', create: 'member', update: 'member', delete: 'member' } as const;

/** Declares a resource with the standard fields: id, project, description, times, revision, tags. */
export function resource<const F extends Fields>(definition: ResourceInput<F>): Resource<StandardFields & F> {
  return {
    path: `/${definition.plural}`,
    namedBy: 'id',
    sight: [],
    policy: ownerPolicy,
    actions: [],
    unique: [],
    standard: true,
    key: ['id'],
    ...definition,
    specialFilters: [...(definition.specialFilters ?? []), ...tagFilters],
    indexes: [['project_id'], ...(definition.indexes ?? [])],
    fields: { ...ids, ...definition.fields, ...standardFields, tags: definition.fields.tags ?? standardFields.tags },
  };
}

/** Declares a resource with exactly the fields given (agents, extensions, quotas). */
export function bareResource<const F extends Fields>(
  definition: ResourceInput<F> & { key?: readonly string[]; standard?: boolean },
): Resource<F> {
  return {
    path: `/${definition.plural}`,
    namedBy: 'id',
    sight: [],
    policy: ownerPolicy,
    actions: [],
    unique: [],
    indexes: [],
    specialFilters: [],
    standard: false,
    key: ['id'],
    ...definition,
  };
}

export type { Type, ValueOf };
