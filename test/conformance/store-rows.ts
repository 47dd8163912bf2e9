/** Rows for the tests of the store: valid, and told apart by their ids. */
import type { network, port, securityGroup, subnet } from '../../src/model/index.ts';
import type { Row } from '../../src/model/language.ts';

/** A network. Computed and standard fields are left out, as operations leave them out. */
export function networkRow(id: string, more: Partial<Row<typeof network>> = {}): Row<typeof network> {
  const row = {
    id,
    project_id: 'p',
    name: id,
    admin_state_up: true,
    status: 'ACTIVE',
    'router:external': false,
    'provider:network_type': null,
    'provider:physical_network': null,
    'provider:segmentation_id': null,
    mtu: 1500,
    port_security_enabled: true,
    description: '',
    tags: [],
    ...more,
  };
  return row as unknown as Row<typeof network>;
}

/** A subnet of a network. */
export function subnetRow(id: string, networkId: string): Row<typeof subnet> {
  const row = {
    id,
    project_id: 'p',
    name: id,
    network_id: networkId,
    ip_version: 4,
    cidr: '10.0.0.0/24',
    gateway_ip: '10.0.0.1',
    allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.254' }],
    enable_dhcp: true,
  };
  return row as unknown as Row<typeof subnet>;
}

/** A port of a network; its MAC address is made of its id. */
export function portRow(id: string, networkId: string): Row<typeof port> {
  const row = {
    id,
    project_id: 'p',
    name: id,
    network_id: networkId,
    mac_address: `mac-${id}`,
    fixed_ips: [],
    status: 'DOWN',
    security_groups: [],
    port_security_enabled: true,
    'binding:vif_type': 'unbound',
    'binding:vif_details': {},
  };
  return row as unknown as Row<typeof port>;
}

/** A security group. */
export function groupRow(id: string): Row<typeof securityGroup> {
  return { id, project_id: 'p', name: id, stateful: true } as unknown as Row<typeof securityGroup>;
}
