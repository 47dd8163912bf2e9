import { adminStateField, field, nameField, resource, sharedField } from '../language.ts';
import { dnsDomain } from '../port-types.ts';
import * as t from '../types.ts';
import { qosPolicyId } from './qos.ts';

/** The segment types that the system knows. */
export const networkTypes = ['flat', 'vlan', 'vxlan', 'gre', 'geneve', 'local'] as const;

/** An L2 network. */
export const network = resource({
  name: 'network',
  plural: 'networks',
  alias: 'network',
  doc: 'An L2 network: one broadcast domain, on a physical network or in a tunnel.',
  sight: ['shared', 'external'],
  quota: { default: 100 },
  indexes: [['qos_policy_id']],
  fields: {
    name: nameField('A name for people; it need not be unique.'),
    admin_state_up: adminStateField('Whether the network carries traffic.'),
    status: field(t.oneOf('ACTIVE', 'DOWN', 'BUILD', 'ERROR'), 'Whether it works.', { filter: true, sort: true }),
    subnets: field(t.list(t.uuid()), 'The ids of its subnets.', { stored: false }),
    ipv4_address_scope: field(t.nullable(t.uuid()), 'The address scope of its IPv4 subnets.', {
      stored: false,
      alias: 'address-scope',
    }),
    ipv6_address_scope: field(t.nullable(t.uuid()), 'The address scope of its IPv6 subnets.', {
      stored: false,
      alias: 'address-scope',
    }),
    shared: sharedField('Whether others than its owner see and use it: the caller, by an RBAC policy, or everybody.', {
      post: 'admin',
      put: 'admin',
    }),
    'router:external': field(
      t.boolean(),
      'Whether routers may have their gateway on it and floating IPs come from it.',
      {
        post: 'admin',
        put: 'admin',
        default: false,
        filter: true,
        sort: true,
        alias: 'external-net',
      },
    ),
    'provider:network_type': field(t.nullable(t.oneOf(...networkTypes)), 'How its frames travel between hosts.', {
      post: 'admin',
      see: 'admin',
      filter: true,
      sort: true,
      alias: 'provider',
    }),
    'provider:physical_network': field(t.nullable(t.string(64)), 'The physical network of a flat or VLAN network.', {
      post: 'admin',
      see: 'admin',
      filter: true,
      sort: true,
      alias: 'provider',
    }),
    'provider:segmentation_id': field(t.nullable(t.integer(0, 4294967295)), 'The VLAN id, VNI or GRE key.', {
      post: 'admin',
      see: 'admin',
      filter: true,
      sort: true,
      alias: 'provider',
    }),
    segments: field(
      t.list(
        t.object(
          { 'provider:network_type': t.oneOf(...networkTypes) },
          {
            'provider:physical_network': t.nullable(t.string(64)),
            'provider:segmentation_id': t.nullable(t.integer(0, 4294967295)),
          },
        ),
        { max: 64 },
      ),
      'The ways in which its frames travel, where there are several.',
      { post: 'admin', see: 'admin', stored: false, omitted: true, alias: 'multi-provider' },
    ),
    several_segments: field(t.boolean(), 'Whether it has more than one segment.', { hidden: true, default: false }),
    is_default: field(t.boolean(), 'Whether it is the external network that projects get by themselves.', {
      post: 'admin',
      put: 'admin',
      default: false,
      filter: true,
      sort: true,
      omitted: true,
      alias: 'auto-allocated-topology',
    }),
    project_default: field(t.boolean(), 'Whether a person marked it as the one that its project uses by default.', {
      post: 'member',
      put: 'member',
      default: false,
      alias: 'project-default-networks',
    }),
    dns_domain: field(dnsDomain(), 'The domain that its ports are published in.', {
      post: 'member',
      put: 'member',
      default: '',
      filter: true,
      sort: true,
      alias: 'dns-integration',
    }),
    l2_adjacency: field(t.boolean(), 'Whether its ports reach each other without a router.', {
      stored: false,
      alias: 'l2_adjacency',
    }),
    availability_zones: field(t.list(t.string(255)), 'The zones of the agents that have it.', {
      stored: false,
      alias: 'network_availability_zone',
    }),
    availability_zone_hints: field(
      t.list(t.string(255), { max: 10, unique: true }),
      'The zones that its agents are chosen from; none: any.',
      { post: 'member', default: [], alias: 'network_availability_zone' },
    ),
    withdrawn: field(
      t.boolean(),
      'Whether an administrator took it from its last agent: it gets one when it next changes, not before.',
      { hidden: true, default: false },
    ),
    mtu: field(
      t.integer(0, 2147483647),
      'The largest IP packet that it carries, in bytes; 0 in a request: the largest possible.',
      {
        post: 'member',
        put: 'member',
        filter: true,
        sort: true,
        alias: 'net-mtu-writable',
      },
    ),
    port_security_enabled: field(
      t.boolean(),
      'Whether its new ports are protected by anti-spoofing and security groups.',
      {
        post: 'member',
        put: 'member',
        default: true,
        filter: true,
        sort: true,
        alias: 'port-security',
      },
    ),
    qos_policy_id: { ...qosPolicyId, alias: 'qos' },
  },
});
