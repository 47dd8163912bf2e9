/**
 * The NAT of a router, chain by chain as Neutron's L3 agent writes it (`legacy_router`, `router_info`, and the port forwarding
 * extension): floating IPs, forwarded ports, source NAT towards the outside, and the way back for connections that leave by the
 * door they came in (hairpin).
 */
import type { HostRouter } from '../../model/host-objects.ts';
import type { ChainFact, HookFact, IpFamily, IptablesTable } from '../facts.ts';
import { destinationPorts, protocolText, rule } from '../rule-text.ts';
import { gatewayDeviceName, routerPrefix } from './names.ts';

type Forwarding = HostRouter['port_forwardings'][number];

const name = (suffix: string) => `${routerPrefix}-${suffix}`;
const bottom = 'neutron-postrouting-bottom';

/** What marks packets that came in by the gateway (`external_ingress_mark`). */
export const ingressMark = { value: '0x2', mask: '0xffff' } as const;
const ingress = `${ingressMark.value}/${ingressMark.mask}`;

/** The chain of a forwarding: Neutron keeps eight characters of the id, since a chain has at most 28. */
export function forwardingChain(id: string): string {
  return name(`pf-${id.slice(0, 8)}`);
}

/** Where a forwarding sends to: one port, a range of equal length shifted (`/first` of the outer range), or all to one port. */
function forwardingTarget(one: Forwarding): string {
  const { internal_first: first, internal_last: last } = one;
  if (first === last) return `${one.internal_ip}:${first}`;
  return `${one.internal_ip}:${first}-${last}/${one.external_first}`;
}

function forwardingRule(one: Forwarding): string {
  const protocol = protocolText(one.protocol) ?? one.protocol;
  const ports = destinationPorts(protocol, one.external_first, one.external_last);
  // ICMP has no ports: all of it goes to the inside address.
  const target = ports ? forwardingTarget(one) : one.internal_ip;
  return rule({
    destination: one.floating_ip,
    protocol,
    matches: ports ? [ports] : [],
    jump: `DNAT --to-destination ${target}`,
  });
}

/** One chain for each forwarding; two whose ids begin alike share theirs. */
function forwardingRules(router: HostRouter): Map<string, string[]> {
  const chains = new Map<string, string[]>();
  for (const one of router.port_forwardings) {
    const chain = forwardingChain(one.id);
    const rules = chains.get(chain) ?? [];
    rules.push(forwardingRule(one));
    chains.set(chain, rules);
  }
  return chains;
}

/** The router's own IPv4 address outside, which inner addresses hide behind. */
export function outsideAddress(router: HostRouter): string | undefined {
  return router.gateway?.fixed_ips.find(({ ip }) => !ip.includes(':'))?.ip;
}

/** Source NAT, and the mark that tells what came from outside (`_add_snat_rules`). */
function gatewayRules(router: HostRouter) {
  const address = outsideAddress(router);
  if (!router.gateway || !address) return { postrouting: [], snat: [], mark: [] };
  const device = gatewayDeviceName(router.gateway.port_id);
  const hide = `SNAT --to-source ${address} --random-fully`;
  const hairpin = [`-m mark ! --mark ${ingress}`, '-m conntrack --ctstate DNAT'];
  return {
    postrouting: [rule({ output: `! ${device}`, matches: ['-m conntrack ! --ctstate DNAT'], jump: 'ACCEPT' })],
    snat: [
      ...(router.gateway.enable_snat ? [rule({ output: device, jump: hide })] : []),
      rule({ matches: hairpin, jump: hide }),
    ],
    mark: [rule({ input: device, jump: `MARK --set-xmark ${ingress}` })],
  };
}

