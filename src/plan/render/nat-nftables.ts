/**
 * The NAT of a router as one table of nftables, with the meaning of the chains in `router-chains.ts`: floating IPs and forwarded
 * ports are elements of maps, so that finding one among ten thousand costs what finding one among ten costs, and one more is one
 * element. The rules themselves depend on the gateway alone.
 */
import type { HostRouter } from '../../model/host-objects.ts';
import type { NftElementFact, NftTableFact } from '../facts.ts';
import { type NatElement, type NatMap, natElement, natMaps, natTable } from '../nft-nat.ts';
import { protocolNumber } from '../rule-text.ts';
import type { HostEnvironment } from './language.ts';
import { gatewayDeviceName } from './names.ts';
import { ingressMark, outsideAddress } from './router-chains.ts';
import { helperNftRules } from './router-helpers.ts';
import { isAsked, metadataNftRules } from './router-metadata.ts';
import { isScoped, scopeNftRules } from './router-scopes.ts';

type Forwarding = HostRouter['port_forwardings'][number];

/** Elements that the shifted ranges of a router may come to: one for each of their ports. */
export const shiftedPortsLimit = 65_536;

/** Protocols whose packets begin with two ports. */
const withPorts = ['tcp', 'udp', 'sctp', 'dccp'] as const;

/** By which map, and as which element. */
function forwardingElement(one: Forwarding): readonly [NatMap, NatElement] {
  const protocol = String(protocolNumber(one.protocol) ?? one.protocol);
  const base = { destination: one.floating_ip, protocol, target: one.internal_ip };
  if (!(withPorts as readonly string[]).includes(one.protocol))
    return ['protocols', { ...base, ports: null, targetPorts: null }];
  const ports = { first: one.external_first, last: one.external_last };
  const inner = { first: one.internal_first, last: one.internal_last };
  if (ports.first === ports.last) return ['ports', { ...base, ports, targetPorts: inner }];
  if (inner.first === inner.last) return ['toOne', { ...base, ports, targetPorts: inner }];
  if (inner.first === ports.first) return ['unshifted', { ...base, ports, targetPorts: null }];
  return ['ports', { ...base, ports, targetPorts: inner }];
}

/** The elements of the forwardings, and which of them have no room. */
function forwardings(router: HostRouter, namespace: string): { elements: NftElementFact[]; problem: string | null } {
  const elements: NftElementFact[] = [];
  let shifted = 0;
  let problem: string | null = null;
  for (const one of router.port_forwardings) {
    const [map, element] = forwardingElement(one);
    const { ports } = element;
    const size = map === 'ports' && ports && ports.last > ports.first ? ports.last - ports.first + 1 : 0;
    if (size > 0 && shifted + size > shiftedPortsLimit) {
      problem ??= `forwarding ${one.id}: ranges of ports that lead to other ports come to more than ${shiftedPortsLimit} on this router, which is all that the nftables driver takes; use the same ports inside and outside, or nat_driver = iptables`;
      continue;
    }
    shifted += size;
    elements.push(natElement(namespace, map, element));
  }
  return { elements, problem };
}

/** Of two elements with one key the first counts, as the first of two rules does. */
function firstByKey(elements: readonly NftElementFact[]): NftElementFact[] {
  const byKey = new Map<string, NftElementFact>();
  for (const one of elements) if (!byKey.has(`${one.map} ${one.key}`)) byKey.set(`${one.map} ${one.key}`, one);
  return [...byKey.values()];
}

function floatingIps(router: HostRouter, namespace: string): NftElementFact[] {
  const whole = { protocol: null, ports: null, targetPorts: null };
  return router.floating_ips.flatMap(({ floating_ip, fixed_ip }) => [
    natElement(namespace, 'floating', { destination: floating_ip, target: fixed_ip, ...whole }),
    natElement(namespace, 'fixed', { destination: fixed_ip, target: floating_ip, ...whole }),
  ]);
}

const floating = `dnat ip to ip daddr map @${natMaps.floating.name}`;

