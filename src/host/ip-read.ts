/** Reads links, addresses, routes, forwarding entries, proxies and neighbours of one namespace. */
import type {
  AddressFact,
  Fact,
  FdbFact,
  LinkFact,
  LinkKind,
  Namespace,
  NeighbourFact,
  ProxyFact,
  RouteFact,
} from '../plan/facts.ts';
import type { LineResult } from './batch-helper.ts';
import type { Iproute } from './iproute.ts';
import { inNamespace } from './namespaces.ts';
import { run } from './run.ts';

/** What `ip -j -d addr show` says of a device, as far as we read it. */
export interface Device {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  /** How many listen to all that it hears. */
  readonly promiscuity?: number;
  readonly address?: string;
  readonly master?: string;
  readonly ifalias?: string;
  /** The device under it. */
  readonly link?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
    /** As a port of a bridge. */
    readonly info_slave_data?: Readonly<Record<string, unknown>>;
  };
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number; readonly scope?: string }[];
}

/** A route as `ip -j route show` tells of it. */
export interface RouteEntry {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

interface FdbEntry {
  readonly mac: string;
  readonly dst?: string;
  readonly master?: string;
  readonly state?: string;
}

interface NeighbourEntry {
  readonly dst: string;
  readonly lladdr?: string;
}

interface ProxyEntry {
  readonly dst: string;
}

/** Above this number of devices, one listing of all is cheaper than a question for each. */
const askEach = 64;

const noDevice = /does not exist|Cannot find device/;

/** The JSON of an answer; [] where the device is not there. */
function entriesOf<T>(result: LineResult | undefined): T[] {
  if (!result || noDevice.test(result.output)) return [];
  if (result.failed) throw new Error(`iproute2: ${result.output}`);
  return result.output === '' ? [] : (JSON.parse(result.output) as T[]);
}

/** The named devices of a namespace that are there, by name, with their addresses. */
export async function readDevices(
  ip: Iproute,
  namespace: Namespace,
  names: ReadonlySet<string>,
): Promise<Map<string, Device>> {
  const each = names.size <= askEach;
  const lines = each ? [...names].map((name) => `addr show dev ${name}`) : ['addr show'];
  const answers = await ip.exec('ip', namespace, lines);
  const devices = answers.flatMap((answer) => entriesOf<Device>(answer));
  return new Map(devices.filter((device) => names.has(device.ifname)).map((device) => [device.ifname, device]));
}

/** How the device came to be, as far as it matters to the kind that was asked for. */
function kindOf(device: Device, asked: LinkKind): LinkKind {
  const made = device.linkinfo?.info_kind;
  const data = device.linkinfo?.info_data ?? {};
  switch (asked.type) {
    case 'foreign':
      return asked;
    case 'bridge':
      return made === 'bridge' ? asked : { type: 'foreign' };
    case 'veth':
    case 'peer':
      return made === 'veth' ? asked : { type: 'foreign' };
    case 'ifb':
      return made === 'ifb' ? asked : { type: 'foreign' };
    case 'vxlan':
      if (made !== 'vxlan') return { type: 'foreign' };
      return { type: 'vxlan', vni: Number(data.id), local: String(data.local ?? ''), port: Number(data.port) };
    case 'vlan':
      return made === 'vlan' ? { type: 'vlan', device: device.link ?? '', id: Number(data.id) } : { type: 'foreign' };
  }
}

/** The mark of a shared bridge that Neutrino made. */
export const ownAlias = 'neutrino';

/** A link as it is, in the attributes that `asked` names. */
export function linkFact(asked: LinkFact, device: Device): LinkFact {
  const kind = kindOf(device, asked.kind);
  // A shared bridge that others made is taken as it is.
  if (kind.type === 'bridge' && kind.shared && device.ifalias !== ownAlias) return asked;
  const mac = device.address?.toLowerCase() === asked.mac?.toLowerCase() ? asked.mac : device.address;
  return {
    fact: 'link',
    namespace: asked.namespace,
    name: asked.name,
    kind,
    ...(asked.mac !== undefined && mac !== undefined ? { mac } : {}),
    ...(asked.mtu !== undefined ? { mtu: device.mtu } : {}),
    up: device.flags.includes('UP'),
    ...(asked.master !== undefined && device.master !== undefined ? { master: device.master } : {}),
    ...(asked.neighSuppress !== undefined
      ? { neighSuppress: device.linkinfo?.info_slave_data?.neigh_suppress === true }
      : {}),
  };
}

function hasAddress(device: Device | undefined, cidr: string): boolean {
  return device?.addr_info?.some(({ local, prefixlen }) => `${local}/${prefixlen}` === cidr) ?? false;
}

/** The route to the asked destination; one of the kernel's own counts only where it is just the asked one. */
function routeFact(asked: RouteFact, routes: readonly RouteEntry[]): RouteFact | undefined {
  const destination = asked.destination === 'default6' ? 'default' : asked.destination.replace(/\/(32|128)$/, '');
  const there = routes.filter((route) => route.dst === destination);
  const equal = there.find((route) => (route.gateway ?? null) === asked.via && route.dev === asked.device);
  if (equal) return asked;
  const other = there.find((route) => route.protocol !== 'kernel');
  return other && { ...asked, via: other.gateway ?? null, device: other.dev ?? '' };
}

function isIpv6Route(route: RouteFact): boolean {
  return route.destination === 'default6' || route.destination.includes(':');
}

async function readRoutes(ip: Iproute, namespace: Namespace, asked: readonly RouteFact[]): Promise<RouteFact[]> {
  const found: RouteFact[] = [];
  const four = asked.filter((route) => !isIpv6Route(route));
  const six = asked.filter(isIpv6Route);
  if (four.length > 0) {
    const [answer] = await ip.exec('ip', namespace, ['route show table main']);
    const routes = entriesOf<RouteEntry>(answer);
    found.push(...four.flatMap((route) => routeFact(route, routes) ?? []));
  }
  if (six.length > 0) {
    const { stdout } = await run(inNamespace(namespace, ['ip', '-6', '-j', 'route', 'show', 'table', 'main']));
    const routes = JSON.parse(stdout || '[]') as RouteEntry[];
    found.push(...six.flatMap((route) => routeFact(route, routes) ?? []));
  }
  return found;
}

async function readFdb(ip: Iproute, namespace: Namespace, asked: readonly FdbFact[]): Promise<FdbFact[]> {
  const devices = [...new Set(asked.map(({ device }) => device))];
  const answers = await ip.exec(
    'bridge',
    namespace,
    devices.map((device) => `fdb show dev ${device}`),
  );
  const there = new Set<string>();
  for (const [index, device] of devices.entries())
    for (const { mac, dst, master, state } of entriesOf<FdbEntry>(answers[index])) {
      if (dst) there.add(`${device} ${mac} ${dst}`);
      else if (master && state === 'static') there.add(`${device} ${mac} null`);
    }
  return asked.filter(({ device, mac, endpoint }) => there.has(`${device} ${mac.toLowerCase()} ${endpoint}`));
}

async function readNeighbours(
  ip: Iproute,
  namespace: Namespace,
  asked: readonly NeighbourFact[],
): Promise<NeighbourFact[]> {
  const devices = [...new Set(asked.map(({ device }) => device))];
  const answers = await ip.exec(
    'ip',
    namespace,
    devices.map((device) => `neigh show dev ${device} nud permanent`),
  );
  const there = new Map<string, string>();
  for (const [index, device] of devices.entries())
    for (const { dst, lladdr } of entriesOf<NeighbourEntry>(answers[index]))
      if (lladdr) there.set(`${device} ${dst}`, lladdr);
  return asked.flatMap((fact) => {
    const mac = there.get(`${fact.device} ${fact.ip}`);
    if (mac === undefined) return [];
    return [mac === fact.mac.toLowerCase() ? fact : { ...fact, mac }];
  });
}

async function readProxies(ip: Iproute, namespace: Namespace, asked: readonly ProxyFact[]): Promise<ProxyFact[]> {
  const devices = [...new Set(asked.map(({ device }) => device))];
  const answers = await ip.exec(
    'ip',
    namespace,
    devices.map((device) => `neigh show proxy dev ${device}`),
  );
  const there = new Set<string>();
  for (const [index, device] of devices.entries())
    for (const { dst } of entriesOf<ProxyEntry>(answers[index])) there.add(`${device} ${dst}`);
  return asked.filter(({ device, ip: address }) => there.has(`${device} ${address}`));
}

/** What iproute2 told of a namespace: its devices with their addresses, and the routes of its main tables. */
export interface Told {
  readonly devices: readonly Device[];
  readonly four: readonly RouteEntry[];
  readonly six: readonly RouteEntry[];
}

/** The entries of an answer in JSON. */
export function parseEntries<T>(text: string): T[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}

/** Those of the links, addresses and routes that are there, by what was told. */
export function presentIp(facts: readonly IpFact[], { devices, four, six }: Told): Fact[] {
  const byName = new Map(devices.map((device) => [device.ifname, device]));
  return facts.flatMap((fact): Fact[] => {
    if (fact.fact === 'route') return [routeFact(fact, isIpv6Route(fact) ? six : four) ?? []].flat();
    if (fact.fact === 'address') return hasAddress(byName.get(fact.device), fact.cidr) ? [fact] : [];
    const device = fact.fact === 'link' ? byName.get(fact.name) : undefined;
    return fact.fact === 'link' && device ? [linkFact(fact, device)] : [];
  });
}

/** The facts that iproute2 tells of. */
export type IpFact = LinkFact | AddressFact | RouteFact | FdbFact | ProxyFact | NeighbourFact;

function only<K extends IpFact['fact']>(facts: readonly IpFact[], kind: K): Extract<IpFact, { fact: K }>[] {
  return facts.filter((fact): fact is Extract<IpFact, { fact: K }> => fact.fact === kind);
}

/** Those of the facts, all of one namespace that exists, that are there. */
export async function readIp(ip: Iproute, namespace: Namespace, facts: readonly IpFact[]): Promise<Fact[]> {
  const links = only(facts, 'link');
  const addresses = only(facts, 'address');
  const names = new Set([...links.map(({ name }) => name), ...addresses.map(({ device }) => device)]);
  const routes = only(facts, 'route');
  const fdb = only(facts, 'fdb');
  const proxies = only(facts, 'proxy');
  const neighbours = only(facts, 'neighbour');
  const found: Fact[] = [];
  if (names.size > 0) {
    const devices = await readDevices(ip, namespace, names);
    for (const link of links) {
      const device = devices.get(link.name);
      if (device) found.push(linkFact(link, device));
    }
    found.push(...addresses.filter(({ device, cidr }) => hasAddress(devices.get(device), cidr)));
  }
  if (routes.length > 0) found.push(...(await readRoutes(ip, namespace, routes)));
  if (fdb.length > 0) found.push(...(await readFdb(ip, namespace, fdb)));
  if (neighbours.length > 0) found.push(...(await readNeighbours(ip, namespace, neighbours)));
  if (proxies.length > 0) found.push(...(await readProxies(ip, namespace, proxies)));
  return found;
}
