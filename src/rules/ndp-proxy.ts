/** Which addresses a router may answer for outside, and what its gateway has to be for that (neutron/services/ndp_proxy/plugin.py). */
import { parseIp } from '../lib/ip.ts';
import { addressScopeConflict, badRequest, invalidProxyAddress, portUnreachableByRouter } from '../model/faults.ts';
import type { FixedIp } from './port-forwarding.ts';
import { hasIpv6, type RoutedPort } from './router.ts';

/** Why a router cannot answer for addresses, in Neutron's words. */
export const reasons = {
  noGateway: 'The request body not contain external gateway information',
  gatewayGoes: "The router's external gateway will be unset",
  gatewayCannot:
    'The router has no external gateway or the external gateway port has no IPv6 address or IPv6 address scope',
  networkCannot: (networkId: string) =>
    `The external network ${networkId} don't support IPv6 ndp proxy, the network has no IPv6 subnets or has no IPv6 address scope`,
} as const;

/** A subnet, as far as address scopes are concerned. */
interface PooledSubnet {
  readonly ip_version: number;
  readonly subnetpool_id: string | null;
}

/** The IPv6 address scope of a network; `scopes`: subnet pool → its scope. */
export function ipv6ScopeOf(
  subnets: readonly PooledSubnet[],
  scopes: ReadonlyMap<string, string | null>,
): string | null {
  for (const { ip_version, subnetpool_id } of subnets) {
    const scope = ip_version === 6 ? scopes.get(subnetpool_id ?? '') : undefined;
    if (scope) return scope;
  }
  return null;
}

/** Whether addresses asked for a gateway leave it one of IPv6; nothing asked for leaves what is there. */
export function keepsIpv6(
  asked: readonly FixedIp[],
  subnets: readonly { readonly id: string; readonly ip_version: number }[],
): boolean {
  if (asked.length === 0) return true;
  const six = new Set(subnets.filter((on) => on.ip_version === 6).map((on) => on.id));
  return asked.some(({ subnet_id, ip_address }) => ip_address?.includes(':') || six.has(subnet_id ?? ''));
}

const ipv6Of = (port: RoutedPort) => port.fixed_ips.filter(({ ip_address }) => ip_address?.includes(':'));

/**
 * The address of the port that the router answers for: the one asked for, or the first on a subnet of the router.
 * `interfaces`: those of the router on the port's network. 400: the port has no such address; 409: the router is on no subnet of it.
 */
export function proxiedAddress(
  port: RoutedPort,
  router: { readonly id: string; readonly interfaces: readonly RoutedPort[] },
  asked: string | null,
): string {
  if (!hasIpv6(port))
    throw badRequest('ndp_proxy', `Requested port ${port.id} must allocate one IPv6 address at least`);
  const reached = new Set(router.interfaces.flatMap((one) => ipv6Of(one).map(({ subnet_id }) => subnet_id)));
  if (asked === null) {
    const first = ipv6Of(port).find(({ subnet_id }) => reached.has(subnet_id))?.ip_address;
    if (first === undefined) throw portUnreachableByRouter(port.id, router.id);
    return first;
  }
  const own = ipv6Of(port).find(({ ip_address }) => sameIp(ip_address, asked));
  if (!own?.ip_address) throw invalidProxyAddress(asked, `This address not belong to the port ${port.id}`);
  if (!reached.has(own.subnet_id)) {
    throw invalidProxyAddress(asked, `This address cannot reach the router ${router.id}`);
  }
  return own.ip_address;
}

function sameIp(a: string | undefined, b: string): boolean {
  const [one, other] = [parseIp(a ?? ''), parseIp(b)];
  return one !== undefined && one.version === other?.version && one.value === other.value;
}

/** Packets pass only within one scope: the networks on both sides have to be of the same. */
export function checkSameScope(external: string | null, internal: string | null): void {
  if (external !== internal) throw addressScopeConflict(external, internal);
}
