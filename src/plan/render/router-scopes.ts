/**
 * Address scopes in a router: what comes in by an interface carries the mark of its scope (the upper half of the packet's mark, as
 * in Neutron's `router_info.py`), goes out only by interfaces of the same scope, and is not translated on the way within it. From
 * another scope, packets go outside by source NAT, and come in by a floating IP or a forwarded port.
 *
 * Neutron marks what is sent to each floating IP; here what was translated is known by its connection, so that floating IPs cost
 * no rules, and forwarded ports work across scopes as well.
 */
import type { HostRouter, HostRouterInterface } from '../../model/host-objects.ts';
import type { ChainFact, HookFact, IpFamily } from '../facts.ts';
import { rule } from '../rule-text.ts';
import { gatewayDeviceName, innerDeviceName, routerPrefix } from './names.ts';
import { type Chains, outsideAddress, withRules } from './router-chains.ts';

/** What stands for the networks that are in no scope; its mark is Neutron's. */
const noScope = { name: 'noscope', mark: 1024 } as const;

const mask = '0xffff0000';
const scopeChain = `${routerPrefix}-scope`;

/** A device with the mark of its scope. */
interface ScopedDevice {
  readonly name: string;
  readonly mark: string;
  readonly isGateway: boolean;
}

const scopeOf = (port: HostRouterInterface, family: IpFamily) =>
  (family === 4 ? port.ipv4_address_scope : port.ipv6_address_scope) ?? noScope.name;

const portsOf = (router: HostRouter) => (router.gateway ? [...router.interfaces, router.gateway] : router.interfaces);

/** Whether any network of a router is in a scope: without one, nothing is kept apart. */
export function isScoped(router: HostRouter): boolean {
  return portsOf(router).some((port) => port.ipv4_address_scope ?? port.ipv6_address_scope);
}

/** A mark of 16 bits from the scope alone, so that connections keep theirs when other scopes come and go. */
function markOf(scope: string): number {
  let hash = 0;
  for (const digit of scope) hash = (hash * 31 + (digit.codePointAt(0) ?? 0)) >>> 0;
  return 1 + (hash % 65_535);
}

/** The marks of a router's scopes; no two are the same. */
function marksOf(router: HostRouter): Map<string, string> {
  const scopes = portsOf(router).flatMap((port) => [scopeOf(port, 4), scopeOf(port, 6)]);
  const taken = new Set<number>([noScope.mark]);
  const marks = new Map<string, string>();
  const text = (mark: number) => `0x${mark.toString(16)}0000`;
  marks.set(noScope.name, text(noScope.mark));
  for (const scope of [...new Set(scopes)].sort()) {
    if (scope === noScope.name) continue;
    let mark = markOf(scope);
    while (taken.has(mark)) mark = 1 + (mark % 65_535);
    taken.add(mark);
    marks.set(scope, text(mark));
  }
  return marks;
}

/** The devices that have addresses of a family. */
function devicesOf(router: HostRouter, family: IpFamily): ScopedDevice[] {
  const marks = marksOf(router);
  return portsOf(router)
    .filter((port) => port.fixed_ips.some(({ ip }) => ip.includes(':') === (family === 6)))
    .map((port) => ({
      name: port === router.gateway ? gatewayDeviceName(port.port_id) : innerDeviceName(port.port_id),
      mark: marks.get(scopeOf(port, family)) ?? '',
      isGateway: port === router.gateway,
    }));
}

/** Where inner addresses hide behind the router's own, other scopes may go out. */
const hides = (router: HostRouter, family: IpFamily) =>
  family === 4 && router.gateway?.enable_snat === true && outsideAddress(router) !== undefined;

