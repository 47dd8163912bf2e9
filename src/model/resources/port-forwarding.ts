import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';

/** The protocols that the API accepts (the keys of Neutron's IPTABLES_PROTOCOL_MAP). */
export const forwardingProtocols = ['dccp', 'icmp', 'ipv6-icmp', 'sctp', 'tcp', 'udp'] as const;

const alias = 'floating-ip-port-forwarding';
const ranges = 'floating-ip-port-forwarding-port-ranges';

/** One port, or a range of ports, of a floating IP, forwarded to an address of a port. */
export const portForwarding = bareResource({
  name: 'port_forwarding',
  plural: 'port_forwardings',
  alias,
  doc: 'One port, or a range of ports, of a floating IP, forwarded to an inside address.',
  path: '/floatingips/{floatingip_id}/port_forwardings',
  parent: { resource: 'floatingip', field: 'floatingip_id' },
  unique: [
    ['floatingip_id', 'protocol', 'external_port_range'],
    ['internal_port_id', 'protocol', 'internal_ip_address', 'internal_port_range'],
  ],
  indexes: [
    // A page of the forwardings of a floating IP, in the order of their ids.
    ['floatingip_id'],
    ['floatingip_id', 'protocol', 'external_first'],
    ['internal_port_id', 'protocol', 'internal_ip_address', 'internal_first'],
  ],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.string(255), 'The project of its floating IP.', { hidden: true }),
    floatingip_id: field(t.uuid(), 'Its floating IP.', {
      hidden: true,
      references: { record: 'floatingip', onDelete: 'cascade' },
    }),
    external_port: field(t.nullable(t.integer(1, 65535)), 'The port on the floating IP, where it is a single one.', {
      post: 'member',
      put: 'member',
      filter: true,
      sort: true,
    }),
    internal_port: field(t.nullable(t.integer(1, 65535)), 'The port on the inside address, where it is a single one.', {
      post: 'member',
      put: 'member',
    }),
    internal_ip_address: field(t.ip(), 'The inside IPv4 address.', { post: 'member', put: 'member', required: true }),
    internal_port_id: field(t.uuid(), 'The port that has the inside address.', {
      post: 'member',
      put: 'member',
      required: true,
      filter: true,
      sort: true,
      references: { record: 'port', onDelete: 'cascade' },
    }),
    protocol: field(t.oneOf(...forwardingProtocols), 'The protocol.', {
      post: 'member',
      put: 'member',
      required: true,
      filter: true,
      sort: true,
    }),
    description: field(t.string(255), 'What a person wrote about it.', {
      post: 'member',
      put: 'member',
      default: '',
      filter: true,
      sort: true,
      alias: 'floating-ip-port-forwarding-description',
    }),
    external_port_range: field(t.portRange(), 'The ports on the floating IP, as "first:last".', {
      post: 'member',
      put: 'member',
      filter: true,
      sort: true,
      alias: ranges,
    }),
    internal_port_range: field(t.portRange(), 'The ports on the inside address: as many, or one for all.', {
      post: 'member',
      put: 'member',
      alias: ranges,
    }),
    external_first: field(t.integer(1, 65535), 'The first external port.', { hidden: true }),
    external_last: field(t.integer(1, 65535), 'The last external port.', { hidden: true }),
    internal_first: field(t.integer(1, 65535), 'The first internal port.', { hidden: true }),
    internal_last: field(t.integer(1, 65535), 'The last internal port.', { hidden: true }),
  },
});
