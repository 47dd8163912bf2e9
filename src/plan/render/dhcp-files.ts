/**
 * What dnsmasq is told: its arguments and the files it reads, after Neutron's `agent/linux/dhcp.py`. Two differences, both since
 * dnsmasq 2.90 as Debian 12 ships it dies on SIGHUP where a hosts file has `set:` tags: none stand there. Options go by the tag of
 * the subnet's range; those of single ports by a tag that the configuration file sets by MAC address, for which dnsmasq restarts.
 */
import { netmask, parseCidr } from '../../lib/ip.ts';
import type { HostDhcp } from '../../model/host-objects.ts';
import { metadataRoute } from './dhcp-metadata.ts';
import type { DhcpEnvironment, HostEnvironment } from './language.ts';

type Subnet = HostDhcp['subnets'][number];

const tag = (subnet: Subnet) => `subnet-${subnet.id}`;

/** An IPv6 address stands in brackets in dnsmasq's files. */
const bracketed = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);

function fullName(host: string, domain: string): string {
  return domain === '' || host.includes('.') ? host : `${host}.${domain}`;
}

/**
 * `host`: who gets which address; with `static` ranges nobody else gets one. The lines of IPv6 count for DHCPv6 alone, or a client of
 * IPv4 with the same MAC address might find one of them first, and nothing in it.
 */
export function hostsFile(dhcp: HostDhcp): string {
  const line = (host: HostDhcp['hosts'][number]) => {
    const six = host.ip.includes(':') ? 'tag:dhcpv6,' : '';
    // What has a comma in it would be further words of the line.
    const id = host.client_id === undefined || /[,\s]/.test(host.client_id) ? '' : `id:${host.client_id},`;
    return `${host.mac_address},${six}${id}${fullName(host.hostname, dhcp.domain)},${bracketed(host.ip)}\n`;
  };
  return dhcp.hosts.map(line).join('');
}

/** `addn_hosts`: the names that dnsmasq answers for. */
export function namesFile(dhcp: HostDhcp): string {
  const lines = [...dhcp.hosts, ...(dhcp.names ?? [])].map((host) => {
    const full = fullName(host.hostname, dhcp.domain);
    const short = full.split('.')[0] ?? full;
    return `${host.ip}\t${full === short ? full : `${full} ${short}`}\n`;
  });
  return lines.join('');
}

/**
 * The name servers of a subnet: its own, or where it has none dnsmasq itself and, after it, those of the network's other hosts; 0.0.0.0
 * and :: mean that there is none.
 */
function nameServers(subnet: Subnet, dhcp: HostDhcp): string[] {
  const { dns_nameservers: own } = subnet;
  if (own.length === 1 && (own[0] === '0.0.0.0' || own[0] === '::')) return [];
  if (own.length > 0) return [...own];
  const mine = dhcp.port.fixed_ips.filter(({ ip }) => (ip.includes(':') ? 6 : 4) === subnet.ip_version);
  const here = mine.filter(({ subnet_id }) => subnet_id === subnet.id);
  return [...new Set([...(here.length > 0 ? here : mine).map(({ ip }) => ip), ...subnet.dhcp_ips])];
}

/** Option 121: the routes of the subnet, its neighbours on the same link, and the default route, since 121 overrides option 3. */
function classlessRoutes(subnet: Subnet, dhcp: HostDhcp, env: HostEnvironment): string[] {
  const routes = subnet.host_routes
    .filter(({ destination }) => destination !== '0.0.0.0/0')
    .map(({ destination, nexthop }) => `${destination},${nexthop}`);
  for (const other of dhcp.subnets)
    if (other.ip_version === 4 && other.cidr !== subnet.cidr) routes.push(`${other.cidr},0.0.0.0`);
  routes.push(...metadataRoute(subnet, dhcp, env));
  const own = subnet.host_routes.find(({ destination }) => destination === '0.0.0.0/0');
  const gateway = own?.nexthop ?? subnet.gateway_ip;
  if (gateway && (routes.length > 0 || own)) routes.push(`0.0.0.0/0,${gateway}`);
  return routes;
}

