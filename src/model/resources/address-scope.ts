import { bareResource, field, nameField, sharedField } from '../language.ts';
import * as t from '../types.ts';

/** A space in which addresses are unique: the subnet pools of a scope do not overlap. */
export const addressScope = bareResource({
  name: 'address_scope',
  plural: 'address_scopes',
  alias: 'address-scope',
  path: '/address-scopes',
  doc: 'A space in which addresses are unique: the subnet pools in it share no address.',
  sight: ['shared'],
  indexes: [['project_id']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.string(255), 'The project that owns it.', { post: 'admin', filter: true, sort: true }),
    name: nameField(),
    ip_version: field(t.integer(4, 6), '4 or 6.', { post: 'member', required: true, filter: true, sort: true }),
    shared: sharedField('Whether others than its owner see it and put pools into it; this is not taken back.', {
      post: 'admin',
      put: 'admin',
    }),
  },
});
