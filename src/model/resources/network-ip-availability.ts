import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';
import { network } from './network.ts';

const count = t.integer(0, Number.MAX_SAFE_INTEGER);

/** How many addresses of a network are there and in use: another way to networks. */
export const networkIpAvailability = bareResource({
  name: 'network_ip_availability',
  plural: 'network_ip_availabilities',
  alias: 'network-ip-availability',
  path: '/network-ip-availabilities',
  doc: 'How many addresses a network and each of its subnets has, and how many are in use.',
  rowsOf: network,
  policy: { get: 'admin' },
  specialFilters: ['ip_version'],
  fields: {
    network_id: field(t.uuid(), 'The network.', { stored: false, column: 'id', filter: true, sort: true }),
    network_name: field(t.string(255), 'Its name.', { stored: false, column: 'name', filter: true }),
    project_id: field(t.string(255), 'The project that owns it.', { filter: true }),
    subnet_ip_availability: field(
      t.list(t.anyObject()),
      'The same of each subnet: subnet_id, subnet_name, cidr, ip_version, total_ips, used_ips.',
      { stored: false },
    ),
    used_ips: field(count, 'How many addresses its ports have.', { stored: false }),
    total_ips: field(count, 'How many addresses the allocation pools have; of a subnet without any: its prefix.', {
      stored: false,
    }),
    ip_availability_details: field(
      t.anyObject(),
      'Addresses by prefix and by allocation pool: total_ips_in_subnet, used_ips_in_subnet, total_ips_in_allocation_pool, used_ips_in_allocation_pool.',
      { stored: false, alias: 'network-ip-availability-details' },
    ),
  },
});
