import { bareResource, field, stamps } from '../language.ts';
import * as t from '../types.ts';

const chosen = { post: 'member', filter: true, sort: true } as const;

/** An IPv6 address of a port that a router answers for on its external network. */
export const ndpProxy = bareResource({
  name: 'ndp_proxy',
  plural: 'ndp_proxies',
  alias: 'l3-ndp-proxy',
  doc: 'An IPv6 address of a port that a router answers for on its external network, so that it is reached from there without a route.',
  standard: true,
  unique: [['router_id', 'ip_address']],
  indexes: [['project_id'], ['port_id']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.string(255), 'The project that owns it.', { post: 'admin', filter: true, sort: true }),
    // The openstack client sends null where it is told no name.
    name: field(t.orNull(t.string(255), ''), 'A name for people.', { ...chosen, put: 'member', default: '' }),
    router_id: field(t.uuid(), 'The router; its `enable_ndp_proxy` is true.', {
      ...chosen,
      required: true,
      references: { record: 'router', onDelete: 'cascade' },
    }),
    port_id: field(t.uuid(), 'The port that has the address. The proxy goes with it.', {
      ...chosen,
      required: true,
      references: { record: 'port', onDelete: 'cascade' },
    }),
    ip_address: field(
      t.nullable(t.ip()),
      'The IPv6 address; left out: the first of the port on a subnet of the router.',
      { ...chosen, default: null },
    ),
    ...stamps('member'),
  },
});
