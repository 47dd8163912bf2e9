/** A router: a namespace with its interfaces, its routes, and its NAT. */
import { cidrContains, type Ip, parseCidr, parseIp } from '../../lib/ip.ts';
import type { HostRouter, HostRouterInterface } from '../../model/host-objects.ts';
import type { AddressFact, Fact, RouteFact } from '../facts.ts';
import type { HostEnvironment, Lookup, Rendering } from './language.ts';
import { attach, firstOf, namespaceFacts, pairFacts, sysctl } from './link-layer.ts';
import { gatewayDeviceName, innerDeviceName, routerNamespace } from './names.ts';
import { natTableFacts } from './nat-nftables.ts';
import { advertisementFacts } from './router-advertisements.ts';
import { type Chains, routerChains } from './router-chains.ts';
import { withHelpers } from './router-helpers.ts';
import { limitFacts } from './router-limits.ts';
import { routerProxyFacts, withMetadata } from './router-metadata.ts';
import { meteringFacts } from './router-metering.ts';
import { mssFacts } from './router-mss.ts';
import { ndpFacts, withNdp } from './router-ndp.ts';
import { unhidden, withScopes } from './router-scopes.ts';

/** An interface with the name that it has in the namespace. */
interface Device {
  readonly name: string;
  readonly port: HostRouterInterface;
}

function devicesOf(router: HostRouter): { inner: Device[]; gateway: Device | null } {
  const inner = router.interfaces.map((port) => ({ name: innerDeviceName(port.port_id), port }));
  const { gateway } = router;
  return { inner, gateway: gateway && { name: gatewayDeviceName(gateway.port_id), port: gateway } };
}

function settings(router: HostRouter, namespace: string): Fact[] {
  const ports = router.gateway ? [...router.interfaces, router.gateway] : router.interfaces;
  const six = ports.some((port) => port.fixed_ips.some(({ ip }) => ip.includes(':')));
  return [
    sysctl(namespace, 'net.ipv4.ip_forward', '1'),
    // An address is answered for on its own link alone (Neutron's RouterNamespace).
    sysctl(namespace, 'net.ipv4.conf.all.arp_ignore', '1'),
    sysctl(namespace, 'net.ipv4.conf.all.arp_announce', '2'),
    // An address that takes another's place in its subnet stays when that one goes.
    sysctl(namespace, 'net.ipv4.conf.all.promote_secondaries', '1'),
    ...(six ? [sysctl(namespace, 'net.ipv6.conf.all.forwarding', '1')] : []),
    // Nobody outside tells a router its addresses and routes.
    ...(six && router.gateway
      ? [sysctl(namespace, `net.ipv6.conf.${gatewayDeviceName(router.gateway.port_id)}.accept_ra`, '0')]
      : []),
  ];
}

function addresses(namespace: string, device: Device, announce: boolean): AddressFact[] {
  return device.port.fixed_ips.map(({ ip, prefix_length }) => ({
    fact: 'address',
    namespace,
    device: device.name,
    cidr: `${ip}/${prefix_length}`,
    ...(announce ? { announce } : {}),
  }));
}

/** Floating addresses live on the gateway as single addresses. One that forwards many ports is there once. */
function floatingAddresses(router: HostRouter, namespace: string, device: Device): AddressFact[] {
  const own = new Set(device.port.fixed_ips.map(({ ip }) => ip));
  const all = [...router.floating_ips, ...router.port_forwardings].map(({ floating_ip }) => floating_ip);
  return [...new Set(all)]
    .filter((ip) => !own.has(ip))
    .map((ip) => ({ fact: 'address', namespace, device: device.name, cidr: `${ip}/32`, announce: true }));
}

function reaches(device: Device, ip: Ip): boolean {
  return device.port.fixed_ips.some((address) => {
    const prefix = parseCidr(`${address.ip}/${address.prefix_length}`);
    return prefix !== undefined && cidrContains(prefix, ip);
  });
}

const linkLocal = parseCidr('fe80::/10');

/** An address of the link itself, which every device reaches. */
function isLinkLocal(ip: Ip): boolean {
  return linkLocal !== undefined && cidrContains(linkLocal, ip);
}

