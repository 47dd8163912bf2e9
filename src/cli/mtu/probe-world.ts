/** What a probe asks the server and this host before it sends anything. */
import { ClientError, type NetworkingClient } from '../../client/index.ts';
import { attachedNetns } from '../../host/attachment.ts';
import { devicesOf } from '../../host/devices.ts';
import type { network, port } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { DeviceMap } from '../../mtu/hops.ts';
import type { ProbePort, ProbeRouter, ProbeWorld } from '../../mtu/world.ts';
import { vxlanName } from '../../plan/render/names.ts';
import { CommandError } from '../command.ts';
import { type Compared, compare, isId, settingsOfServer } from './server.ts';

type NetworkRow = Row<typeof network>;
type PortRow = Row<typeof port>;

/** Routers that are looked at. */
const mostRouters = 16;

/** What is probed: a network, and one port of it where that was named. */
export interface Subject {
  readonly network: NetworkRow;
  readonly portId?: string;
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return undefined;
    throw error;
  }
}

/** The network or port of this id or name; a name that both have is a network's. */
export async function findSubject(api: NetworkingClient, given: string): Promise<Subject> {
  const [networks, ports] = isId(given)
    ? [[await unlessMissing(api.networks.show(given))], [await unlessMissing(api.ports.show(given))]]
    : [await api.networks.list({ name: given }), await api.ports.list({ name: given })];
  const found: (NetworkRow | PortRow)[] = networks[0]
    ? networks.flatMap((one) => one ?? [])
    : ports.flatMap((one) => one ?? []);
  const [first, second] = found;
  if (!first)
    throw new CommandError(`There is no network or port ${JSON.stringify(given)}: name it by its id or name.`, 2);
  if (second) throw new CommandError(`More than one is called ${JSON.stringify(given)}: name it by its id.`, 2);
  if (!('network_id' in first)) return { network: first };
  return { network: await api.networks.show(first.network_id), portId: first.id };
}

const probePort = (row: PortRow): ProbePort => ({
  id: row.id,
  name: row.name,
  host: row['binding:host_id'],
  deviceOwner: row.device_owner,
  deviceId: row.device_id,
  ips: row.fixed_ips.flatMap((fixed) => fixed.ip_address ?? []),
});

async function probeRouter(api: NetworkingClient, id: string): Promise<ProbeRouter | undefined> {
  const row = await unlessMissing(api.routers.show(id));
  if (!row) return undefined;
  const info = row.external_gateway_info as {
    network_id: string;
    external_fixed_ips?: readonly { subnet_id: string }[];
  } | null;
  const [gateway] = await api.ports.list({ device_id: id, device_owner: 'network:router_gateway' });
  const external = info && (await unlessMissing(api.networks.show(info.network_id)));
  if (!info || !gateway || !external) return { id, name: row.name, outside: null };
  const subnets = await Promise.all((info.external_fixed_ips ?? []).map((fixed) => api.subnets.show(fixed.subnet_id)));
  const gatewayIps = subnets.flatMap((subnet) => subnet.gateway_ip ?? []);
  return { id, name: row.name, outside: { portId: gateway.id, networkId: external.id, mtu: external.mtu, gatewayIps } };
}

async function endpointsOf(api: NetworkingClient): Promise<Map<string, string>> {
  const agents = await api.agents.list();
  return new Map(
    agents.flatMap(({ host, configurations }) => {
      const ip = (configurations as { tunneling_ip?: unknown }).tunneling_ip;
      return typeof ip === 'string' && ip !== '' ? [[host, ip] as const] : [];
    }),
  );
}

/** What a tunnel adds, as the sum of the network's MTU says; null where there is none. */
function headersOf({ now }: Compared): number | null {
  const tunnel = now.segments.find((sum) => sum.lines.some((line) => line.part === 'encapsulation'));
  if (!tunnel) return null;
  return -tunnel.lines.filter((line) => line.part !== 'base').reduce((sum, line) => sum + line.bytes, 0);
}

/** The world of a network, and how its stored MTU compares with the configuration. */
export async function worldOf(
  api: NetworkingClient,
  row: NetworkRow,
  host: string,
): Promise<{ world: ProbeWorld; compared: Compared }> {
  const compared = compare(row, await settingsOfServer(api));
  const ports = (await api.ports.list({ network_id: row.id })).map(probePort);
  const ids = [...new Set(ports.filter((one) => one.deviceOwner.startsWith('network:r')).map((one) => one.deviceId))];
  const routers = await Promise.all(ids.slice(0, mostRouters).map((id) => probeRouter(api, id)));
  const headers = headersOf(compared);
  const vni = row['provider:segmentation_id'];
  const device = row['provider:network_type'] === 'vxlan' && vni !== null ? vxlanName(vni) : null;
  const tunnel = headers === null ? null : { device, headers, endpoints: await endpointsOf(api) };
  const { id, name, mtu } = row;
  return {
    compared,
    world: { host, network: { id, name, mtu }, tunnel, ports, routers: routers.flatMap((one) => one ?? []) },
  };
}

/** The devices of this host that the network may use: its own, and those of its namespaces. */
export async function devicesFor(world: ProbeWorld): Promise<DeviceMap> {
  const own = await devicesOf('');
  const taps = new Set(world.ports.map((one) => `tap${one.id.slice(0, 11)}`));
  const attached = own.flatMap(({ name, alias }) => (taps.has(name) ? (attachedNetns(alias)?.netns ?? []) : []));
  const names = [`qdhcp-${world.network.id}`, ...world.routers.map(({ id }) => `qrouter-${id}`), ...attached];
  const inside = await Promise.all([...new Set(names)].map(devicesOf));
  return new DeviceMap([own, ...inside].flat());
}
