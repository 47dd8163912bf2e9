/** The DHCP service of a network: a namespace with a port of the network, and dnsmasq in it. */
import { cidrContains, parseCidr, parseIp } from '../../lib/ip.ts';
import type { HostDhcp } from '../../model/host-objects.ts';
import type { Fact, FileFact, ProcessFact, RouteFact } from '../facts.ts';
import { dhcpPaths, dnsmasqArguments, hostsFile, logFiles, namesFile, optionsFile, tagsFile } from './dhcp-files.ts';
import { dhcpMetadataFacts } from './dhcp-metadata.ts';
import { digest } from './digest.ts';
import type { HostEnvironment, Lookup, Rendering } from './language.ts';
import { attach, namespaceFacts, pairFacts, sysctl } from './link-layer.ts';
import { dhcpDeviceName, dhcpNamespace } from './names.ts';

function file(path: string, content: string): FileFact {
  return { fact: 'file', path, content, mode: 0o644 };
}

/** The way out, for what dnsmasq asks and answers beyond the subnets: by the first subnet whose gateway the port reaches. */
function defaultRoute(dhcp: HostDhcp, namespace: string, device: string): RouteFact[] {
  for (const subnet of dhcp.subnets) {
    const gateway = subnet.ip_version === 4 && subnet.gateway_ip ? parseIp(subnet.gateway_ip) : undefined;
    const here = dhcp.port.fixed_ips.find(({ subnet_id }) => subnet_id === subnet.id);
    const prefix = here && parseCidr(`${here.ip}/${here.prefix_length}`);
    if (gateway && prefix && cidrContains(prefix, gateway) && subnet.gateway_ip !== here.ip)
      return [{ fact: 'route', namespace, destination: 'default', via: subnet.gateway_ip, device }];
  }
  return [];
}

function dnsmasqFacts(dhcp: HostDhcp, namespace: string, device: string, env: HostEnvironment): Fact[] {
  if (dhcp.subnets.length === 0) return [];
  const paths = dhcpPaths(env.stateDir, dhcp.id);
  const read = [
    file(paths.host, hostsFile(dhcp)),
    file(paths.names, namesFile(dhcp)),
    file(paths.options, optionsFile(dhcp, env)),
  ];
  const tags = dhcp.options ? [file(paths.tags, tagsFile(dhcp))] : [];
  const argv = dnsmasqArguments(dhcp, device, env);
  const addresses = dhcp.port.fixed_ips.map(({ ip }) => ip);
  // One server more or less: at its start dnsmasq is told the leases that another one gave.
  const servers = dhcp.subnets.map(({ dhcp_ips }) => dhcp_ips);
  const process: ProcessFact = {
    fact: 'process',
    name: `dnsmasq/${dhcp.id}`,
    namespace,
    argv,
    pidFile: paths.pid,
    restartOn: digest(JSON.stringify([argv, addresses, servers, ...tags.map(({ content }) => content)])),
    reloadOn: digest(JSON.stringify(read.map(({ content }) => content))),
    ownFiles: [paths.leases, ...logFiles(dhcp.id, env)],
    leases: { file: paths.leases, hostsFile: paths.host, device, seconds: dhcp.lease_seconds },
  };
  return [...read, ...tags, file(paths.device, device), process];
}

/** The facts of `dhcp/<network id>`. */
export function renderDhcp(dhcp: HostDhcp, look: Lookup, env: HostEnvironment): Rendering {
  const namespace = dhcpNamespace(dhcp.id);
  const device = dhcpDeviceName(dhcp.port.id);
  const at = attach(dhcp.id, look, env);
  const pair = {
    portId: dhcp.port.id,
    mac: dhcp.port.mac_address,
    mtu: dhcp.mtu,
    namespace,
    device,
    at,
  };
  const facts: Fact[] = [
    ...namespaceFacts(namespace),
    // An address that takes another's place in its subnet stays when that one goes.
    sysctl(namespace, 'net.ipv4.conf.all.promote_secondaries', '1'),
    ...pairFacts(pair, env),
    ...dhcp.port.fixed_ips.map(
      ({ ip, prefix_length }): Fact => ({ fact: 'address', namespace, device, cidr: `${ip}/${prefix_length}` }),
    ),
    ...defaultRoute(dhcp, namespace, device),
    // Whoever has a lease may ask for metadata at once.
    ...dhcpMetadataFacts(dhcp, namespace, device, env),
    ...dnsmasqFacts(dhcp, namespace, device, env),
  ];
  return { facts, waiting: at.waiting, problem: at.problem };
}