/** The default routes; a gateway outside the subnets is made reachable by a route of its own (Neutron: onlink). */
function defaultRoutes(router: HostRouter, namespace: string, device: Device): RouteFact[] {
  const routes = new Map<string, RouteFact>();
  for (const via of router.gateway?.gateway_ips ?? []) {
    const ip = parseIp(via);
    const destination = ip?.version === 6 ? 'default6' : 'default';
    if (!ip || routes.has(destination)) continue;
    const at = { fact: 'route', namespace, device: device.name } as const;
    if (!reaches(device, ip) && !isLinkLocal(ip)) {
      const alone = `${via}/${ip.version === 4 ? 32 : 128}`;
      routes.set(alone, { ...at, destination: alone, via: null });
    }
    routes.set(destination, { ...at, destination, via });
  }
  return [...routes.values()];
}

const defaultNames: Readonly<Record<string, string>> = { '0.0.0.0/0': 'default', '::/0': 'default6' };

/** The routes that users added, each by the interface that reaches its next hop. */
function extraRoutes(router: HostRouter, namespace: string, devices: Device[]) {
  const routes: RouteFact[] = [];
  const unreachable: string[] = [];
  for (const { destination, nexthop } of router.routes) {
    const ip = parseIp(nexthop);
    const device = ip && devices.find((one) => reaches(one, ip));
    const text = defaultNames[destination] ?? destination;
    if (device) routes.push({ fact: 'route', namespace, destination: text, via: nexthop, device: device.name });
    else unreachable.push(`no interface of the router reaches ${nexthop}, the next hop to ${destination}`);
  }
  return { routes, unreachable };
}

/** A route that a user added takes precedence over the default one; of two to one destination the first counts. */
function firstByDestination(routes: readonly RouteFact[]): RouteFact[] {
  const byDestination = new Map<string, RouteFact>();
  for (const route of routes) if (!byDestination.has(route.destination)) byDestination.set(route.destination, route);
  return [...byDestination.values()];
}

/** What the iptables driver writes: translation, the way to metadata, scopes, helpers, and who is reached from outside by IPv6. */
function iptablesFacts(router: HostRouter, namespace: string, env: HostEnvironment): Chains {
  const chains = routerChains(router, namespace, unhidden(router));
  const scoped = withScopes(withMetadata(chains, router, env), router, namespace);
  return withNdp(withHelpers(scoped, router, namespace), router, namespace);
}

/** The facts of `router/<id>`. A router that is down is not there, as in Neutron. */
export function renderRouter(whole: HostRouter, look: Lookup, env: HostEnvironment): Rendering {
  const router = env.forwardsPorts === false ? { ...whole, port_forwardings: [] } : whole;
  if (!router.admin_state_up) return { facts: [], waiting: 'admin_state_up is false', problem: null };
  const namespace = routerNamespace(router.id);
  const { inner, gateway } = devicesOf(router);
  const devices = gateway ? [...inner, gateway] : inner;
  const attachments = devices.map((device) => attach(device.port.network_id, look, env));
  const pairs = devices.flatMap(({ name, port }, index) =>
    pairFacts(
      {
        portId: port.port_id,
        mac: port.mac_address,
        mtu: port.mtu,
        namespace,
        device: name,
        at: attachments[index],
      },
      env,
    ),
  );
  const nat =
    env.natDriver === 'nftables'
      ? natTableFacts(router, namespace, env)
      : { facts: iptablesFacts(router, namespace, env), problem: null };
  const extra = extraRoutes(router, namespace, devices);
  const facts: Fact[] = [
    ...namespaceFacts(namespace),
    ...settings(router, namespace),
    ...pairs,
    ...inner.flatMap((device) => addresses(namespace, device, false)),
    ...(gateway ? addresses(namespace, gateway, true) : []),
    ...(gateway ? floatingAddresses(router, namespace, gateway) : []),
    ...firstByDestination([...extra.routes, ...(gateway ? defaultRoutes(router, namespace, gateway) : [])]),
    ...nat.facts,
    ...ndpFacts(router, namespace, env),
    ...mssFacts(router, namespace, env),
    ...limitFacts(router, namespace),
    ...meteringFacts(router, namespace),
    ...routerProxyFacts(router, env),
    ...advertisementFacts(router, namespace, env),
  ];
  const waiting = firstOf([...attachments.map((at) => at.waiting), ...extra.unreachable]);
  return { facts, waiting, problem: firstOf([...attachments.map((at) => at.problem), nat.problem]) };
}
