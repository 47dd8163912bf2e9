/**
 * NDP proxies of a router (Neutron's `ndp_proxy` extension of the L3 agent): its gateway answers outside for inside addresses, and lets
 * in what is for them. What is for others of the inner subnets in the same address scope is dropped, whatever routes lead here.
 */
import { formatCidr, parseCidr } from '../../lib/ip.ts';
import type { HostRouter, HostRouterInterface } from '../../model/host-objects.ts';
import type { Fact } from '../facts.ts';
import { rule } from '../rule-text.ts';
import type { HostEnvironment } from './language.ts';
import { sysctl } from './link-layer.ts';
import { gatewayDeviceName, routerPrefix } from './names.ts';
import { type Chains, withRules } from './router-chains.ts';

const ndpChain = `${routerPrefix}-NDP`;

/** The table of the nftables driver. */
const table = { family: 'inet', table: 'neutrino-ndp' } as const;
const proxiedSet = 'proxied';

const isSix = ({ ip }: { readonly ip: string }) => ip.includes(':');

function prefixesOf(port: HostRouterInterface): string[] {
  return port.fixed_ips.filter(isSix).flatMap(({ ip, prefix_length }) => {
    const prefix = parseCidr(`${ip}/${prefix_length}`);
    return prefix ? [formatCidr(prefix)] : [];
  });
}

/** The inner subnets that packets from outside can come to: those of the address scope of the external network. */
function guarded({ gateway, interfaces }: HostRouter): string[] {
  const same = interfaces.filter(({ ipv6_address_scope }) => ipv6_address_scope === gateway?.ipv6_address_scope);
  return [...new Set(same.flatMap(prefixesOf))].sort();
}

/** How the gateway's device answers. Without proxies nothing is left to answer for, and that it would is switched off. */
function settings(device: string, namespace: string, on: boolean): Fact[] {
  const answers = sysctl(namespace, `net.ipv6.conf.${device}.proxy_ndp`, on ? '1' : '0');
  // There is one proxy on the link: none has to wait for others (RFC 4861, 7.2.8).
  return on ? [answers, sysctl(namespace, `net.ipv6.neigh.${device}.proxy_delay`, '0')] : [answers];
}

/** The chains of a router with the chain for what comes from outside; each proxy is a hook of it. */
export function withNdp(chains: Chains, router: HostRouter, namespace: string): Chains {
  const { gateway, ndp_proxies: proxies } = router;
  if (!gateway || !proxies) return chains;
  const input = gatewayDeviceName(gateway.port_id);
  const at = { namespace, family: 6, table: 'filter' } as const;
  const jumps = guarded(router).map((destination) => rule({ destination, input, jump: ndpChain }));
  const own: Chains = [
    { fact: 'chain', ...at, chain: ndpChain, rules: [rule({ input, jump: 'DROP' })], shared: true },
    ...proxies.map((destination) => {
      const accept = rule({ destination, input, jump: 'ACCEPT' });
      return { fact: 'hook', ...at, chain: ndpChain, rule: accept, anywhere: true } as const;
    }),
  ];
  return withRules([...chains, ...own], { ...at, builtIn: 'FORWARD' }, jumps);
}

/** The same as a table of nftables: the addresses are elements of a set. */
function nftFacts(router: HostRouter, proxies: readonly string[], device: string, namespace: string): Fact[] {
  const rules = guarded(router).map(
    (prefix) => `iifname "${device}" ip6 daddr ${prefix} iifname . ip6 daddr != @${proxiedSet} drop`,
  );
  const chain = { name: 'FORWARD', hook: 'type filter hook forward priority 0; policy accept;', rules };
  const sets = [{ name: proxiedSet, of: 'typeof iifname . ip6 daddr' }];
  const facts: Fact[] = [{ fact: 'nft-table', namespace, ...table, sets, chains: [chain] }];
  if (proxies.length > 0)
    facts.push({ fact: 'nft-elements', namespace, ...table, owner: device, elements: { [proxiedSet]: proxies } });
  return facts;
}

/** What answers outside, and for the nftables driver what lets in; the iptables driver has its chains. */
export function ndpFacts(router: HostRouter, namespace: string, env: HostEnvironment): Fact[] {
  const { gateway, ndp_proxies: proxies } = router;
  if (!gateway) return [];
  const device = gatewayDeviceName(gateway.port_id);
  if (!proxies) return gateway.fixed_ips.some(isSix) ? settings(device, namespace, false) : [];
  return [
    ...settings(device, namespace, true),
    ...proxies.map((ip): Fact => ({ fact: 'proxy', namespace, device, ip })),
    ...(env.natDriver === 'nftables' ? nftFacts(router, proxies, device, namespace) : []),
  ];
}
