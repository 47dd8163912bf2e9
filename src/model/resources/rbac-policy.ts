import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';
import { Problem, type Type } from '../types.ts';

/** What can be shared, by the names that the API has for it. */
export const rbacObjectTypes = [
  'address_group',
  'address_scope',
  'network',
  'qos_policy',
  'security_group',
  'subnetpool',
] as const;

/** The name of something that can be shared. */
export type RbacObjectType = (typeof rbacObjectTypes)[number];

/** Sees it and uses it as if it were the project's own. */
export const ACCESS_SHARED = 'access_as_shared';
/** Uses a network as an external one: for gateways and floating IPs. */
export const ACCESS_EXTERNAL = 'access_as_external';
/** The target that stands for every project. */
export const EVERYBODY = '*';

// Neutron (extensions/rbac.py) reads the name of a type in any case, with spaces around it.
const objectType: Type<RbacObjectType> = {
  ...t.oneOf(...rbacObjectTypes),
  parse: (value) => t.oneOf(...rbacObjectTypes).parse(typeof value === 'string' ? value.trim().toLowerCase() : value),
};

const projectId = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i;

// Neutron: a UUID, with or without hyphens, or '*' (extensions/rbac.py, valid_target_project).
const target: Type<string> = {
  expected: `the id of a project (a UUID, with or without hyphens), or "${EVERYBODY}" for every project`,
  schema: { type: 'string', maxLength: 36 },
  column: 'text',
  nullable: false,
  isPlain: false,
  parse(value) {
    const isTarget = typeof value === 'string' && (value === EVERYBODY || projectId.test(value));
    return isTarget ? value : new Problem(this.expected, value);
  },
};

/** What lets other projects see and use a row: Neutron's RBAC policies. */
export const rbacPolicy = bareResource({
  name: 'rbac_policy',
  plural: 'rbac_policies',
  path: '/rbac-policies',
  alias: 'rbac-policies',
  doc: 'Lets another project, or every one, see and use a network, a security group or another object.',
  quota: { default: 10 },
  unique: [['object_id', 'action', 'target_tenant']],
  indexes: [['target_tenant', 'object_type', 'action', 'object_id'], ['project_id']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.string(255), 'The project that made it.', { post: 'admin', filter: true, sort: true }),
    object_type: field(objectType, 'What kind of object it is about.', {
      post: 'member',
      required: true,
      filter: true,
      sort: true,
    }),
    object_id: field(t.uuid(), 'The object.', { post: 'member', required: true, filter: true, sort: true }),
    target_tenant: field(target, 'The project that may; only an administrator may name every project.', {
      post: 'member',
      put: 'member',
      required: true,
      filter: true,
      sort: true,
    }),
    action: field(t.string(255), 'What it may: access_as_shared, and for networks access_as_external.', {
      post: 'member',
      required: true,
      filter: true,
      sort: true,
    }),
  },
});
