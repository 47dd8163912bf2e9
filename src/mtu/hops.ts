/** The devices that a packet passes on this host, in order, with what each says and what it has to. */
import { bridgeName, gatewayDeviceName, tapName } from '../plan/render/names.ts';
import type { Device, ProbePath, ProbeWorld, Station } from './world.ts';

/** What a hop is, for the words about it. */
export type HopKind = 'sender' | 'tap' | 'bridge' | 'tunnel' | 'underlay' | 'receiver' | 'router';

/** One device on the way. */
export interface Hop {
  readonly kind: HopKind;
  readonly namespace: string;
  readonly device: string;
  /** What it says. */
  readonly mtu: number;
  /** What it has to say: the network's MTU; of an underlay the tunnel's headers more. */
  readonly expected: number;
  /** The largest inner packet that it carries, by what it says and, of an underlay, by what was measured. */
  readonly carries: number;
}

/** The way between two tunnel endpoints, outside any tunnel. */
export interface Underlay {
  readonly host: string;
  readonly from: string;
  readonly to: string;
  /** The device that leads there, and what it says. */
  readonly device: string;
  readonly mtu: number;
  /** The largest packet that passed; null: endpoints do not answer, so it could not be measured. */
  readonly largest: number | null;
}

/** The devices of a host, to be found by name or by the other end. */
export class DeviceMap {
  readonly #all: readonly Device[];
  constructor(all: readonly Device[]) {
    this.#all = all;
  }

  find(namespace: string, name: string): Device | undefined {
    return this.#all.find((device) => device.namespace === namespace && device.name === name);
  }

  /** The other end of a pair, in another namespace. */
  peer(of: Device): Device | undefined {
    return this.#all.find(
      (device) => device.namespace !== of.namespace && device.index === of.peerIndex && device.peerIndex === of.index,
    );
  }

  in(namespace: string): readonly Device[] {
    return this.#all.filter((device) => device.namespace === namespace);
  }
}

const hopOf = (kind: HopKind, device: Device, expected: number): Hop => ({
  kind,
  namespace: device.namespace,
  device: device.name,
  mtu: device.mtu,
  expected,
  carries: device.mtu,
});

/**
 * The bridge that a tap is a port of. It forwards whatever its ports take, so it carries what they do; that of a physical network is
 * the host's own, and may have any MTU.
 */
function bridgeHop(devices: DeviceMap, tap: Device | undefined, expected: number): Hop[] {
  const bridge = tap?.master === undefined ? undefined : devices.find('', tap.master);
  if (!bridge) return [];
  const own = bridge.name.startsWith(bridgeName(''));
  return [{ ...hopOf('bridge', bridge, own ? expected : bridge.mtu), carries: Number.POSITIVE_INFINITY }];
}

/** From the sender's device to its bridge. */
function fromSender(devices: DeviceMap, { device }: Station, expected: number): Hop[] {
  const tap = devices.peer(device);
  return [
    hopOf('sender', device, expected),
    ...(tap ? [hopOf('tap', tap, expected)] : []),
    ...bridgeHop(devices, tap, expected),
  ];
}

/** From the bridge to a port that is on this host; nothing of it is seen where it is not. */
function toPort(devices: DeviceMap, portId: string, kind: 'receiver' | 'router', expected: number): Hop[] {
  const tap = devices.find('', tapName(portId));
  const inner = tap && devices.peer(tap);
  return [...(tap ? [hopOf('tap', tap, expected)] : []), ...(inner ? [hopOf(kind, inner, expected)] : [])];
}

function throughTunnel(world: ProbeWorld, devices: DeviceMap, underlay: Underlay | undefined): Hop[] {
  const { tunnel, network } = world;
  if (!tunnel) return [];
  const device = tunnel.device === null ? undefined : devices.find('', tunnel.device);
  const hops = device ? [hopOf('tunnel', device, network.mtu)] : [];
  if (!underlay) return hops;
  const least = Math.min(underlay.mtu, underlay.largest ?? underlay.mtu);
  hops.push({
    kind: 'underlay',
    namespace: '',
    device: underlay.device,
    mtu: underlay.mtu,
    expected: network.mtu + tunnel.headers,
    carries: least - tunnel.headers,
  });
  return hops;
}

/** From a router on this host to the physical network: its gateway, and what that is plugged into. */
function throughRouter(devices: DeviceMap, path: ProbePath): Hop[] {
  const { router } = path.to;
  if (!router?.outside) return [];
  const { portId, mtu } = router.outside;
  const gateway = devices.find(`qrouter-${router.id}`, gatewayDeviceName(portId));
  const tap = gateway && devices.peer(gateway);
  if (!gateway) return [];
  return [hopOf('router', gateway, mtu), ...(tap ? [hopOf('tap', tap, mtu)] : []), ...bridgeHop(devices, tap, mtu)];
}

/** What has to pass on a way: the network's MTU, or the external network's where that is smaller. */
export function expectedOf(world: ProbeWorld, { to }: ProbePath): number {
  return Math.min(world.network.mtu, to.router?.outside?.mtu ?? world.network.mtu);
}

/** The port on the network that the packet is sent to first: the target's, or the router's interface. */
export function nextPort(world: ProbeWorld, { from, to }: ProbePath): ProbePath['to']['port'] {
  if (to.port) return to.port;
  if (from.kind === 'router' && from.port.deviceId === to.router?.id) return undefined;
  return world.ports.find((port) => port.deviceId === to.router?.id);
}

/** The devices of this host on a way. */
export function hopsOf(
  world: ProbeWorld,
  devices: DeviceMap,
  path: ProbePath,
  underlays: ReadonlyMap<string, Underlay>,
): Hop[] {
  const { mtu } = world.network;
  const next = nextPort(world, path);
  const start = fromSender(devices, path.from, mtu);
  if (!next) return [...start.slice(0, 1), ...throughRouter(devices, path)];
  if (next.host !== '' && next.host !== world.host)
    return [...start, ...throughTunnel(world, devices, underlays.get(next.host))];
  const receiver = path.to.kind === 'port' || path.to.kind === 'gateway' ? 'receiver' : 'router';
  return [...start, ...toPort(devices, next.id, receiver, mtu), ...throughRouter(devices, path)];
}