/** Destinations: the whole address first, then its ports. */
function destinations(): string[] {
  const byPort = (map: NatMap) => `dnat ip to ip daddr . meta l4proto . th dport map @${natMaps[map].name}`;
  // nft 1.0.6 wants the protocol of each where a map of ranges leads to a port.
  const toOne = withPorts.map(
    (name) => `meta l4proto ${name} dnat ip to ip daddr . meta l4proto . ${name} dport map @${natMaps.toOne.name}`,
  );
  return [
    floating,
    byPort('ports'),
    ...toOne,
    byPort('unshifted'),
    `dnat ip to ip daddr . meta l4proto map @${natMaps.protocols.name}`,
  ];
}

/** Sources: out by the gateway, and back in to where the connection came from (hairpin). */
function sources(router: HostRouter, device: string, unhidden: readonly string[]): string[] {
  const address = outsideAddress(router);
  const fixed = `snat ip to ip saddr map @${natMaps.fixed.name} fully-random`;
  if (!address) return [fixed];
  const hide = `snat ip to ${address} fully-random`;
  return [
    `oifname != "${device}" ct status & dnat == 0 accept`,
    fixed,
    ...unhidden,
    ...(router.gateway?.enable_snat ? [`oifname "${device}" ${hide}`] : []),
    `meta mark & 0xffff != ${ingressMark.value} ct status dnat ${hide}`,
  ];
}

/** The rules that a gateway brings. */
function gatewayRules(router: HostRouter, unhidden: readonly string[]) {
  if (!router.gateway) return { marks: [], prerouting: [], output: [], postrouting: [] };
  const device = gatewayDeviceName(router.gateway.port_id);
  const mark = `iifname "${device}" meta mark set meta mark & 0xffff0000 ^ ${ingressMark.value}`;
  return {
    marks: outsideAddress(router) ? [mark] : [],
    prerouting: destinations(),
    output: [floating],
    postrouting: sources(router, device, unhidden),
  };
}

/** The table and the elements of a router; none where nothing is to be translated. */
export function natTableFacts(
  router: HostRouter,
  namespace: string,
  env: HostEnvironment,
): { facts: (NftTableFact | NftElementFact)[]; problem: string | null } {
  if (!router.gateway && !isAsked(router, env) && !isScoped(router) && !router.conntrack_helpers)
    return { facts: [], problem: null };
  const scopes = scopeNftRules(router);
  const helpers = helperNftRules(router);
  const gateway = gatewayRules(router, scopes.unhidden);
  const metadata = metadataNftRules(router, env);
  const chain = (name: string, hook: string, ...rules: string[][]) => {
    return { name, hook: `type ${hook}; policy accept;`, rules: rules.flat() };
  };
  // Always the same chains: one that is no longer named would stay.
  const table: NftTableFact = {
    fact: 'nft-table',
    namespace,
    ...natTable,
    sets: Object.values(natMaps),
    ...(helpers.objects.length > 0 ? { objects: helpers.objects } : {}),
    chains: [
      // After conntrack has looked at the packet, before its destination is translated.
      chain('HELPER', 'filter hook prerouting priority -190', helpers.rules),
      chain('MARK', 'filter hook prerouting priority -150', metadata.marks, gateway.marks, scopes.marks),
      chain('PREROUTING', 'nat hook prerouting priority -100', metadata.prerouting, gateway.prerouting),
      chain('INPUT', 'filter hook input priority 0', metadata.input),
      chain('FORWARD', 'filter hook forward priority 0', scopes.forward),
      chain('OUTPUT', 'nat hook output priority -100', gateway.output),
      chain('CONNMARK', 'filter hook postrouting priority -150', scopes.saving),
      chain('POSTROUTING', 'nat hook postrouting priority 100', gateway.postrouting),
    ],
  };
  if (!router.gateway) return { facts: [table], problem: null };
  const { elements, problem } = forwardings(router, namespace);
  return { facts: [table, ...firstByKey([...floatingIps(router, namespace), ...elements])], problem };
}
