/**
 * What dnsmasq is told: its arguments and the files it reads, after Neutron's `agent/linux/dhcp.py`. Two differences, both since
 * dnsmasq 2.90 as Debian 12 ships it dies on SIGHUP where a hosts file has `set:` tags: none stand there. Options go by the tag of
 * the subnet's range; those of single ports by a tag that the configuration file sets by MAC address, for which dnsmasq restarts.
 */
import { netmask, parseCidr } from '../../lib/ip.ts';
import type { HostDhcp } from '../../model/host-objects.ts';

type Subnet = HostDhcp['subnets'][number];

const tag = (subnet: Subnet) => `subnet-${subnet.id}`;

/** An IPv6 address stands in brackets in dnsmasq's files. */
const bracketed = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);

function fullName(host: string, domain: string): string {
  return domain === '' || host.includes('.') ? host : `${host}.${domain}`;
}

/** `host`: who gets which address; with `static` ranges nobody else gets one. */
export function hostsFile(dhcp: HostDhcp): string {
  const line = (host: HostDhcp['hosts'][number]) =>
    `${host.mac_address},${fullName(host.hostname, dhcp.domain)},${bracketed(host.ip)}\n`;
  return dhcp.hosts.map(line).join('');
}

/** `addn_hosts`: the names that dnsmasq answers for. */
export function namesFile(dhcp: HostDhcp): string {
  const lines = dhcp.hosts.map((host) => {
    const full = fullName(host.hostname, dhcp.domain);
    const short = full.split('.')[0] ?? full;
    return `${host.ip}\t${full === short ? full : `${full} ${short}`}\n`;
  });
  return lines.join('');
}

/** The name servers of a subnet: its own, or dnsmasq itself where it has none; 0.0.0.0 and :: mean that there is none. */
function nameServers(subnet: Subnet, dhcp: HostDhcp): string[] {
  const { dns_nameservers: own } = subnet;
  if (own.length === 1 && (own[0] === '0.0.0.0' || own[0] === '::')) return [];
  if (own.length > 0) return [...own];
  const mine = dhcp.port.fixed_ips.filter(({ ip }) => (ip.includes(':') ? 6 : 4) === subnet.ip_version);
  const here = mine.filter(({ subnet_id }) => subnet_id === subnet.id);
  return (here.length > 0 ? here : mine).map(({ ip }) => ip);
}

/** Option 121: the routes of the subnet, its neighbours on the same link, and the default route, since 121 overrides option 3. */
function classlessRoutes(subnet: Subnet, dhcp: HostDhcp): string[] {
  const routes = subnet.host_routes
    .filter(({ destination }) => destination !== '0.0.0.0/0')
    .map(({ destination, nexthop }) => `${destination},${nexthop}`);
  for (const other of dhcp.subnets)
    if (other.ip_version === 4 && other.cidr !== subnet.cidr) routes.push(`${other.cidr},0.0.0.0`);
  const own = subnet.host_routes.find(({ destination }) => destination === '0.0.0.0/0');
  const gateway = own?.nexthop ?? subnet.gateway_ip;
  if (gateway && (routes.length > 0 || own)) routes.push(`0.0.0.0/0,${gateway}`);
  return routes;
}

function subnetOptions(subnet: Subnet, dhcp: HostDhcp): string[] {
  const servers = nameServers(subnet, dhcp);
  if (subnet.ip_version === 6) {
    const list = servers.map(bracketed).join(',');
    return [`tag:${tag(subnet)},option6:dns-server${list && `,${list}`}`];
  }
  const lines = [`tag:${tag(subnet)},option:dns-server${servers.length > 0 ? `,${servers.join(',')}` : ''}`];
  const routes = classlessRoutes(subnet, dhcp).join(',');
  if (routes !== '') {
    lines.push(`tag:${tag(subnet)},option:classless-static-route,${routes}`);
    lines.push(`tag:${tag(subnet)},249,${routes}`);
  }
  const own = subnet.host_routes.find(({ destination }) => destination === '0.0.0.0/0');
  const gateway = own?.nexthop ?? subnet.gateway_ip;
  // Without a value the option is not sent; dnsmasq would otherwise name itself.
  lines.push(`tag:${tag(subnet)},option:router${gateway ? `,${gateway}` : ''}`);
  return lines;
}

