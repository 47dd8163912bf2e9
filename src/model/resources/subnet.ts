import { field, nameField, resource } from '../language.ts';
import * as t from '../types.ts';

/** A prefix of addresses on a network. */
export const subnet = resource({
  name: 'subnet',
  plural: 'subnets',
  alias: 'subnet',
  doc: 'A prefix of IP addresses on a network, with its gateway, DHCP settings and pools.',
  sight: ['network_seen'],
  policy: {
    get: 'reader',
    create: 'member',
    update: ['member', 'network_owner'],
    delete: ['member', 'network_owner'],
  },
  specialFilters: ['router:external', 'shared'],
  quota: { default: 100 },
  indexes: [['network_id'], ['segment_id'], ['subnetpool_id', 'project_id']],
  fields: {
    name: nameField(),
    network_id: field(t.uuid(), 'The network it is on.', {
      post: 'network_owner',
      required: true,
      filter: true,
      sort: true,
      references: { record: 'network', onDelete: 'restrict' },
    }),
    ip_version: field(t.integer(4, 6), '4 or 6.', { post: 'member', required: true, filter: true, sort: true }),
    subnetpool_id: field(t.nullable(t.uuid()), 'The pool that its prefix was taken from.', {
      post: 'member',
      filter: true,
      sort: true,
      alias: 'subnet_allocation',
      references: { record: 'subnetpool', onDelete: 'restrict' },
    }),
    use_default_subnetpool: field(t.boolean(), 'Whether its prefix is to be taken from the default pool.', {
      post: 'member',
      default: false,
      stored: false,
      writeOnly: true,
      alias: 'default-subnetpools',
    }),
    prefixlen: field(t.integer(0, 128), 'The length of the prefix to take from the pool.', {
      post: 'member',
      stored: false,
      writeOnly: true,
      alias: 'subnet_allocation',
    }),
    cidr: field(t.prefix(), 'The prefix; one that is left out comes from a subnet pool.', {
      post: 'member',
      filter: true,
      sort: true,
    }),
    gateway_ip: field(t.nullable(t.ip()), 'The address of the router; left out: the first address; null: none.', {
      post: 'member',
      put: 'member',
      filter: true,
      sort: true,
    }),
    allocation_pools: field(
      t.list(t.object({ start: t.ip(), end: t.ip() }), { max: 100 }),
      'The ranges that addresses are taken from; left out: all but the gateway.',
      { post: 'member', put: 'member' },
    ),
    dns_nameservers: field(
      t.orNull(t.list(t.ip(), { max: 5, unique: true }), []),
      'The DNS servers that DHCP hands out.',
      {
        post: 'member',
        put: 'member',
        default: [],
      },
    ),
    host_routes: field(
      t.orNull(t.list(t.object({ destination: t.destination(), nexthop: t.ip() }), { max: 20, unique: true }), []),
      'The static routes that DHCP hands out.',
      { post: 'member', put: 'member', default: [] },
    ),
    enable_dhcp: field(t.boolean(), 'Whether DHCP serves it.', {
      post: 'member',
      put: 'member',
      default: true,
      filter: true,
      sort: true,
    }),
    segment_id: field(t.nullable(t.uuid()), 'The segment of the network that it is on.', {
      default: null,
      post: 'admin',
      put: 'admin',
      see: 'admin',
      filter: true,
      sort: true,
      alias: 'segment',
      references: { record: 'segment', onDelete: 'restrict' },
    }),
    ipv6_ra_mode: field(
      t.nullable(t.oneOf('slaac', 'dhcpv6-stateful', 'dhcpv6-stateless')),
      'How routers advertise it.',
      {
        post: 'member',
        default: null,
        filter: true,
        sort: true,
      },
    ),
    ipv6_address_mode: field(
      t.nullable(t.oneOf('slaac', 'dhcpv6-stateful', 'dhcpv6-stateless')),
      'How instances get their IPv6 address.',
      { post: 'member', default: null, filter: true, sort: true },
    ),
    service_types: field(
      t.list(t.string(255), { max: 100, unique: true }),
      'The device owners whose ports take their addresses here; none: every port does.',
      { post: 'admin', put: 'admin', default: [], alias: 'subnet-service-types' },
    ),
    dns_publish_fixed_ip: field(t.boolean(), 'Whether names of its addresses are for an external DNS service.', {
      post: 'member',
      put: 'member',
      default: false,
      alias: 'subnet-dns-publish-fixed-ip',
    }),
    'router:external': field(t.boolean(), 'Whether its network is external.', {
      stored: false,
      alias: 'subnet-external-network',
    }),
  },
});
