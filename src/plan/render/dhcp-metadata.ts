/** By which way the instances of a subnet reach the metadata service (Neutron: `_generate_opts_per_subnet`, `should_enable_metadata`). */
import type { HostDhcp } from '../../model/host-objects.ts';
import type { AddressFact, Fact } from '../facts.ts';
import type { HostEnvironment } from './language.ts';
import { doorOfLink, metadataAddress, metadataProxyFacts } from './metadata-proxy.ts';

type Subnet = HostDhcp['subnets'][number];

/** Whether the DHCP service itself takes the requests of a subnet: no router does, or it is forced to. */
function isServedHere(subnet: Subnet, env: HostEnvironment): boolean {
  if (!env.metadata) return false;
  return env.metadata.force || (env.metadata.isolated && !subnet.routed);
}

/** The facts by which the DHCP service of a network takes requests for metadata; [] where it takes none. */
export function dhcpMetadataFacts(dhcp: HostDhcp, namespace: string, device: string, env: HostEnvironment): Fact[] {
  const served = dhcp.subnets.filter((subnet) => isServedHere(subnet, env));
  const has = (version: 4 | 6) => served.some((subnet) => subnet.ip_version === version);
  const link = doorOfLink(namespace, device);
  const doors: { address: AddressFact; bind: string }[] = [
    ...(has(4)
      ? [
          {
            address: { fact: 'address', namespace, device, cidr: `${metadataAddress}/32` } as const,
            bind: `${metadataAddress}:80`,
          },
        ]
      : []),
    ...(has(6) ? [link] : []),
  ];
  if (doors.length === 0) return [];
  const proxy = { kind: 'network', id: dhcp.id, namespace, binds: doors.map(({ bind }) => bind) } as const;
  return [...doors.map(({ address }) => address), ...metadataProxyFacts(proxy, env.stateDir)];
}

/** The route to the metadata service, for options 121 and 249; [] where it needs none. */
export function metadataRoute(subnet: Subnet, dhcp: HostDhcp, env: HostEnvironment): string[] {
  if (subnet.ip_version !== 4) return [];
  const own = dhcp.port.fixed_ips.find(({ subnet_id }) => subnet_id === subnet.id);
  if (isServedHere(subnet, env)) return own ? [`${metadataAddress}/32,${own.ip}`] : [];
  if (!env.metadata?.routers || !subnet.routed || subnet.gateway_ip === null) return [];
  return [`${metadataAddress}/32,${subnet.gateway_ip}`];
}
