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

export const token = record({
  name: 'token',
  plural: 'tokens',
  doc: 'A token, by its hash.',
  key: ['hash'],
  indexes: [['user_id'], ['expires_ms']],
  fields: {
    hash: field(t.string(64), 'SHA-256 of the token, hexadecimal.'),
    user_id: field(t.string(64), 'The user.', { references: { record: 'user', onDelete: 'cascade' } }),
    project_id: field(t.nullable(t.string(64)), 'The project it is scoped to; null: unscoped.', {
      references: { record: 'project', onDelete: 'cascade' },
    }),
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
