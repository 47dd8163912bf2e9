/** Host objects of routers. */
import type { HostQos, HostRouter, HostRouterInterface } from '../../model/host-objects.ts';
import type { conntrackHelper, floatingip, meteringLabelRule, portForwarding, router } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { GATEWAY_OWNER } from '../router.ts';
import { byText, hostAddresses, type PortRow, type SubnetRow, type Subnets } from './addresses.ts';
import { hostMetering } from './metering.ts';

/** The rows that a router is made of. */
export interface RouterRows {
  readonly router: Row<typeof router>;
  /** Its interfaces and its gateway. */
  readonly ports: readonly PortRow[];
  /** The floating IPs on it. */
  readonly floatingIps: readonly Row<typeof floatingip>[];
  /** The forwardings of those floating IPs. */
  readonly forwardings: readonly Row<typeof portForwarding>[];
  readonly subnets: Subnets;
  /** network id → MTU in bytes. */
  readonly mtus: ReadonlyMap<string, number>;
  /** subnet pool id → its address scope; pools without one may be left out. */
  readonly scopes: ReadonlyMap<string, string>;
  readonly helpers: readonly Pick<Row<typeof conntrackHelper>, 'helper' | 'protocol' | 'port'>[];
  /** The addresses of its NDP proxies that their ports still have, with the subnets that they have them of. */
  readonly proxied: readonly { readonly ip_address: string; readonly subnet_id: string }[];
  /** QoS policy → what it asks of hosts; policies that ask for nothing may be left out. */
  readonly policies: ReadonlyMap<string, HostQos>;
  /** The QoS policy of the external network. */
  readonly externalPolicy: string | null;
  /** The rules of the metering labels that count on it. */
  readonly meteringRules: readonly Row<typeof meteringLabelRule>[];
}

/** The QoS policies of a router and its floating IPs, each once. */
export function policiesOf(rows: Pick<RouterRows, 'router' | 'floatingIps' | 'externalPolicy'>): string[] {
  const own = [rows.router.gw_qos_policy_id, ...rows.floatingIps.map((fip) => fip.qos_policy_id)];
  return [...new Set([...own, rows.externalPolicy].filter((id) => id !== null))];
}

/** `router/<id>`. */
export function hostRouter(rows: RouterRows): HostRouter {
  const { router: row, ports } = rows;
  const gatewayPort = ports.find((port) => port.device_owner === GATEWAY_OWNER);
  const interfaces = ports
    .filter((port) => port !== gatewayPort)
    .map((port) => ({ ...hostInterface(port, rows), ...advertisedBy(port, rows) }));
  return {
    kind: 'router',
    id: row.id,
    admin_state_up: row.admin_state_up,
    interfaces: interfaces.sort(byText((one) => one.port_id)),
    gateway: gatewayPort ? hostGateway(gatewayPort, rows) : null,
    routes: [...row.routes].sort(byText((route) => `${route.destination} ${route.nexthop}`)),
    floating_ips: wholeAddresses(rows.floatingIps),
    ...helpers(rows),
    ...ndpProxies(rows, gatewayPort),
    ...limits(rows, gatewayPort),
    ...metering(rows, gatewayPort),
    port_forwardings: forwardedPorts(rows),
  };
}

function hostInterface(port: PortRow, rows: RouterRows): HostRouterInterface {
  return {
    port_id: port.id,
    network_id: port.network_id,
    mac_address: port.mac_address,
    fixed_ips: hostAddresses(port, rows.subnets),
    mtu: rows.mtus.get(port.network_id) ?? 1500,
    ...scopesOf(port, rows),
  };
}

/** The subnets that a port has addresses of. */
function subnetsOf(port: PortRow, { subnets }: RouterRows): SubnetRow[] {
  return port.fixed_ips.flatMap(({ subnet_id }) => subnets.get(subnet_id ?? '') ?? []);
}

/** All subnets of one network and version are of one scope, so that the first tells. */
function scopesOf(port: PortRow, rows: RouterRows) {
  const scopeOf = (version: number) =>
    subnetsOf(port, rows)
      .filter((on) => on.ip_version === version)
      .flatMap((on) => rows.scopes.get(on.subnetpool_id ?? '') ?? [])[0];
  const [four, six] = [scopeOf(4), scopeOf(6)];
  return { ...(four ? { ipv4_address_scope: four } : {}), ...(six ? { ipv6_address_scope: six } : {}) };
}

