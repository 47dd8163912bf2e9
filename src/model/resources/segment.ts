import { bareResource, field, stamps } from '../language.ts';
import * as t from '../types.ts';
import { networkTypes } from './network.ts';

/** One way in which a network's frames travel. The claim keeps a VLAN id, VNI or key from being handed out twice. */
export const segment = bareResource({
  name: 'segment',
  plural: 'segments',
  alias: 'segment',
  doc: 'A segment of a network: its type, physical network and number. A routed network has several, each with subnets of its own.',
  standard: true,
  policy: { get: 'admin', create: 'admin', update: 'admin', delete: 'admin' },
  unique: [['claim']],
  indexes: [['network_id'], ['network_type', 'segmentation_id']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    network_id: field(t.uuid(), 'The network.', {
      post: 'admin',
      required: true,
      filter: true,
      sort: true,
      references: { record: 'network', onDelete: 'cascade' },
    }),
    network_type: field(t.oneOf(...networkTypes), 'How its frames travel between hosts.', {
      post: 'admin',
      required: true,
      filter: true,
      sort: true,
    }),
    physical_network: field(t.nullable(t.string(64)), 'The physical network of a flat or VLAN segment.', {
      post: 'admin',
      filter: true,
      sort: true,
    }),
    segmentation_id: field(t.nullable(t.integer(0, 4294967295)), 'The VLAN id, VNI or GRE key; left out: a free one.', {
      post: 'admin',
      filter: true,
      sort: true,
    }),
    name: field(t.nullable(t.string(255)), 'A name for people.', {
      post: 'admin',
      put: 'admin',
      filter: true,
      sort: true,
    }),
    ...stamps('admin', 'standard-attr-segment'),
    position: field(t.integer(0, 2147483647), 'Where it stands among the segments of its network.', { hidden: true }),
    claim: field(t.nullable(t.string(128)), 'What no other segment may have: type, physical network, number.', {
      hidden: true,
    }),
  },
});