const portTag = (portId: string) => `port-${portId}`;

/** An option of a single port: by name, or by number. */
function portOption(option: NonNullable<HostDhcp['options']>[number]): string {
  const isNumber = /^\d+$/.test(option.name);
  const family = option.ip_version === 6 ? 'option6:' : isNumber ? '' : 'option:';
  const value = option.value === '' ? '' : `,${option.value}`;
  return `tag:${portTag(option.port_id)},${family}${option.name}${value}`;
}

/** `opts`: the options of each subnet, and of single ports. */
export function optionsFile(dhcp: HostDhcp): string {
  return [...dhcp.subnets.flatMap((subnet) => subnetOptions(subnet, dhcp)), ...(dhcp.options ?? []).map(portOption)]
    .map((line) => `${line}\n`)
    .join('');
}

/** `conf`: which MAC address is which port, for those that have options of their own; '' where none has. */
export function tagsFile(dhcp: HostDhcp): string {
  const macs = new Map((dhcp.options ?? []).map((option) => [option.port_id, option.mac_address]));
  return [...macs].map(([portId, mac]) => `dhcp-mac=set:${portTag(portId)},${mac}\n`).join('');
}

function rangeArgument(subnet: Subnet, leaseSeconds: number): string | null {
  const cidr = parseCidr(subnet.cidr);
  if (!cidr) return null;
  const first = subnet.cidr.slice(0, subnet.cidr.indexOf('/'));
  const lease = leaseSeconds < 0 ? 'infinite' : `${leaseSeconds}s`;
  const size = cidr.version === 4 ? netmask(cidr.length) : String(cidr.length);
  return `--dhcp-range=set:${tag(subnet)},${first},static,${size},${lease}`;
}

/** Addresses in all ranges, at most 2^24 (Neutron's bound). */
function leaseMax(subnets: readonly Subnet[]): number {
  const limit = 2n ** 24n;
  let sum = 0n;
  for (const subnet of subnets) {
    const cidr = parseCidr(subnet.cidr);
    if (cidr) sum += cidr.last - cidr.first + 1n;
  }
  return Number(sum < limit ? sum : limit);
}

/** The paths of a network's files. */
export function dhcpPaths(stateDir: string, networkId: string) {
  const folder = `${stateDir}/dhcp/${networkId}`;
  const path = (name: string) => `${folder}/${name}`;
  return {
    host: path('host'),
    names: path('addn_hosts'),
    options: path('opts'),
    tags: path('conf'),
    device: path('interface'),
    leases: path('leases'),
    pid: path('pid'),
  };
}

/** dnsmasq with its arguments; it makes itself a daemon. */
export function dnsmasqArguments(dhcp: HostDhcp, device: string, stateDir: string): string[] {
  const paths = dhcpPaths(stateDir, dhcp.id);
  const ranges = dhcp.subnets.map((subnet) => rangeArgument(subnet, dhcp.lease_seconds));
  return [
    'dnsmasq',
    '--no-hosts',
    '--no-resolv',
    // The files may lie in a folder that only root enters, and are read again long after the start.
    '--user=root',
    `--pid-file=${paths.pid}`,
    `--dhcp-hostsfile=${paths.host}`,
    `--addn-hosts=${paths.names}`,
    `--dhcp-optsfile=${paths.options}`,
    `--dhcp-leasefile=${paths.leases}`,
    '--dhcp-match=set:ipxe,175',
    '--dhcp-userclass=set:ipxe6,iPXE',
    '--except-interface=lo',
    `--interface=${device}`,
    '--bind-dynamic',
    ...ranges.filter((range) => range !== null),
    ...(dhcp.mtu > 0 ? [`--dhcp-option-force=option:mtu,${dhcp.mtu}`] : []),
    `--dhcp-lease-max=${leaseMax(dhcp.subnets)}`,
    `--conf-file=${dhcp.options ? paths.tags : '/dev/null'}`,
    ...(dhcp.domain === '' ? [] : [`--domain=${dhcp.domain}`]),
  ];
}
