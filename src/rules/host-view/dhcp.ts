/** Host objects of DHCP services. */
import { parseCidr } from '../../lib/ip.ts';
import type { HostDhcp } from '../../model/host-objects.ts';
import type { network } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { leaseName } from '../dns.ts';
import type { NetworkingSettings } from '../settings.ts';
import { byText, hostAddresses, hostSubnet, type PortRow, type SubnetRow, type Subnets } from './addresses.ts';

/** The device owners of routers' ports on the networks of instances. */
export const routerInterfaceOwners: readonly string[] = ['network:router_interface'];

/**
 * Whether dnsmasq serves the subnet: DHCP is on, and for IPv6 clients ask by DHCP: for addresses, for options beside an address that
 * they made up (stateless), or where nobody said how (neutron/agent/linux/dhcp.py; prefixes shorter than 64 dnsmasq refuses).
 */
export function isServed(row: SubnetRow): boolean {
  if (!row.enable_dhcp) return false;
  if (row.ip_version === 4) return true;
  if ((parseCidr(row.cidr)?.length ?? 0) < 64) return false;
  const mode = row.ipv6_address_mode;
  return mode === 'dhcpv6-stateful' || mode === 'dhcpv6-stateless' || (mode === null && row.ipv6_ra_mode === null);
}

/** Whether DHCP gives the addresses of a subnet out, and not only options. */
const isLeased = (row: SubnetRow) => isServed(row) && row.ipv6_address_mode !== 'dhcpv6-stateless';

/** The id that a client is told by, where an option of its port says so; no option is sent for it. */
const clientIdOption = 'client-id';

/** The options of the ports that ask by DHCP. */
function portOptions(
  ports: readonly PortRow[],
  served: ReadonlySet<string>,
): NonNullable<HostDhcp['options']>[number][] {
  const asks = (port: PortRow) => port.fixed_ips.some(({ subnet_id }) => subnet_id && served.has(subnet_id));
  const options = ports.filter(asks).flatMap((port) =>
    (port.extra_dhcp_opts ?? [])
      .filter(({ opt_name }) => opt_name !== clientIdOption)
      .map(({ opt_name, opt_value, ip_version }) => ({
        port_id: port.id,
        mac_address: port.mac_address,
        ip_version: ip_version === 6 ? (6 as const) : (4 as const),
        name: opt_name,
        value: opt_value ?? '',
      })),
  );
  return options.sort(byText((option) => `${option.port_id} ${option.ip_version} ${option.name}`));
}

type Names = Pick<NetworkingSettings, 'dnsDomain'>;

/** The addresses of a port that it may lease. */
function hostsOf(port: PortRow, leased: ReadonlySet<string>, names: Names): HostDhcp['hosts'][number][] {
  const clientId = (port.extra_dhcp_opts ?? []).find(({ opt_name }) => opt_name === clientIdOption)?.opt_value;
  return port.fixed_ips.flatMap(({ subnet_id, ip_address }) => {
    if (!subnet_id || !ip_address || !leased.has(subnet_id)) return [];
    const host = { port_id: port.id, mac_address: port.mac_address, ip: ip_address };
    const hostname = leaseName(names, port.dns_name, ip_address);
    return [{ ...host, hostname, ...(clientId ? { client_id: clientId } : {}) }];
  });
}

/** The names of the addresses of a port on these subnets. */
function namesOf(port: PortRow, on: ReadonlySet<string>, names: Names): { ip: string; hostname: string }[] {
  return port.fixed_ips.flatMap(({ subnet_id, ip_address: ip }) =>
    subnet_id && ip && on.has(subnet_id) ? [{ ip, hostname: leaseName(names, port.dns_name, ip) }] : [],
  );
}

/** The addresses on a subnet of the ports with one of these owners. Sorted. */
function addressesOn(subnet: SubnetRow, ports: readonly PortRow[], owners: readonly string[]): string[] {
  const owned = ports.filter((port) => owners.includes(port.device_owner));
  const ips = owned.flatMap((port) => port.fixed_ips.filter((fixed) => fixed.subnet_id === subnet.id));
  return ips.flatMap(({ ip_address }) => ip_address ?? []).sort();
}

/** `dhcp/<network id>`: `own` is the port of the service, `ports` are all ports of the network. */
export function hostDhcp(
  row: Row<typeof network>,
  own: PortRow,
  ports: readonly PortRow[],
  subnets: Subnets,
  settings: Pick<NetworkingSettings, 'dnsDomain' | 'dhcpLeaseSeconds'>,
): HostDhcp {
  const served = [...subnets.values()].filter(isServed).sort(byText((on) => on.id));
  const leased = new Set(served.filter(isLeased).map((on) => on.id));
  const options = portOptions(ports, new Set(served.map((on) => on.id)));
  const unleased = new Set([...subnets.values()].filter((on) => on.enable_dhcp && !isLeased(on)).map((on) => on.id));
  const names = unleased.size > 0 ? ports.flatMap((port) => namesOf(port, unleased, settings)) : [];
  const system = ports.filter((port) => port.device_owner.startsWith('network:'));
  return {
    kind: 'dhcp',
    id: row.id,
    port: { id: own.id, mac_address: own.mac_address, fixed_ips: hostAddresses(own, subnets) },
    mtu: row.mtu,
    domain: settings.dnsDomain,
    lease_seconds: settings.dhcpLeaseSeconds,
    subnets: served.map((on) => ({
      ...hostSubnet(on),
      ipv6_address_mode: on.ipv6_address_mode,
      routed: on.gateway_ip !== null && addressesOn(on, system, routerInterfaceOwners).includes(on.gateway_ip),
      dhcp_ips: addressesOn(on, system, ['network:dhcp']),
    })),
    hosts: ports.flatMap((port) => hostsOf(port, leased, settings)).sort(byText((host) => host.ip)),
    ...(names.length > 0 ? { names: names.sort(byText(({ ip }) => ip)) } : {}),
    ...(options.length > 0 ? { options } : {}),
  };
}
