import { adminStateField, field, nameField, resource, tagsField } from '../language.ts';
import { dnsDomain, dnsName, lineOfText, macOrNew } from '../port-types.ts';

import * as t from '../types.ts';
import { qosPolicyId } from './qos.ts';

/** How a host wires a port. */
export const vifTypes = ['unbound', 'bridge', 'ovs', 'binding_failed'] as const;

/** The kinds of NICs that a port may ask for. */
export const vnicTypes = [
  'normal',
  'direct',
  'macvtap',
  'baremetal',
  'direct-physical',
  'virtio-forwarder',
  'smart-nic',
  'vdpa',
  'accelerator-direct',
  'accelerator-direct-physical',
  'remote-managed',
] as const;

/** One fixed address of a port. */
export const fixedIp = t.object({ subnet_id: t.uuid(), ip_address: t.ip() });

/** A place on a network where one device is attached. */
export const port = resource({
  name: 'port',
  plural: 'ports',
  alias: 'port',
  doc: 'A place on a network where one device is attached, with its MAC and IP addresses.',
  sight: ['network_owner'],
  policy: { get: 'reader', create: 'member', update: 'member', delete: ['member', 'network_owner'] },
  specialFilters: ['fixed_ips', 'security_groups'],
  quota: { default: 500 },
  unique: [['network_id', 'mac_address']],
  indexes: [['network_id', 'binding:host_id'], ['device_id'], ['binding:host_id'], ['qos_policy_id']],
  fields: {
    name: nameField(),
    network_id: field(t.uuid(), 'The network it is on.', {
      post: 'member',
      required: true,
      filter: true,
      sort: true,
      references: { record: 'network', onDelete: 'restrict' },
    }),
    mac_address: field(macOrNew(), 'Its MAC address; left out or null: a free one of the configured base.', {
      post: 'network_owner',
      put: 'network_manager',
      filter: true,
      sort: true,
    }),
    fixed_ips: field(
      t.list(t.object({}, { subnet_id: t.uuid(), ip_address: t.ip() }), { max: 64 }),
      'Its addresses; in a request each names a subnet, an address, or both; left out: one of the IPv4 subnets, one of the IPv6 subnets.',
      { post: 'member', put: 'network_owner' },
    ),
    device_id: field(t.string(255), 'What is attached: the id of an instance, a router, a DHCP service.', {
      post: 'member',
      put: 'member',
      default: '',
      filter: true,
      sort: true,
    }),
    device_owner: field(t.string(255), 'What kind of device: compute:nova, network:router_interface, network:dhcp …', {
      post: 'member',
      put: 'member',
      default: '',
      filter: true,
      sort: true,
    }),
    admin_state_up: adminStateField('Whether it carries traffic.'),
    status: field(t.oneOf('ACTIVE', 'DOWN', 'BUILD', 'ERROR'), 'Whether its host has wired it.', {
      filter: true,
      sort: true,
    }),
    ip_allocation: field(
      t.oneOf('immediate', 'deferred', 'none'),
      'Whether its addresses are there, wait until it has a host (routed networks), or are not wanted.',
      { default: 'immediate', filter: true, sort: true, alias: 'ip_allocation' },
    ),
    extra_dhcp_opts: field(
      t.nullable(
        t.list(
          t.object({ opt_name: lineOfText(64), opt_value: t.nullable(t.string(255)) }, { ip_version: t.integer(4, 6) }),
          { max: 64 },
        ),
      ),
      'DHCP options of this port alone; in a change a value of null takes an option away, the others stay.',
      { post: 'member', put: 'member', default: null, alias: 'extra_dhcp_opt' },
    ),
    dns_name: field(dnsName(), "Its name in DNS; kept only where dns_domain is not the default 'openstacklocal'.", {
      post: 'member',
      put: 'member',
      default: '',
      filter: true,
      sort: true,
      alias: 'dns-integration',
    }),
    dns_domain: field(dnsDomain(), 'The domain that it is published in, in place of that of its network.', {
      post: 'member',
      put: 'member',
      default: '',
      filter: true,
      sort: true,
      alias: 'dns-domain-ports',
    }),
    dns_assignment: field(t.list(t.anyObject()), 'The names that DHCP and DNS of its network know its addresses by.', {
      stored: false,
      alias: 'dns-integration',
    }),
    data_plane_status: field(t.nullable(t.oneOf('ACTIVE', 'DOWN')), 'What an observer of the wires says of it.', {
      put: 'admin',
      default: null,
      alias: 'data-plane-status',
    }),
    propagate_uplink_status: field(t.boolean(), 'Whether a virtual function follows the state of its uplink.', {
      post: 'member',
      put: 'member',
      default: true,
      alias: 'uplink-status-propagation',
    }),
    security_groups: field(
      t.orNull(t.list(t.uuid(), { max: 100, unique: true }), []),
      'The security groups; left out: the default one.',
      {
        post: 'member',
        put: 'member',
        alias: 'security-group',
      },
    ),
    port_security_enabled: field(
      t.boolean(),
      'Whether anti-spoofing and security groups protect it; left out: as its network.',
      {
        post: 'network_owner',
        put: 'network_owner',
        filter: true,
        sort: true,
        alias: 'port-security',
      },
    ),
    allowed_address_pairs: field(
      t.orNull(t.list(t.object({ ip_address: t.cidr() }, { mac_address: t.mac() }), { max: 10 }), []),
      'Further addresses that it may send from.',
      { post: 'network_owner', put: 'network_owner', default: [], alias: 'allowed-address-pairs' },
    ),
    'binding:host_id': field(t.orNull(t.string(255), ''), 'The host that the device is on.', {
      post: 'admin',
      put: 'admin',
      see: 'admin',
      default: '',
      filter: true,
      sort: true,
      alias: 'binding',
    }),
    'binding:vnic_type': field(t.oneOf(...vnicTypes), 'The kind of NIC; hosts here wire normal ones.', {
      post: 'member',
      put: 'member',
      default: 'normal',
      filter: true,
      sort: true,
      alias: 'binding',
    }),
    'binding:profile': field(t.orNull(t.anyObject(4095), {}), 'What the host is told about the device.', {
      post: 'admin',
      put: 'admin',
      see: 'admin',
      default: {},
      alias: 'binding',
    }),
    'binding:vif_type': field(t.oneOf(...vifTypes), 'How the host wires it.', {
      see: 'admin',
      filter: true,
      sort: true,
      alias: 'binding',
    }),
    'binding:vif_details': field(t.anyObject(), 'Details of the wiring.', { see: 'admin', alias: 'binding' }),
    // Neutron: tag-ports-during-bulk-creation.
    tags: tagsField({ post: 'member' }),
    qos_policy_id: { ...qosPolicyId, alias: 'qos' },
    qos_network_policy_id: field(t.nullable(t.uuid()), 'The QoS policy of its network.', {
      stored: false,
      alias: 'qos-port-network-policy',
    }),
    trunk_details: field(t.nullable(t.anyObject()), 'The trunk that it is the parent port of, with its subports.', {
      stored: false,
      omitted: true,
      alias: 'trunk-details',
    }),
    device_profile: field(t.nullable(t.string(255)), 'The device profile (Cyborg) that the device is asked for with.', {
      post: 'member',
      default: null,
      alias: 'port-device-profile',
    }),
    numa_affinity_policy: field(
      t.nullable(t.oneOf('required', 'preferred', 'legacy', 'socket')),
      'How near to the NUMA node of its NIC the instance has to be.',
      { post: 'member', put: 'member', default: null, alias: 'port-numa-affinity-policy' },
    ),
  },
});
