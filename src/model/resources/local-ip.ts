/** Local IPs and their associations with ports (neutron_lib/api/definitions/local_ip.py). */
import { bareResource, field, nameField, stamps } from '../language.ts';
import * as t from '../types.ts';

/** What is asked to happen to packets on their way to the port. As in Neutron, hosts translate them whatever is asked. */
export const localIpModes = ['translate', 'passthrough'] as const;

const alias = 'local_ip';
const seen = { filter: true, sort: true } as const;
const chosen = { post: 'member', ...seen } as const;

/** An address that leads, on each host, to the port there that it is associated with. */
export const localIp = bareResource({
  name: 'local_ip',
  plural: 'local_ips',
  alias,
  doc: 'An address that leads, on each host, to the port there that it is associated with; its traffic leaves no host.',
  standard: true,
  indexes: [['project_id']],
  fields: {
    id: field(t.uuid(), 'The identifier.', seen),
    project_id: field(t.string(255), 'The project that owns it.', { post: 'admin', ...seen }),
    name: nameField(),
    ...stamps('member', alias),
    local_port_id: field(t.uuid(), 'The port that has the address; the system makes one where a network is given.', {
      ...chosen,
      references: { record: 'port', onDelete: 'restrict' },
    }),
    network_id: field(t.uuid(), 'The network that the address is of.', chosen),
    local_ip_address: field(t.nullable(t.ip()), 'The address: one that the port has, or shall get.', chosen),
    ip_mode: field(
      t.oneOf(...localIpModes),
      'Whether packets are to get the address of their port, or to stay as they are; hosts translate them in either.',
      { ...chosen, default: 'translate' },
    ),
  },
});

/** A port that a local IP leads to. */
export const localIpAssociation = bareResource({
  name: 'port_association',
  plural: 'port_associations',
  alias,
  doc: 'A port that a local IP leads to, for whatever is on the same network and host.',
  path: '/local_ips/{local_ip_id}/port_associations',
  parent: { resource: 'local_ip', field: 'local_ip_id' },
  namedBy: 'fixed_port_id',
  key: ['local_ip_id', 'fixed_port_id'],
  policy: { get: 'reader', create: 'member', delete: 'member' },
  fields: {
    project_id: field(t.string(255), 'The project of its local IP.', { hidden: true }),
    local_ip_id: field(t.uuid(), 'Its local IP.', { references: { record: 'local_ip', onDelete: 'restrict' } }),
    local_ip_address: field(t.nullable(t.ip()), 'The address of its local IP.', { ...seen, stored: false }),
    fixed_port_id: field(t.uuid(), 'The port.', {
      ...chosen,
      required: true,
      references: { record: 'port', onDelete: 'cascade' },
    }),
    fixed_ip: field(
      t.nullable(t.ip()),
      'The address of the port that packets get; to be named where it has several.',
      chosen,
    ),
    host: field(t.string(255), 'The host of the port; empty where it is on none.', { ...seen, stored: false }),
  },
});