function subnetOptions(subnet: Subnet, dhcp: HostDhcp, env: HostEnvironment): string[] {
  const servers = nameServers(subnet, dhcp);
  if (subnet.ip_version === 6) {
    const list = servers.map(bracketed).join(',');
    return [
      `tag:${tag(subnet)},option6:dns-server${list && `,${list}`}`,
      ...(dhcp.domain === '' ? [] : [`tag:${tag(subnet)},option6:domain-search,${dhcp.domain}`]),
    ];
  }
  const lines = [`tag:${tag(subnet)},option:dns-server${servers.length > 0 ? `,${servers.join(',')}` : ''}`];
  const routes = classlessRoutes(subnet, dhcp, env).join(',');
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
export function optionsFile(dhcp: HostDhcp, env: HostEnvironment): string {
  return [
    ...dhcp.subnets.flatMap((subnet) => subnetOptions(subnet, dhcp, env)),
    ...(dhcp.options ?? []).map(portOption),
  ]
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

/** Addresses in all ranges, at most `dnsmasq_lease_max`. */
function leaseMax(subnets: readonly Subnet[], most: number): number {
  let sum = 0n;
  for (const subnet of subnets) {
    const cidr = parseCidr(subnet.cidr);
    if (cidr) sum += cidr.last - cidr.first + 1n;
  }
  return Number(sum < BigInt(most) ? sum : BigInt(most));
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

/** What Neutron has where no file says anything. */
const neutronDefaults: DhcpEnvironment = {
  configFile: '',
  dnsServers: [],
  localResolv: false,
  broadcastReply: false,
  renewalSeconds: 0,
  rebindingSeconds: 0,
  leaseMax: 2 ** 24,
  logFolder: '',
};

/** The log that dnsmasq writes, where it writes one. */
export function logFiles(networkId: string, { dhcp }: Pick<HostEnvironment, 'dhcp'>): string[] {
  return dhcp && dhcp.logFolder !== '' ? [`${dhcp.logFolder}/${networkId}/dhcp_dns_log`] : [];
}

/** What the operator chose for every dnsmasq of the host. */
function chosenArguments(networkId: string, chosen: DhcpEnvironment): string[] {
  const { configFile, dnsServers, broadcastReply, renewalSeconds, rebindingSeconds } = chosen;
  return [
    ...(renewalSeconds > 0 ? [`--dhcp-option-force=option:T1,${renewalSeconds}s`] : []),
    ...(rebindingSeconds > 0 ? [`--dhcp-option-force=option:T2,${rebindingSeconds}s`] : []),
    ...(configFile === '' ? [] : [`--conf-file=${configFile}`]),
    ...dnsServers.map((server) => `--server=${server}`),
    ...(broadcastReply ? ['--dhcp-broadcast'] : []),
    ...logFiles(networkId, { dhcp: chosen }).flatMap((log) => ['--log-queries', '--log-dhcp', `--log-facility=${log}`]),
  ];
}

/** dnsmasq with its arguments; it makes itself a daemon. */
export function dnsmasqArguments(
  dhcp: HostDhcp,
  device: string,
  { stateDir, dhcp: chosen = neutronDefaults }: Pick<HostEnvironment, 'stateDir' | 'dhcp'>,
): string[] {
  const paths = dhcpPaths(stateDir, dhcp.id);
  const ranges = dhcp.subnets.map((subnet) => rangeArgument(subnet, dhcp.lease_seconds));
  return [
    'dnsmasq',
    '--no-hosts',
    ...(chosen.localResolv ? [] : ['--no-resolv']),
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
    `--dhcp-lease-max=${leaseMax(dhcp.subnets, chosen.leaseMax)}`,
    ...chosenArguments(dhcp.id, chosen),
    ...(dhcp.options ? [`--conf-file=${paths.tags}`] : []),
    // Without any, dnsmasq reads its own of /etc.
    ...(dhcp.options || chosen.configFile !== '' ? [] : ['--conf-file=/dev/null']),
    ...(dhcp.domain === '' ? [] : [`--domain=${dhcp.domain}`]),
  ];
}
