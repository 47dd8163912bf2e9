/** Host objects of networks and of their DHCP services. */

import type { HostDhcp, HostNetwork } from '../../model/host-objects.ts';
import type { network } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { leaseName } from '../dns.ts';
import type { NetworkingSettings } from '../settings.ts';
import { byText, hostAddresses, ipsOf, type PortRow, type SubnetRow, type Subnets } from './addresses.ts';

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

/**
 * Whether dnsmasq serves the subnet: DHCP is on, and for IPv6 addresses come from DHCP (with SLAAC, or with no mode at all,
 * they do not; neutron/agent/linux/dhcp.py).
 */
export function isServed(row: SubnetRow): boolean {
  return row.enable_dhcp && (row.ip_version === 4 || row.ipv6_address_mode === 'dhcpv6-stateful');
}

/** The options of the ports that have an address to lease. */
function portOptions(
  ports: readonly PortRow[],
  served: ReadonlySet<string>,
): NonNullable<HostDhcp['options']>[number][] {
  const options = ports.flatMap((port) =>
    port.fixed_ips.some(({ subnet_id }) => subnet_id && served.has(subnet_id))
      ? (port.extra_dhcp_opts ?? []).map(({ opt_name, opt_value, ip_version }) => ({
          port_id: port.id,
          mac_address: port.mac_address,
          ip_version: ip_version === 6 ? (6 as const) : (4 as const),
          name: opt_name,
          value: opt_value ?? '',
        }))
      : [],
  );
  return options.sort(byText((option) => `${option.port_id} ${option.ip_version} ${option.name}`));
}

/** `dhcp/<network id>`: `own` is the port of the service, `ports` are all ports of the network. */
export function hostDhcp(
  row: NetworkRow,
  own: PortRow,
  ports: readonly PortRow[],
  subnets: Subnets,
  settings: Pick<NetworkingSettings, 'dnsDomain' | 'dhcpLeaseSeconds'>,
): HostDhcp {
  const served = [...subnets.values()].filter(isServed).sort(byText((on) => on.id));
  const servedIds = new Set(served.map((on) => on.id));
  const hosts = ports.flatMap((port) =>
    port.fixed_ips.flatMap(({ subnet_id, ip_address }) =>
      subnet_id && ip_address && servedIds.has(subnet_id)
        ? [
            {
              port_id: port.id,
              mac_address: port.mac_address,
              ip: ip_address,
              hostname: leaseName(settings, port.dns_name, ip_address),
            },
          ]
        : [],
    ),
  );
  const options = portOptions(ports, servedIds);
  return {
    kind: 'dhcp',
    id: row.id,
    port: { id: own.id, mac_address: own.mac_address, fixed_ips: hostAddresses(own, subnets) },
    mtu: row.mtu,
    domain: settings.dnsDomain,
    lease_seconds: settings.dhcpLeaseSeconds,
    subnets: served.map((on) => ({
      id: on.id,
      ip_version: on.ip_version === 6 ? 6 : 4,
      cidr: on.cidr,
      gateway_ip: on.gateway_ip,
      dns_nameservers: on.dns_nameservers,
      host_routes: on.host_routes,
    })),
    hosts: hosts.sort(byText((host) => host.ip)),
    ...(options.length > 0 ? { options } : {}),
  };
}
