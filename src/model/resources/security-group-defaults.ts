/** What new security groups are like: the templates of their rules, and whether they are stateful. */
import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';

const chosen = { post: 'admin', filter: true, sort: true } as const;

const anything = {
  description: '',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_address_group_id: null,
} as const;

// As in a new database of Neutron's: all may leave, and the members of a default group may come in.
const initial = (['IPv4', 'IPv6'] as const).flatMap((ethertype, at) => [
  {
    ...anything,
    id: `00000000-0000-4000-8000-00000000000${at + 1}`,
    direction: 'egress',
    ethertype,
    remote_group_id: null,
    used_in_default_sg: true,
    used_in_non_default_sg: true,
  },
  {
    ...anything,
    id: `00000000-0000-4000-8000-00000000001${at + 1}`,
    direction: 'ingress',
    ethertype,
    remote_group_id: 'PARENT',
    used_in_default_sg: true,
    used_in_non_default_sg: false,
  },
]);

/** A rule that new security groups get (neutron/extensions/security_groups_default_rules.py). */
export const defaultSecurityGroupRule = bareResource({
  name: 'default_security_group_rule',
  plural: 'default_security_group_rules',
  alias: 'security-groups-default-rules',
  path: '/default-security-group-rules',
  doc: 'The template of a rule that new security groups get; groups that are there do not change with it.',
  sight: ['everyone'],
  policy: { get: 'reader', create: 'admin', delete: 'admin' },
  initial,
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    description: field(t.string(1024), 'What a person wrote about it.', { post: 'admin', default: '', filter: true }),
    direction: field(t.oneOf('ingress', 'egress'), 'Towards the port, or from it.', { ...chosen, required: true }),
    ethertype: field(t.oneOf('IPv4', 'IPv6'), 'The IP version.', { ...chosen, default: 'IPv4' }),
    protocol: field(t.nullable(t.string(40)), 'A protocol by name or number (0 to 255); null: any.', {
      ...chosen,
      default: null,
    }),
    port_range_min: field(t.nullable(t.integer(0, 65535)), 'The first port, or the ICMP type.', {
      ...chosen,
      default: null,
    }),
    port_range_max: field(t.nullable(t.integer(0, 65535)), 'The last port, or the ICMP code.', {
      ...chosen,
      default: null,
    }),
    remote_ip_prefix: field(t.nullable(t.ipPrefix()), 'Only from (or to) this prefix.', { ...chosen, default: null }),
    remote_group_id: field(
      t.nullable(t.uuidOr('PARENT')),
      'Only from (or to) the ports of this group; PARENT: of the new group itself.',
      { ...chosen, default: null },
    ),
    remote_address_group_id: field(t.nullable(t.uuid()), 'Only from (or to) the prefixes of this address group.', {
      ...chosen,
      default: null,
    }),
    used_in_default_sg: field(t.boolean(), 'Whether the default group of a project gets it.', {
      post: 'admin',
      default: false,
      filter: true,
    }),
    used_in_non_default_sg: field(t.boolean(), 'Whether other groups get it.', {
      post: 'admin',
      default: true,
      filter: true,
    }),
  },
});

/** Whether new groups are stateful (neutron_lib/api/definitions/security_groups_default_statefulness.py). */
export const defaultStatefulness = bareResource({
  name: 'security_groups_default_statefulness',
  plural: 'security_groups_default_statefulness',
  alias: 'security-groups-default-statefulness',
  path: '/security-groups-default-statefulness',
  doc: 'Whether new security groups are stateful where their request does not say: in a project, or everywhere.',
  policy: { get: 'reader', create: 'manager', update: 'manager', delete: 'manager' },
  indexes: [['project_id']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.nullable(t.string(255)), 'The project; null: every one that has no setting of its own.', {
      post: 'manager',
      filter: true,
      sort: true,
    }),
    stateful: field(t.boolean(), 'Whether new groups are stateful.', {
      post: 'manager',
      put: 'manager',
      default: true,
      filter: true,
      sort: true,
    }),
  },
});
