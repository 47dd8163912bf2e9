/** Which ways are probed: from where on this host, and to where. */
import { parseIp } from '../lib/ip.ts';
import { dhcpDeviceName, dhcpNamespace, innerDeviceName, routerNamespace, tapName } from '../plan/render/names.ts';
import type { DeviceMap } from './hops.ts';
import type { ProbePath, ProbePort, ProbeRouter, ProbeWorld, Station, Target } from './world.ts';

/** Ways that are probed at most, so that a probe ends in minutes, and instances of this host that are sent to. */
const most = { paths: 32, neighbours: 8 } as const;

/** The ways to probe, and how many more there would be. */
export interface Chosen {
  readonly paths: readonly ProbePath[];
  readonly left: number;
}

const isInstance = (port: ProbePort) => port.deviceOwner.startsWith('compute:');
const isRouterPort = (port: ProbePort) =>
  /^network:(router_interface|ha_router|router_centralized)/.test(port.deviceOwner);

/** The end of a port that packets can be sent from here: in the namespace of its router, DHCP service or instance. */
function stationOf(world: ProbeWorld, devices: DeviceMap, port: ProbePort): Station | undefined {
  if (port.deviceOwner === 'network:dhcp') {
    const device = devices.find(dhcpNamespace(world.network.id), dhcpDeviceName(port.id));
    return device && { kind: 'dhcp', port, device };
  }
  if (isRouterPort(port)) {
    const device = devices.find(routerNamespace(port.deviceId), innerDeviceName(port.id));
    return device && { kind: 'router', port, device };
  }
  const tap = devices.find('', tapName(port.id));
  const device = tap && devices.peer(tap);
  return device && { kind: 'instance', port, device };
}

const rank = { instance: 0, dhcp: 1, router: 2 } as const;

/** All places on this host that packets of the network can be sent from; instances first, as it is them that are served. */
export function stationsOf(world: ProbeWorld, devices: DeviceMap): Station[] {
  const found = world.ports.flatMap((port) => stationOf(world, devices, port) ?? []);
  const usable = found.filter(({ device }) => device.addresses.length > 0);
  return usable.sort((a, b) => rank[a.kind] - rank[b.kind]);
}

const versionOf = (ip: string): number => (ip.includes(':') ? 6 : 4);

/** Addresses that the station can speak to: of a version of which it has an address itself. */
const reachable = ({ device }: Station, ips: readonly string[]) =>
  ips.filter((ip) => device.addresses.some((own) => versionOf(own) === versionOf(ip)));

function portTargets(station: Station, kind: 'port' | 'gateway', ports: readonly ProbePort[]): Target[] {
  return ports.flatMap((port) => reachable(station, port.ips).map((ip): Target => ({ kind, ip, port })));
}

/** The routers' interfaces on the network. */
function gateways(world: ProbeWorld, station: Station): Target[] {
  return portTargets(
    station,
    'gateway',
    world.ports.filter((port) => isRouterPort(port) && port !== station.port),
  );
}

/** One port on each other host: an instance where there is one. */
function otherHosts(world: ProbeWorld, station: Station): Target[] {
  const others = world.ports.filter((port) => port.host !== '' && port.host !== world.host && port.ips.length > 0);
  const byHost = Map.groupBy(others, (port) => port.host);
  const chosen = [...byHost.values()].map((ports) => ports.find(isInstance) ?? (ports[0] as ProbePort));
  return portTargets(station, 'port', chosen);
}

function neighbours(world: ProbeWorld, station: Station): Target[] {
  const here = world.ports.filter((port) => isInstance(port) && port.host === world.host && port !== station.port);
  return portTargets(station, 'port', here.slice(0, most.neighbours));
}

function outside(world: ProbeWorld, station: Station): Target[] {
  return world.routers.flatMap((router) =>
    reachable(station, router.outside?.gatewayIps ?? []).map((ip): Target => ({ kind: 'outside', ip, router })),
  );
}

/** The router that leads to an address that is no port's: the first with a way out, or any. */
function routerTo(world: ProbeWorld): ProbeRouter | undefined {
  return world.routers.find((router) => router.outside !== null) ?? world.routers[0];
}

function addressTarget(world: ProbeWorld, ip: string): Target {
  const port = world.ports.find((one) => one.ips.includes(ip));
  if (port) return { kind: isRouterPort(port) ? 'gateway' : 'port', ip, port };
  const router = routerTo(world);
  return { kind: 'address', ip, ...(router ? { router } : {}) };
}

/** What is asked for: the whole network, or what concerns one port; and one address or whatever there is. */
export interface Asked {
  readonly portId?: string;
  readonly to?: string;
}

/** Everything from the first place; from each other one the gateway, or else the first that there is. */
function wholeNetwork(world: ProbeWorld, stations: readonly Station[]): ProbePath[] {
  return stations.flatMap((from, index) => {
    const doors = gateways(world, from);
    const all = [...doors, ...otherHosts(world, from), ...neighbours(world, from), ...outside(world, from)];
    const targets = index === 0 ? all : doors.length > 0 ? doors : all.slice(0, 1);
    return targets.map((to) => ({ from, to }));
  });
}

/** From the port where that is possible, else to it from the first place that is not its own. */
function onePort(world: ProbeWorld, stations: readonly Station[], portId: string): ProbePath[] {
  const own = stations.find(({ port }) => port.id === portId);
  if (own) {
    const targets = [
      ...gateways(world, own),
      ...otherHosts(world, own),
      ...neighbours(world, own),
      ...outside(world, own),
    ];
    return targets.map((to) => ({ from: own, to }));
  }
  const port = world.ports.filter(({ id }) => id === portId);
  return stations.slice(0, 1).flatMap((from) => portTargets(from, 'port', port).map((to) => ({ from, to })));
}

/** The ways to probe; none where nothing on this host belongs to the network. */
export function choosePaths(world: ProbeWorld, stations: readonly Station[], asked: Asked): Chosen {
  const all = allPaths(world, stations, asked);
  return { paths: all.slice(0, most.paths), left: Math.max(0, all.length - most.paths) };
}

function allPaths(world: ProbeWorld, stations: readonly Station[], { portId, to }: Asked): ProbePath[] {
  const own = portId === undefined ? undefined : stations.find(({ port }) => port.id === portId);
  if (to !== undefined) {
    const target = addressTarget(world, to);
    const senders = own ? [own] : stations.filter(({ port }) => !port.ips.includes(to)).slice(0, 1);
    return senders.filter((from) => reachable(from, [to]).length > 0).map((from) => ({ from, to: target }));
  }
  return portId === undefined ? wholeNetwork(world, stations) : onePort(world, stations, portId);
}

/** The address that a station sends from to this one. */
export function sourceIp({ device }: Station, target: string): string | undefined {
  const version = parseIp(target)?.version;
  return device.addresses.find((own) => parseIp(own)?.version === version);
}
