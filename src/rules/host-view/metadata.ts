/** Host objects of the metadata service. */
import type { HostMetadata } from '../../model/host-objects.ts';
import type { network } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { nameUnder } from '../dns.ts';
import type { NetworkingSettings } from '../settings.ts';
import { byText, hostAddresses, hostSubnet, isInstancePort, type PortRow, type Subnets } from './addresses.ts';

/** What `binding:profile` may hold for the metadata service of an instance. */
type Given = Pick<HostMetadata['instances'][number], 'public_keys' | 'user_data'>;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Public keys by name, and user data in base64; what is of another form is nobody's to tell. */
export function givenMetadata(profile: unknown): Given {
  if (typeof profile !== 'object' || profile === null) return {};
  const { public_keys: keys, user_data: data } = profile as Record<string, unknown>;
  const named = typeof keys === 'object' && keys !== null ? Object.entries(keys).filter(([, key]) => isText(key)) : [];
  return {
    ...(named.length > 0 ? { public_keys: Object.fromEntries(named) } : {}),
    ...(isText(data) ? { user_data: data } : {}),
  };
}

/** `metadata/<network id>`: `ports` are all ports of the network. */
export function hostMetadata(
  row: Row<typeof network>,
  ports: readonly PortRow[],
  subnets: Subnets,
  settings: Pick<NetworkingSettings, 'dnsDomain'>,
): HostMetadata {
  const instances = ports.filter((port) => isInstancePort(port) && port.fixed_ips.length > 0);
  return {
    kind: 'metadata',
    id: row.id,
    mtu: row.mtu,
    domain: settings.dnsDomain,
    subnets: [...subnets.values()].sort(byText((on) => on.id)).map((on) => ({
      ...hostSubnet(on),
      enable_dhcp: on.enable_dhcp,
      ipv6_address_mode: on.ipv6_address_mode,
    })),
    instances: instances.sort(byText((port) => port.id)).map((port) => ({
      port_id: port.id,
      device_id: port.device_id,
      project_id: port.project_id,
      mac_address: port.mac_address,
      name: nameUnder(settings, port.dns_name) || port.name,
      fixed_ips: hostAddresses(port, subnets),
      ...givenMetadata(port['binding:profile']),
    })),
  };
}
