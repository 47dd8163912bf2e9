/** By which way the instances of a subnet reach the metadata service (Neutron: `_generate_opts_per_subnet`, `should_enable_metadata`). */
import type { HostDhcp } from '../../model/host-objects.ts';
import type { HostEnvironment } from './language.ts';
import { metadataAddress } from './metadata-proxy.ts';

type Subnet = HostDhcp['subnets'][number];

/** Whether the DHCP service itself takes the requests of a subnet: no router does, or it is forced to. */
function isServedHere(subnet: Subnet, env: HostEnvironment): boolean {
  if (subnet.ip_version !== 4 || !env.metadata) return false;
  return env.metadata.force || (env.metadata.isolated && !subnet.routed);
}

/** Whether the DHCP service of a network takes requests for metadata. */
export function servesMetadata(dhcp: HostDhcp, env: HostEnvironment): boolean {
  return dhcp.subnets.some((subnet) => isServedHere(subnet, env));
}

/** The route to the metadata service, for options 121 and 249; [] where it needs none. */
export function metadataRoute(subnet: Subnet, dhcp: HostDhcp, env: HostEnvironment): string[] {
  const own = dhcp.port.fixed_ips.find(({ subnet_id }) => subnet_id === subnet.id);
  if (isServedHere(subnet, env)) return own ? [`${metadataAddress}/32,${own.ip}`] : [];
  if (!env.metadata?.routers || !subnet.routed || subnet.gateway_ip === null) return [];
  return [`${metadataAddress}/32,${subnet.gateway_ip}`];
}
