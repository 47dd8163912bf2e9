import { field, nameField, resource, sharedField } from '../language.ts';
import * as t from '../types.ts';

/** How many prefixes one address group may have. */
export const maxGroupAddresses = 10_000;

/** The prefixes of a group. */
const groupAddresses = t.list(t.prefix(), { max: maxGroupAddresses });

/** Those of a request to add or remove some: as in Neutron, a bare address is a prefix of its full length there. */
export const changedAddresses = t.list(t.cidr(), { max: maxGroupAddresses });

/** A named set of prefixes that rules of security groups refer to. */
export const addressGroup = resource({
  name: 'address_group',
  plural: 'address_groups',
  alias: 'address-group',
  path: '/address-groups',
  doc: 'A named set of prefixes that rules of security groups refer to.',
  sight: ['shared'],
  actions: [
    { name: 'add_addresses', doc: 'Adds prefixes.', role: 'member', answers: 'row' },
    { name: 'remove_addresses', doc: 'Removes prefixes.', role: 'member', answers: 'row' },
  ],
  fields: {
    name: nameField(),
    addresses: field(groupAddresses, 'Its prefixes, each once; a bare address is one of full length.', {
      post: 'member',
      default: [],
    }),
    shared: sharedField('Whether an RBAC policy lets the caller, or everybody, use it.'),
  },
});
