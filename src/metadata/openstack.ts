/** The documents of OpenStack's metadata, as Nova has them (nova/api/metadata/base.py, nova/virt/netutils.py). */
import { netmask, parseCidr } from '../lib/ip.ts';
import { deviceSuffix, type HostMetadata } from '../model/host-objects.ts';
import type { InstanceFacts } from './facts.ts';
import type { Instance, InstancePort } from './instances.ts';
import { folder, type Node } from './tree.ts';

type Subnet = HostMetadata['subnets'][number];

/** The versions that clients choose from; all answer the same. */
const versions = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  'latest',
];

/** `meta_data.json`; `seed` are random bytes in base64, for the entropy of a machine that has none yet. */
function metaData(facts: InstanceFacts, seed: string): object {
  return {
    uuid: facts.id,
    name: facts.name,
    hostname: facts.fullName,
    launch_index: 0,
    availability_zone: facts.zone,
    project_id: facts.projectId,
    ...(facts.keys.length > 0
      ? {
          public_keys: Object.fromEntries(facts.keys.map(({ name, key }) => [name, `${key}\n`])),
          keys: facts.keys.map(({ name, key }) => ({ name, type: 'ssh', data: `${key}\n` })),
        }
      : {}),
    devices: [],
    random_seed: seed,
  };
}

const linkId = ({ port }: InstancePort) => `tap${deviceSuffix(port.port_id)}`;

const prefixText = (version: 4 | 6, length: number) =>
  version === 4
    ? netmask(length)
    : // Nova writes the mask of IPv6 as an address too.
      Array.from({ length: 8 }, (_, at) => {
        const bits = Math.min(16, Math.max(0, length - 16 * at));
        return ((0xffff << (16 - bits)) & 0xffff).toString(16);
      })
        .join(':')
        .replace(/(^|:)0(:0)*$/, '::');

function routesOf(subnet: Subnet): object[] {
  const any = subnet.ip_version === 4 ? '0.0.0.0/0' : '::/0';
  const own = subnet.host_routes.map(({ destination, nexthop }) => ({ destination, gateway: nexthop }));
  const hasDefault = own.some(({ destination }) => destination === any);
  const all =
    subnet.gateway_ip === null || hasDefault ? own : [{ destination: any, gateway: subnet.gateway_ip }, ...own];
  return all.map(({ destination, gateway }) => {
    const [network = '', length] = destination.split('/');
    return { network, netmask: prefixText(subnet.ip_version, Number(length)), gateway };
  });
}

/** How the address comes to the instance. */
function networkType(subnet: Subnet): string {
  if (!subnet.enable_dhcp && subnet.ipv6_address_mode === null) return `ipv${subnet.ip_version}`;
  return subnet.ipv6_address_mode === null ? `ipv${subnet.ip_version}_dhcp` : `ipv6_${subnet.ipv6_address_mode}`;
}

const nameServers = (subnet: Subnet) => subnet.dns_nameservers.filter((ip) => ip !== '0.0.0.0' && ip !== '::');

/** The addresses of a port, each as a network on its link. */
function networksOf(at: InstancePort): { of: Subnet; network: object }[] {
  return at.port.fixed_ips.flatMap(({ ip, subnet_id }) => {
    const of = at.network.subnets.find(({ id }) => id === subnet_id);
    if (!of) return [];
    const type = networkType(of);
    const length = parseCidr(of.cidr)?.length ?? 0;
    const fixed = {
      ip_address: ip,
      netmask: prefixText(of.ip_version, length),
      routes: routesOf(of),
      services: nameServers(of).map((address) => ({ type: 'dns', address })),
    };
    const isFixed = type === 'ipv4' || type === 'ipv6';
    return [{ of, network: { type, link: linkId(at), network_id: at.network.id, ...(isFixed ? fixed : {}) } }];
  });
}

/** `network_data.json`. */
function networkData(ports: readonly InstancePort[]): object {
  const networks = ports.flatMap(networksOf);
  const servers = new Set(networks.flatMap(({ of }) => nameServers(of)));
  return {
    links: ports.map((at) => ({
      id: linkId(at),
      vif_id: at.port.port_id,
      type: 'phy',
      mtu: at.network.mtu,
      ethernet_mac_address: at.port.mac_address,
    })),
    networks: networks.map(({ network }, index) => ({ id: `network${index}`, ...network })),
    services: [...servers].map((address) => ({ type: 'dns', address })),
  };
}

/** The folder `openstack`. */
export function openstackFolder(instance: Instance, facts: InstanceFacts, seed: string): Node {
  const tree = folder({
    'meta_data.json': JSON.stringify(metaData(facts, seed)),
    'network_data.json': JSON.stringify(networkData(instance.ports)),
    'vendor_data.json': '{}',
    'vendor_data2.json': '{}',
    user_data: facts.userData,
  });
  return folder(Object.fromEntries(versions.map((version) => [version, tree])), versions);
}
