/** What the rows of the benchmark stand on: networks, a router, a group, ports, a floating IP; made through the API. */
import type { BenchServer } from './server.ts';

/** Ids of what is there. */
export interface Ground {
  readonly networkId: string;
  readonly externalId: string;
  readonly groupId: string;
  readonly portIds: string[];
  readonly forwarded: { readonly floatingIp: string; readonly portId: string; readonly address: string };
}

/** Objects in one request. */
const BULK = 100;

/** Makes `count` objects with some requests at once, many in each; `one` gives the body of each by its number. */
export async function createMany(
  s: BenchServer,
  path: string,
  count: number,
  one: (index: number) => object,
): Promise<{ id: string }[]> {
  const plural = path.slice(path.lastIndexOf('/') + 1).replaceAll('-', '_');
  const made: { id: string }[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const first = next;
      next = Math.min(count, first + BULK);
      const bodies = Array.from({ length: next - first }, (_, at) => one(first + at));
      made.push(...(await s.ask('POST', path, { [plural]: bodies }))[plural]);
    }
  };
  await Promise.all([worker(), worker()]);
  return made;
}

/** Makes `count` ports on a network. */
export async function createPorts(s: BenchServer, networkId: string, count: number): Promise<string[]> {
  const made = await createMany(s, '/v2.0/ports', count, (index) => ({
    network_id: networkId,
    name: `port-${index}`,
    device_id: `device-${index}`,
  }));
  return made.map((port) => port.id);
}

/** Makes everything, with so many ports. */
export async function prepare(s: BenchServer, ports: number): Promise<Ground> {
  const unlimited = ['network', 'subnet', 'port', 'router', 'floatingip', 'security_group', 'security_group_rule'];
  const quota = Object.fromEntries(unlimited.map((name) => [name, -1]));
  await s.ask('PUT', `/v2.0/quotas/${s.projectId}`, { quota });
  const { network } = await s.ask('POST', '/v2.0/networks', { network: { name: 'inside' } });
  const cidr = { ip_version: 4, cidr: '10.0.0.0/8' };
  const { subnet } = await s.ask('POST', '/v2.0/subnets', { subnet: { network_id: network.id, ...cidr } });
  const provider = { 'router:external': true, 'provider:network_type': 'flat', 'provider:physical_network': 'public' };
  const { network: external } = await s.ask('POST', '/v2.0/networks', { network: { name: 'outside', ...provider } });
  const outside = { network_id: external.id, ip_version: 4, cidr: '172.16.0.0/14', enable_dhcp: false };
  await s.ask('POST', '/v2.0/subnets', { subnet: outside });
  const gateway = { external_gateway_info: { network_id: external.id } };
  const { router } = await s.ask('POST', '/v2.0/routers', { router: { name: 'r', ...gateway } });
  await s.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const { security_group: group } = await s.ask('POST', '/v2.0/security-groups', { security_group: { name: 'bench' } });
  const portIds = await createPorts(s, network.id, ports);
  const { port } = await s.ask('POST', '/v2.0/ports', { port: { network_id: network.id } });
  const { floatingip } = await s.ask('POST', '/v2.0/floatingips', { floatingip: { floating_network_id: external.id } });
  const forwarded = { floatingIp: floatingip.id, portId: port.id, address: port.fixed_ips[0].ip_address };
  return { networkId: network.id, externalId: external.id, groupId: group.id, portIds, forwarded };
}

/** The body of the rule with this number, below 131,070: no two are the same. */
export function ruleBody(g: Ground, index: number): object {
  const port = 1 + (index % 65_535);
  const protocol = index < 65_535 ? 'tcp' : 'udp';
  const range = { port_range_min: port, port_range_max: port };
  return { security_group_id: g.groupId, direction: 'ingress', protocol, ...range };
}

/** The body of the forwarding with this number, below 131,070: no two meet. */
export function forwardingBody({ forwarded }: Ground, index: number): object {
  const port = 1 + (index % 65_535);
  const inside = { internal_port_id: forwarded.portId, internal_ip_address: forwarded.address, internal_port: port };
  return { protocol: index < 65_535 ? 'tcp' : 'udp', external_port: port, ...inside };
}
