import { field, resource, sharedField, type Type } from '../language.ts';
import * as t from '../types.ts';

const lengths = t.integer(0, 128);

/** The length of a prefix. Neutron shows those of a pool as text, and so do we; requests may give a number. */
const prefixLength: Type<string> = {
  expected: lengths.expected,
  schema: { type: 'string', pattern: '^\\d{1,3}$' },
  column: 'text',
  nullable: false,
  isPlain: false,
  parse(value) {
    const length = lengths.parse(value);
    return typeof length === 'number' ? String(length) : length;
  },
};

/** The prefixes of a pool, and of a request to add or remove some. */
export const poolPrefixes = t.list(t.prefix(), { max: 1000 });

const ofPerson = { post: 'member', put: 'member', filter: true, sort: true } as const;

/** Prefixes that subnets are taken from. */
export const subnetpool = resource({
  name: 'subnetpool',
  plural: 'subnetpools',
  alias: 'subnetpool',
  doc: 'Prefixes that subnets are taken from, so that no two of them overlap.',
  sight: ['shared'],
  quota: { default: -1 },
  indexes: [['address_scope_id'], ['is_default', 'ip_version']],
  actions: [
    { name: 'add_prefixes', doc: 'Adds prefixes.', role: 'member' },
    { name: 'remove_prefixes', doc: 'Removes prefixes that no subnet has.', role: 'member' },
    { name: 'onboard_network_subnets', doc: 'Takes the subnets of a network into the pool.', role: 'member' },
  ],
  fields: {
    name: field(t.string(255, 1), 'A name for people.', { ...ofPerson, required: true }),
    prefixes: field(poolPrefixes, 'Its prefixes, joined where they can be; a change may only add to them.', {
      post: 'member',
      put: 'member',
      required: true,
    }),
    ip_version: field(t.integer(4, 6), '4 or 6, as its prefixes.', { filter: true, sort: true }),
    default_prefixlen: field(prefixLength, 'The length of a subnet that asks for none; left out: the least.', ofPerson),
    min_prefixlen: field(
      prefixLength,
      'The least length that a subnet may have; left out: 8, or 64 for IPv6.',
      ofPerson,
    ),
    max_prefixlen: field(prefixLength, 'The greatest length; left out: 32, or 128 for IPv6.', ofPerson),
    default_quota: field(
      t.nullable(t.integer(0, Number.MAX_SAFE_INTEGER)),
      'How much a project may take, in addresses (IPv4) or /64 prefixes (IPv6); null and 0: no limit.',
      { ...ofPerson, default: null },
    ),
    is_default: field(t.boolean(), 'Whether subnets that ask for the default pool are taken from it.', {
      post: 'admin',
      put: 'admin',
      default: false,
      filter: true,
      sort: true,
      alias: 'default-subnetpools',
    }),
    shared: sharedField('Whether others than its owner see it and take subnets from it.', { post: 'admin' }),
    address_scope_id: field(t.nullable(t.uuid()), 'The address scope that it is in.', {
      ...ofPerson,
      default: null,
      alias: 'address-scope',
      references: { record: 'address_scope', onDelete: 'restrict' },
    }),
  },
});