/** What the router tells the hosts behind an interface of IPv6. */
function advertisedBy(port: PortRow, rows: RouterRows): Pick<HostRouterInterface, 'advertised'> {
  const advertised = subnetsOf(port, rows).flatMap((on) =>
    on.ip_version === 6 && on.ipv6_ra_mode !== null
      ? [{ cidr: on.cidr, mode: on.ipv6_ra_mode, dns_nameservers: on.dns_nameservers }]
      : [],
  );
  return advertised.length > 0 ? { advertised: advertised.sort(byText(({ cidr }) => cidr)) } : {};
}

function hostGateway(port: PortRow, rows: RouterRows): NonNullable<HostRouter['gateway']> {
  const common = hostInterface(port, rows);
  const gatewayIps = new Set(common.fixed_ips.flatMap((fixed) => rows.subnets.get(fixed.subnet_id)?.gateway_ip ?? []));
  return {
    ...common,
    gateway_ips: [...gatewayIps],
    enable_snat: rows.router.external_gateway_info?.enable_snat ?? true,
  };
}

function helpers(rows: RouterRows): Pick<HostRouter, 'conntrack_helpers'> {
  const all = rows.helpers.map(({ helper, protocol, port }) => ({ helper, protocol, port }));
  const sorted = all.sort(byText(({ helper, protocol, port }) => `${helper} ${protocol} ${port}`));
  return all.length > 0 ? { conntrack_helpers: sorted } : {};
}

/** Of the addresses that it is to answer for, those on subnets that it has an interface on: it leads nowhere else. */
function ndpProxies(rows: RouterRows, gatewayPort: PortRow | undefined): Pick<HostRouter, 'ndp_proxies'> {
  if (!gatewayPort || !rows.router.enable_ndp_proxy) return {};
  const inner = rows.ports.filter((port) => port !== gatewayPort);
  const connected = new Set(inner.flatMap((port) => port.fixed_ips.map(({ subnet_id }) => subnet_id)));
  const reached = rows.proxied.filter(({ subnet_id }) => connected.has(subnet_id));
  return { ndp_proxies: reached.map(({ ip_address }) => ip_address).sort() };
}

/** The limits of floating IPs, and of the address that the others hide behind: by their own policy, or that of their network. */
function limits(rows: RouterRows, gatewayPort: PortRow | undefined): Pick<HostRouter, 'limits'> {
  const four =
    gatewayPort?.fixed_ips.flatMap(({ ip_address }) => (ip_address?.includes('.') ? [ip_address] : [])) ?? [];
  const addresses = [
    ...four.map((ip) => ({ ip, policy: rows.router.gw_qos_policy_id })),
    ...rows.floatingIps.map((fip) => ({ ip: fip.floating_ip_address, policy: fip.qos_policy_id })),
  ];
  const limited = addresses.flatMap(({ ip, policy }) => {
    const qos = rows.policies.get(policy ?? rows.externalPolicy ?? '');
    return qos?.ingress || qos?.egress ? [{ ip, ingress: qos.ingress, egress: qos.egress }] : [];
  });
  return limited.length > 0 ? { limits: limited.sort(byText(({ ip }) => ip)) } : {};
}

function metering(rows: RouterRows, gatewayPort: PortRow | undefined): Pick<HostRouter, 'metering'> {
  const labels = gatewayPort ? hostMetering(rows.meteringRules) : [];
  return labels.length > 0 ? { metering: { project_id: rows.router.project_id, labels } } : {};
}

function wholeAddresses(floatingIps: RouterRows['floatingIps']): HostRouter['floating_ips'] {
  return floatingIps
    .flatMap((fip) =>
      fip.port_id !== null && fip.fixed_ip_address !== null
        ? [{ id: fip.id, floating_ip: fip.floating_ip_address, fixed_ip: fip.fixed_ip_address }]
        : [],
    )
    .sort(byText((fip) => fip.id));
}

function forwardedPorts({ floatingIps, forwardings }: RouterRows): HostRouter['port_forwardings'] {
  const addresses = new Map(floatingIps.map((fip) => [fip.id, fip.floating_ip_address]));
  return forwardings
    .flatMap((row) => {
      const address = addresses.get(row.floatingip_id);
      if (address === undefined) return [];
      return {
        id: row.id,
        floatingip_id: row.floatingip_id,
        floating_ip: address,
        protocol: row.protocol,
        external_first: row.external_first,
        external_last: row.external_last,
        internal_ip: row.internal_ip_address,
        internal_first: row.internal_first,
        internal_last: row.internal_last,
      };
    })
    .sort(byText((forwarding) => forwarding.id));
}
