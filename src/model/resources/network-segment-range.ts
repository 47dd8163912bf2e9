import { field, resource } from '../language.ts';
import * as t from '../types.ts';

/** Numbers that networks of a type may have, by API instead of configuration. */
export const networkSegmentRange = resource({
  name: 'network_segment_range',
  plural: 'network_segment_ranges',
  alias: 'network-segment-range',
  doc: 'A range of VLAN ids, VNIs or keys that networks get theirs from: of everybody, or of one project alone.',
  policy: { get: 'admin', create: 'admin', update: 'admin', delete: 'admin' },
  indexes: [['network_type', 'physical_network']],
  fields: {
    name: field(t.string(255), 'A name for people.', {
      post: 'admin',
      put: 'admin',
      default: '',
      filter: true,
      sort: true,
    }),
    default: field(t.boolean(), 'Whether it comes from the configuration; such a range cannot be changed.', {
      filter: true,
      sort: true,
    }),
    shared: field(t.boolean(), 'Whether it is of all projects.', {
      post: 'admin',
      default: true,
      filter: true,
      sort: true,
    }),
    network_type: field(t.oneOf('vlan', 'vxlan', 'gre', 'geneve'), 'The type of the networks.', {
      post: 'admin',
      required: true,
      filter: true,
      sort: true,
    }),
    physical_network: field(t.nullable(t.string(64)), 'The physical network of a range of VLAN ids.', {
      post: 'admin',
      default: null,
      filter: true,
      sort: true,
    }),
    minimum: field(t.integer(1, 4294967295), 'The first number.', {
      post: 'admin',
      put: 'admin',
      required: true,
      filter: true,
      sort: true,
    }),
    maximum: field(t.integer(1, 4294967295), 'The last number.', {
      post: 'admin',
      put: 'admin',
      required: true,
      filter: true,
      sort: true,
    }),
    used: field(t.anyObject(), 'The numbers in use, each with the project of its network.', { stored: false }),
    available: field(t.list(t.integer(1, 4294967295)), 'The free numbers, the first 4096 of them.', { stored: false }),
  },
});
