import { adminStateField, field, nameField, resource } from '../language.ts';
import * as t from '../types.ts';

/** A router between networks. */
export const router = resource({
  name: 'router',
  plural: 'routers',
  alias: 'router',
  doc: 'A router between networks, with a gateway to an external one.',
  quota: { default: 10 },
  actions: [
    { name: 'add_router_interface', doc: 'Gives it an interface on a subnet or port.', role: 'member' },
    { name: 'remove_router_interface', doc: 'Takes an interface away.', role: 'member' },
    { name: 'add_extraroutes', doc: 'Adds static routes.', role: 'member', alias: 'extraroute-atomic', answers: 'row' },
    {
      name: 'remove_extraroutes',
      doc: 'Takes static routes away.',
      role: 'member',
      alias: 'extraroute-atomic',
      answers: 'row',
    },
  ],
  fields: {
    name: nameField(),
    admin_state_up: adminStateField('Whether it routes.'),
    status: field(t.oneOf('ACTIVE', 'DOWN', 'BUILD', 'ERROR'), 'Whether its host has built it.', {
      filter: true,
      sort: true,
    }),
    external_gateway_info: field(
      t.orEmpty(
        t.nullable(
          t.object(
            { network_id: t.uuid() },
            {
              enable_snat: t.boolean(),
              qos_policy_id: t.nullable(t.uuid()),
              external_fixed_ips: t.list(t.object({}, { subnet_id: t.uuid(), ip_address: t.ip() }), { max: 10 }),
            },
          ),
        ),
      ),
      'The gateway: its external network, its addresses there, and whether it hides the inside addresses.',
      {
        post: 'member',
        put: 'member',
        members: { enable_snat: 'admin', external_fixed_ips: 'admin' },
        default: null,
      },
    ),
    enable_snat: field(t.boolean(), 'Whether its gateway hides the inside addresses.', {
      stored: false,
      alias: 'router-enable-snat',
    }),
    routes: field(
      t.orNull(t.list(t.object({ destination: t.destination(), nexthop: t.ip() }), { max: 30, unique: true }), []),
      'Static routes beside those of its interfaces.',
      { put: 'member', default: [], alias: 'extraroute' },
    ),
    flavor_id: field(t.nullable(t.uuid()), 'The flavor that says who provides it.', {
      post: 'member',
      default: null,
      filter: true,
      sort: true,
      alias: 'l3-flavors',
      references: { record: 'flavor', onDelete: 'restrict' },
    }),
    availability_zones: field(t.list(t.string(255)), 'The zones of the agents that have it.', {
      stored: false,
      alias: 'router_availability_zone',
    }),
    availability_zone_hints: field(
      t.list(t.string(255), { max: 10, unique: true }),
      'The zones that its agents are chosen from; none: any.',
      { post: 'member', default: [], alias: 'router_availability_zone' },
    ),
    withdrawn: field(
      t.boolean(),
      'Whether an administrator took it from its last agent: it gets one when it next changes, not before.',
      { hidden: true, default: false },
    ),
    enable_ndp_proxy: field(
      t.boolean(),
      'Whether addresses of its IPv6 subnets are reached from the external network by NDP proxies, and by nothing else. It needs a gateway with an IPv6 address in an address scope; left out for a new gateway: `enable_ndp_proxy_by_default`.',
      { post: 'member', put: 'member', filter: true, alias: 'l3-ext-ndp-proxy' },
    ),
    conntrack_helpers: field(t.list(t.anyObject()), 'Its conntrack helpers, in short.', {
      stored: false,
      alias: 'expose-l3-conntrack-helper',
    }),
    gw_port_id: field(t.nullable(t.uuid()), 'The port of its gateway.', { hidden: true }),
    gw_qos_policy_id: field(t.nullable(t.uuid()), 'The QoS policy of its gateway.', {
      hidden: true,
      references: { record: 'policy', onDelete: 'restrict' },
    }),
  },
  indexes: [['gw_port_id'], ['gw_qos_policy_id']],
});
