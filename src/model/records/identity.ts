/** Tables of the embedded Identity service. */
import { field, record } from '../language.ts';
import * as t from '../types.ts';

export const project = record({
  name: 'project',
  plural: 'projects',
  doc: 'A project: what owns networks.',
  unique: [['name']],
  fields: {
    id: field(t.string(64), 'The identifier: 32 hexadecimal digits.'),
    name: field(t.string(64), 'The name, unique in the domain.'),
    description: field(t.string(255), 'What a person wrote about it.'),
    enabled: field(t.boolean(), 'Whether tokens may be scoped to it.'),
    tags: field(t.list(t.string(255), { max: 80 }), 'Words that a person put on it.'),
    extra: field(t.anyObject(), 'Attributes that clients gave beside these.'),
  },
});

export const user = record({
  name: 'user',
  plural: 'users',
  doc: 'A user of the embedded Identity service.',
  unique: [['name']],
  fields: {
    id: field(t.string(64), 'The identifier: 32 hexadecimal digits.'),
    name: field(t.string(255), 'The name, unique in the domain.'),
    enabled: field(t.boolean(), 'Whether they may log in.'),
    default_project_id: field(t.nullable(t.string(64)), 'The project of a log-in that names none.'),
    password_hash: field(t.string(512), 'The scrypt hash of the password, with its parameters and salt.'),
    options: field(t.anyObject(), "Keystone's options of a user, as far as they are kept."),
    extra: field(t.anyObject(), 'Attributes that clients gave beside these: email, description.'),
  },
});

export const role = record({
  name: 'role',
  plural: 'roles',
  doc: 'A role: admin, member, reader.',
  unique: [['name']],
  fields: {
    id: field(t.string(64), 'The identifier.'),
    name: field(t.string(255), 'The name.'),
    description: field(t.nullable(t.string(255)), 'What a person wrote about it.'),
  },
});

export const roleAssignment = record({
  name: 'role_assignment',
  plural: 'role_assignments',
  doc: 'The role of a user in a project.',
  key: ['user_id', 'project_id', 'role_id'],
  indexes: [['project_id'], ['role_id']],
  fields: {
    user_id: field(t.string(64), 'The user.', { references: { record: 'user', onDelete: 'cascade' } }),
    project_id: field(t.string(64), 'The project.', { references: { record: 'project', onDelete: 'cascade' } }),
    role_id: field(t.string(64), 'The role.', { references: { record: 'role', onDelete: 'restrict' } }),
  },
});

export const systemAssignment = record({
  name: 'system_assignment',
  plural: 'system_assignments',
  doc: 'The role of a user in the whole system.',
  key: ['user_id', 'role_id'],
  indexes: [['role_id']],
  fields: {
    user_id: field(t.string(64), 'The user.', { references: { record: 'user', onDelete: 'cascade' } }),
    role_id: field(t.string(64), 'The role.', { references: { record: 'role', onDelete: 'restrict' } }),
  },
});

export const applicationCredential = record({
  name: 'application_credential',
  plural: 'application_credentials',
  doc: "What a program logs in with in place of its user, in one project, with some of the user's roles.",
  unique: [['user_id', 'name']],
  indexes: [['project_id']],
  fields: {
    id: field(t.string(64), 'The identifier: 32 hexadecimal digits.'),
    name: field(t.string(255), 'The name, unique among those of the user.'),
    description: field(t.nullable(t.string(255)), 'What a person wrote about it.'),
    user_id: field(t.string(64), 'The user.', { references: { record: 'user', onDelete: 'cascade' } }),
    project_id: field(t.string(64), 'The project.', { references: { record: 'project', onDelete: 'cascade' } }),
    roles: field(t.list(t.string(64)), 'The ids of its roles.'),
    unrestricted: field(t.boolean(), 'Whether it may make and delete application credentials.'),
    expires_ms: field(
      t.nullable(t.integer(0, Number.MAX_SAFE_INTEGER)),
      'When it ends, milliseconds since 1970; null: never.',
    ),
    secret_hash: field(t.string(512), 'SHA-256 of a secret made here, the scrypt hash of one that the user chose.'),
  },
});

export const token = record({
  name: 'token',
  plural: 'tokens',
  doc: 'A token, by its hash.',
  key: ['hash'],
  indexes: [['user_id', 'expires_ms'], ['expires_ms'], ['project_id'], ['application_credential_id']],
  fields: {
    hash: field(t.string(64), 'SHA-256 of the token, hexadecimal.'),
    user_id: field(t.string(64), 'The user.', { references: { record: 'user', onDelete: 'cascade' } }),
    project_id: field(t.nullable(t.string(64)), 'The project it is scoped to; null: unscoped.', {
      references: { record: 'project', onDelete: 'cascade' },
    }),
    is_system: field(t.boolean(), 'Whether it is scoped to the whole system.'),
    application_credential_id: field(t.nullable(t.string(64)), 'What it was got by, where that was one.', {
      references: { record: 'application_credential', onDelete: 'cascade' },
    }),
    methods: field(t.list(t.string(32)), 'How it was got: password, token, application_credential.'),
    issued_ms: field(t.integer(0, Number.MAX_SAFE_INTEGER), 'When it was issued, milliseconds since 1970.'),
    expires_ms: field(t.integer(0, Number.MAX_SAFE_INTEGER), 'When it ends, milliseconds since 1970.'),
    audit_id: field(t.string(32), 'What logs call it.'),
  },
});

export const agentToken = record({
  name: 'agent_token',
  plural: 'agent_tokens',
  doc: 'A long-lived secret that agents show, by its hash.',
  key: ['hash'],
  fields: {
    hash: field(t.string(64), 'SHA-256 of the secret, hexadecimal.'),
    created_ms: field(t.integer(0, Number.MAX_SAFE_INTEGER), 'When it was made, milliseconds since 1970.'),
  },
});
