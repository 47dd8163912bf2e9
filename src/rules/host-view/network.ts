/** Host objects of networks. */

import type { HostNetwork } from '../../model/host-objects.ts';
import type { network } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { byText, ipsOf, type PortRow } from './addresses.ts';

type NetworkRow = Row<typeof network>;

/** The network types whose frames travel to the tunnel endpoint of the other host. */
export const tunnelTypes: readonly string[] = ['vxlan', 'gre', 'geneve'];

/** Whether a host needs to know where the other ports of the network are. */
export function isTunnelled(row: NetworkRow): boolean {
  return tunnelTypes.includes(row['provider:network_type'] ?? '');
}

/**
 * `network/<id>`. `remote` are the ports of the network on other hosts, `endpoints` the tunnel endpoints of those hosts; a port
 * on a host without one cannot be reached and is left out.
 */
export function hostNetwork(
  row: NetworkRow,
  remote: readonly PortRow[],
  endpoints: ReadonlyMap<string, string>,
): HostNetwork {
  const remotePorts = remote.flatMap((other) => {
    const vtep = endpoints.get(other['binding:host_id']);
    return vtep === undefined ? [] : [{ mac: other.mac_address, ips: ipsOf(other).sort(), vtep }];
  });
  return {
    kind: 'network',
    id: row.id,
    network_type: row['provider:network_type'] ?? 'local',
    physical_network: row['provider:physical_network'],
    segmentation_id: row['provider:segmentation_id'],
    mtu: row.mtu,
    admin_state_up: row.admin_state_up,
    remote_ports: remotePorts.sort(byText((other) => other.mac)),
  };
}
