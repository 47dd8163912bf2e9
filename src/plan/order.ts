/** The order of steps: a thing is made after what it stands on, and taken away before it. */
import type { ChainFact, Fact, HookFact, LinkFact } from './facts.ts';
import { jumpOf } from './rule-text.ts';
import { deadVlan } from './switch-facts.ts';

const linkRank = { bridge: 10, vxlan: 11, vlan: 11, ifb: 11, veth: 12, peer: 13, foreign: 14 } as const;

const ranks = {
  netns: 0,
  'ovs-bridge': 5,
  link: 10,
  'ovs-port': 16,
  sysctl: 20,
  address: 30,
  route: 40,
  proxy: 50,
  neighbour: 50,
  fdb: 51,
  qdisc: 55,
  // Cut when the rules that let them in are gone.
  connections: 56,
  set: 60,
  'nft-table': 61,
  'nft-elements': 62,
  'nft-element': 62,
  meter: 64,
  flows: 65,
  chain: 70,
  hook: 80,
  file: 90,
  process: 100,
} as const;

/** Where hooks come in a plan. */
export const hookRank = ranks.hook;
/** Where a port gets its VLAN: after the flows that guard it. */
const letIn = ranks.hook + 2;

/** Whether a device is an instance's, for which rules stand. */
function isLetOntoBridge({ kind, namespace, master }: LinkFact): boolean {
  if (kind.type === 'vlan') return kind.guarded === true && master !== undefined;
  return kind.type === 'foreign' && namespace === '';
}

/** Where a fact comes in a plan. */
export function rank(fact: Fact): number {
  // An instance's tap is let onto the bridge when the rules that guard it are there.
  if (fact.fact === 'link' && isLetOntoBridge(fact)) return ranks.hook + 1;
  if (fact.fact === 'ovs-port' && fact.foreign) return letIn;
  if (fact.fact === 'link') return linkRank[fact.kind.type];
  // A next hop may be reachable only by a route without one.
  if (fact.fact === 'route' && fact.via !== null) return ranks.route + 1;
  return ranks[fact.fact];
}

/** Chains so that each comes after those it jumps to. A ring of jumps, which no kernel takes, keeps its order. */
function calledFirst(chains: readonly ChainFact[]): ChainFact[] {
  const byKey = new Map(chains.map((chain) => [chainOf(chain), chain]));
  const sorted: ChainFact[] = [];
  const seen = new Set<string>();
  const visit = (chain: ChainFact) => {
    const key = chainOf(chain);
    if (seen.has(key)) return;
    seen.add(key);
    for (const rule of chain.rules) {
      const called = byKey.get(chainOf({ ...chain, chain: jumpOf(rule) ?? '' }));
      if (called) visit(called);
    }
    sorted.push(chain);
  };
  for (const chain of chains) visit(chain);
  return sorted;
}

/** Where a lowered MTU comes on the inner end of a pair: before the outer end, which would drop what the inner one sends. */
const loweredPeer = linkRank.veth - 0.5;

/** Where a changed fact comes that has another place than one that is made: `undefined` where it has the same. */
export function placeOfChange(fact: Fact, was: Fact): number | undefined {
  if (lowersPeer(fact, was)) return loweredPeer;
  return letsIn(fact, was) ? letIn : undefined;
}

/** Whether the inner end of a pair gets a smaller MTU. */
function lowersPeer(fact: Fact, was: Fact): boolean {
  if (fact.fact !== 'link' || was.fact !== 'link' || fact.kind.type !== 'peer') return false;
  return fact.mtu !== undefined && was.mtu !== undefined && fact.mtu < was.mtu;
}

/** Whether a port leaves the dead VLAN, as an instance's interface does when the flows that guard it are there. */
function letsIn(fact: Fact, was: Fact): boolean {
  return fact.fact === 'ovs-port' && was.fact === 'ovs-port' && was.tag === deadVlan && fact.tag !== deadVlan;
}

/** Facts in the order in which they are made; `places` are those of facts that do not come by their rank. */
export function inOrder<F extends Fact>(facts: readonly F[], places: ReadonlyMap<Fact, number> = new Map()): F[] {
  const chains = calledFirst(facts.filter((fact): fact is F & ChainFact => fact.fact === 'chain'));
  const called = new Map<Fact, number>(chains.map((chain, place) => [chain, place]));
  const place = (fact: Fact, index: number) => called.get(fact) ?? index;
  return facts
    .map((fact, index) => ({ fact, at: places.get(fact) ?? rank(fact), place: place(fact, index) }))
    .sort((a, b) => a.at - b.at || a.place - b.place)
    .map(({ fact }) => fact);
}

/** The chain that a hook stands in, or that a chain fact is, as one text. */
export function chainOf(fact: HookFact | ChainFact): string {
  return `${fact.namespace}|${fact.family}|${fact.table}|${fact.chain}`;
}

/** The namespaces and the devices in them that something stands on. */
export function deviceOf(fact: Fact): { namespace: string; device: string } | null {
  switch (fact.fact) {
    case 'address':
    case 'route':
    case 'fdb':
    case 'proxy':
    case 'neighbour':
    case 'qdisc':
      return { namespace: fact.namespace, device: fact.device };
    case 'link':
      return fact.kind.type === 'vlan' ? { namespace: fact.namespace, device: fact.kind.device } : null;
    default:
      return null;
  }
}

/** A link by its namespace and name, as one text. */
export function linkKey(namespace: string, name: string): string {
  return `link|${namespace}|${name}`;
}

/** The other end of a pair, where the link names it. */
export function peerKey(link: LinkFact): string | null {
  return link.kind.type === 'veth' ? linkKey(link.kind.peer.namespace, link.kind.peer.name) : null;
}
