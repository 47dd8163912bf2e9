import { field, resource } from '../language.ts';
import { dnsDomain, relativeDnsName } from '../port-types.ts';
import * as t from '../types.ts';
import { qosPolicyId } from './qos.ts';

/** An address of an external network that stands for an inside one, or forwards single ports. */
export const floatingip = resource({
  name: 'floatingip',
  plural: 'floatingips',
  alias: 'router',
  doc: 'An address of an external network that stands for the address of a port, or whose single ports are forwarded.',
  quota: { default: 50 },
  indexes: [['router_id'], ['port_id'], ['floating_network_id'], ['qos_policy_id']],
  unique: [
    ['floating_network_id', 'floating_ip_address'],
    ['port_id', 'fixed_ip_address', 'floating_network_id'],
  ],
  fields: {
    floating_network_id: field(t.uuid(), 'The external network that the address is from.', {
      post: 'member',
      required: true,
      filter: true,
      sort: true,
      references: { record: 'network', onDelete: 'restrict' },
    }),
    floating_ip_address: field(t.ip(), 'The address; managers may choose it.', {
      post: 'manager',
      filter: true,
      sort: true,
    }),
    subnet_id: field(t.nullable(t.uuid()), 'In a request: the external subnet to take the address from.', {
      post: 'member',
      default: null,
      writeOnly: true,
    }),
    port_id: field(t.nullable(t.uuid()), 'The port that it stands for.', {
      post: 'member',
      put: 'member',
      filter: true,
      sort: true,
    }),
    fixed_ip_address: field(t.nullable(t.ip()), 'The address of that port that it stands for.', {
      post: 'member',
      put: 'member',
      filter: true,
      sort: true,
    }),
    router_id: field(t.nullable(t.uuid()), 'The router that translates it.', { filter: true, sort: true }),
    status: field(t.oneOf('ACTIVE', 'DOWN', 'ERROR'), 'Whether its router carries it.', { filter: true, sort: true }),
    dns_name: field(relativeDnsName(), 'Its name in an external DNS service; without one, nothing is published.', {
      post: 'member',
      default: '',
      stored: false,
      alias: 'dns-integration',
    }),
    dns_domain: field(dnsDomain(), 'The domain of that name; without an external DNS service, nothing is published.', {
      post: 'member',
      default: '',
      stored: false,
      alias: 'dns-integration',
    }),
    port_details: field(t.nullable(t.anyObject()), 'The port that it stands for, in short.', {
      stored: false,
      alias: 'fip-port-details',
    }),
    port_forwardings: field(t.list(t.anyObject()), 'Its forwarded ports.', {
      stored: false,
      alias: 'expose-port-forwarding-in-fip',
    }),
    qos_policy_id: { ...qosPolicyId, alias: 'qos-fip' },
    qos_network_policy_id: field(t.nullable(t.uuid()), 'The QoS policy of its external network.', {
      stored: false,
      alias: 'qos-fip-network-policy',
    }),
    floating_port_id: field(t.uuid(), 'The port that holds the address on the external network.', { hidden: true }),
  },
});
