import { field, resource, sharedField } from '../language.ts';
import * as t from '../types.ts';

/** A named set of rules about what reaches and leaves a port. */
export const securityGroup = resource({
  name: 'security_group',
  plural: 'security_groups',
  alias: 'security-group',
  path: '/security-groups',
  doc: 'A named set of rules: what may reach and leave the ports that are in it.',
  sight: ['shared'],
  quota: { default: 10 },
  fields: {
    name: field(t.string(255), 'A name for people; each project has one called default.', {
      post: 'member',
      put: 'member',
      required: true,
      filter: true,
      sort: true,
    }),
    stateful: field(
      t.boolean(),
      'Whether answers to what was let through are let through; left out: as the project has it, or else true.',
      {
        post: 'member',
        put: 'member',
        filter: true,
        sort: true,
        alias: 'stateful-security-group',
      },
    ),
    security_group_rules: field(t.list(t.anyObject()), 'Its rules.', { stored: false }),
    shared: sharedField('Whether an RBAC policy lets the caller, or everybody, use it.', {
      alias: 'security-groups-shared-filtering',
    }),
  },
});

/** One thing that is let through. */
export const securityGroupRule = resource({
  name: 'security_group_rule',
  plural: 'security_group_rules',
  alias: 'security-group',
  path: '/security-group-rules',
  doc: 'One kind of packet that a security group lets through.',
  quota: { default: 100 },
  indexes: [
    ['security_group_id'],
    ['remote_group_id'],
    ['remote_address_group_id'],
    // Leads to the rules that a new one could be the same as, and to those that refer to a set of addresses.
    [
      'security_group_id',
      'remote_group_id',
      'remote_address_group_id',
      'normalized_cidr',
      'port_range_min',
      'port_range_max',
    ],
  ],
  policy: { get: 'reader', create: 'member', delete: 'member' },
  fields: {
    security_group_id: field(t.uuid(), 'Its group.', {
      post: 'member',
      required: true,
      filter: true,
      sort: true,
      references: { record: 'security_group', onDelete: 'cascade' },
    }),
    direction: field(t.oneOf('ingress', 'egress'), 'Towards the port, or from it.', {
      post: 'member',
      required: true,
      filter: true,
      sort: true,
    }),
    ethertype: field(t.oneOf('IPv4', 'IPv6'), 'The IP version.', {
      post: 'member',
      default: 'IPv4',
      filter: true,
      sort: true,
    }),
    protocol: field(t.nullable(t.string(40)), 'A protocol by name or number (0 to 255); null: any.', {
      post: 'member',
      default: null,
      filter: true,
      sort: true,
    }),
    port_range_min: field(t.nullable(t.integer(0, 65535)), 'The first port, or the ICMP type.', {
      post: 'member',
      default: null,
      filter: true,
      sort: true,
    }),
    port_range_max: field(t.nullable(t.integer(0, 65535)), 'The last port, or the ICMP code.', {
      post: 'member',
      default: null,
      filter: true,
      sort: true,
    }),
    remote_ip_prefix: field(t.nullable(t.ipPrefix()), 'Only from (or to) this prefix.', {
      post: 'member',
      default: null,
      filter: true,
      sort: true,
    }),
    normalized_cidr: field(t.nullable(t.cidr()), 'That prefix with its host bits cleared.', {
      filter: true,
      sort: true,
      alias: 'security-groups-normalized-cidr',
    }),
    belongs_to_default_sg: field(t.boolean(), "Whether its group is its project's default one.", {
      filter: true,
      alias: 'security-groups-rules-belongs-to-default-sg',
    }),
    remote_group_id: field(t.nullable(t.uuid()), 'Only from (or to) the ports of this group.', {
      post: 'member',
      default: null,
      filter: true,
      sort: true,
      references: { record: 'security_group', onDelete: 'cascade' },
    }),
    remote_address_group_id: field(t.nullable(t.uuid()), 'Only from (or to) the prefixes of this address group.', {
      post: 'member',
      default: null,
      filter: true,
      sort: true,
      alias: 'security-groups-remote-address-group',
      references: { record: 'address_group', onDelete: 'restrict' },
    }),
  },
});