function familyChains(chains: Chains, router: HostRouter, namespace: string, family: IpFamily): Chains {
  const devices = devicesOf(router, family);
  const closed = devices.filter(({ isGateway }) => !(isGateway && hides(router, family)));
  const toScope = rule({ jump: scopeChain });
  const saved = `--nfmask ${mask} --ctmask ${mask}`;
  const restore = rule({
    matches: [`-m connmark ! --mark 0x0/${mask}`],
    jump: `CONNMARK --restore-mark ${saved}`,
  });
  const at = { namespace, family } as const;
  const scope = (table: 'mangle' | 'filter', rules: string[]): ChainFact => {
    return { fact: 'chain', ...at, table, chain: scopeChain, rules };
  };
  const translated = rule({ matches: ['-m conntrack --ctstate DNAT'], jump: 'RETURN' });
  const own: (ChainFact | HookFact)[] = [
    scope(
      'mangle',
      devices.map(({ name, mark }) => rule({ input: name, jump: `MARK --set-xmark ${mark}/${mask}` })),
    ),
    scope('filter', [
      translated,
      ...closed.map(({ name, mark }) =>
        rule({ output: name, matches: [`-m mark ! --mark ${mark}/${mask}`], jump: 'DROP' }),
      ),
    ]),
  ];
  const marked = withRules([...chains, ...own], { ...at, table: 'mangle', builtIn: 'PREROUTING' }, [toScope, restore]);
  return withRules(marked, { ...at, table: 'filter', builtIn: 'FORWARD' }, [toScope]);
}

/** What leaves by the gateway keeps the mark of where it came from in its connection. */
function savingChains(chains: Chains, router: HostRouter, namespace: string): Chains {
  if (!router.gateway || !hides(router, 4)) return chains;
  const save = rule({
    output: gatewayDeviceName(router.gateway.port_id),
    matches: [`-m connmark --mark 0x0/${mask}`],
    jump: `CONNMARK --save-mark --nfmask ${mask} --ctmask ${mask}`,
  });
  return withRules(chains, { namespace, family: 4, table: 'mangle', builtIn: 'POSTROUTING' }, [save]);
}

/** The rules that keep source NAT from what stays within the scope of the external network; they come before it. */
export function unhidden(router: HostRouter): string[] {
  const scope = router.gateway?.ipv4_address_scope;
  if (!router.gateway || !scope || !hides(router, 4)) return [];
  const matches = [`-m connmark --mark ${marksOf(router).get(scope)}/${mask}`];
  return [rule({ output: gatewayDeviceName(router.gateway.port_id), matches, jump: 'ACCEPT' })];
}

/** The chains of a router with the rules for its scopes. */
export function withScopes(chains: Chains, router: HostRouter, namespace: string): Chains {
  if (!isScoped(router)) return chains;
  const four = familyChains(chains, router, namespace, 4);
  return savingChains(familyChains(four, router, namespace, 6), router, namespace);
}

/**
 * The same as rules of nftables: for the chains that mark (mangle), on forward, that mark connections on the way out, and before
 * source NAT. nft 1.0.6 copies no part of a mark: there is one rule for each scope.
 */
export function scopeNftRules(router: HostRouter) {
  const none: string[] = [];
  if (!isScoped(router)) return { marks: none, forward: none, saving: none, unhidden: none };
  const families = [4, 6] as const;
  const marks = [...new Set(families.flatMap((family) => devicesOf(router, family).map(({ mark }) => mark)))];
  const set = (what: string, mark: string) => `${what} mark set ${what} mark & 0x0000ffff ^ ${mark}`;
  const gateway = router.gateway && gatewayDeviceName(router.gateway.port_id);
  const outside = router.gateway?.ipv4_address_scope;
  return {
    marks: [
      ...families.flatMap((family) =>
        devicesOf(router, family).map(
          ({ name, mark }) => `meta nfproto ipv${family} iifname "${name}" ${set('meta', mark)}`,
        ),
      ),
      ...marks.map((mark) => `ct mark & ${mask} == ${mark} ${set('meta', mark)}`),
    ],
    forward: [
      'ct status dnat accept',
      ...families.flatMap((family) =>
        devicesOf(router, family)
          .filter(({ isGateway }) => !(isGateway && hides(router, family)))
          .map(({ name, mark }) => `meta nfproto ipv${family} oifname "${name}" meta mark & ${mask} != ${mark} drop`),
      ),
    ],
    saving: hides(router, 4)
      ? marks.map(
          (mark) =>
            `meta nfproto ipv4 oifname "${gateway}" ct mark & ${mask} == 0 meta mark & ${mask} == ${mark} ${set('ct', mark)}`,
        )
      : none,
    unhidden:
      outside && hides(router, 4)
        ? [`oifname "${gateway}" ct mark & ${mask} == ${marksOf(router).get(outside)} accept`]
        : none,
  };
}