/** The rules of each chain of table nat. */
function natRules(
  router: HostRouter,
  forwardings: ReadonlyMap<string, string[]>,
  unhidden: readonly string[],
): Map<string, string[]> {
  const translate = router.floating_ips.map(({ floating_ip, fixed_ip }) =>
    rule({ destination: floating_ip, jump: `DNAT --to-destination ${fixed_ip}` }),
  );
  const gateway = gatewayRules(router);
  const toSnat = rule({ comment: 'Perform source NAT on outgoing traffic.', jump: name('snat') });
  return new Map([
    ...forwardings,
    [
      name('float-snat'),
      router.floating_ips.map(({ floating_ip, fixed_ip }) =>
        rule({ source: fixed_ip, jump: `SNAT --to-source ${floating_ip} --random-fully` }),
      ),
    ],
    [name('snat'), [rule({ jump: name('float-snat') }), ...unhidden, ...gateway.snat]],
    [bottom, [toSnat]],
    [name('PREROUTING'), [...translate, rule({ jump: name('fip-pf') })]],
    [name('OUTPUT'), translate],
    [name('POSTROUTING'), gateway.postrouting],
  ]);
}

/** The chains and hooks of a router. */
export type Chains = readonly (ChainFact | HookFact)[];

/** Puts rules into the chain that stands in a built-in one, at its end or in front; where there is none yet, it is made. */
export function withRules(
  chains: Chains,
  at: {
    readonly namespace: string;
    readonly family: IpFamily;
    readonly table: IptablesTable;
    readonly builtIn: string;
  },
  rules: readonly string[],
  place: 'first' | 'last' = 'last',
): Chains {
  const { builtIn, ...where } = at;
  const chain = name(builtIn);
  const isIt = (fact: ChainFact | HookFact) =>
    fact.fact === 'chain' && fact.family === at.family && fact.table === at.table && fact.chain === chain;
  if (!chains.some(isIt))
    return [
      ...chains,
      { fact: 'chain', ...where, chain, rules },
      { fact: 'hook', ...where, chain: builtIn, rule: rule({ jump: chain }) },
    ];
  return chains.map((fact) => {
    if (fact.fact !== 'chain' || !isIt(fact)) return fact;
    return { ...fact, rules: place === 'first' ? [...rules, ...fact.rules] : [...fact.rules, ...rules] };
  });
}

/** The chain of all forwardings: its jumps are hooks, so that one forwarding more costs the same whatever their number. */
function forwardingFacts(forwardings: Iterable<string>, at: Pick<ChainFact, 'namespace' | 'family'>) {
  const place = { ...at, table: 'nat', chain: name('fip-pf') } as const;
  const all: ChainFact = { fact: 'chain', ...place, rules: [], shared: true };
  const jumps = Array.from(forwardings, (chain): HookFact => {
    return { fact: 'hook', ...place, rule: rule({ jump: chain }), anywhere: true };
  });
  return [all, ...jumps];
}

/**
 * The chains and hooks of a router with a gateway; without one there is nothing to translate. `unhidden`: rules for what leaves by the
 * gateway under its own address.
 */
export function routerChains(router: HostRouter, namespace: string, unhidden: readonly string[] = []): Chains {
  if (!router.gateway) return [];
  const at = { namespace, family: 4 } as const;
  const forwardings = forwardingRules(router);
  const chain = (table: IptablesTable, chainName: string, rules: readonly string[]): ChainFact => {
    return { fact: 'chain', ...at, table, chain: chainName, rules };
  };
  const hook = (table: IptablesTable, builtIn: string, to: string): HookFact => {
    return { fact: 'hook', ...at, table, chain: builtIn, rule: rule({ jump: to }) };
  };
  return [
    ...forwardingFacts(forwardings.keys(), at),
    ...[...natRules(router, forwardings, unhidden)].map(([chainName, rules]) => chain('nat', chainName, rules)),
    chain('mangle', name('mark'), gatewayRules(router).mark),
    chain('mangle', name('PREROUTING'), [rule({ jump: name('mark') })]),
    hook('mangle', 'PREROUTING', name('PREROUTING')),
    hook('nat', 'PREROUTING', name('PREROUTING')),
    hook('nat', 'OUTPUT', name('OUTPUT')),
    hook('nat', 'POSTROUTING', name('POSTROUTING')),
    hook('nat', 'POSTROUTING', bottom),
  ];
}
