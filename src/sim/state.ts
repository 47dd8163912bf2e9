/** The state of a simulated machine, and the errors that Linux would give. */
import type {
  FileFact,
  LinkKind,
  MeterFact,
  Namespace,
  NftElementFact,
  NftElementsFact,
  NftTableFact,
  OvsBridgeFact,
  OvsPortFact,
  ProcessFact,
  Qdisc,
  RouteFact,
  SetFact,
} from '../plan/facts.ts';
import { factKey } from '../plan/facts.ts';
import type { Step } from '../plan/steps.ts';

/** A device. */
export interface SimLink {
  readonly namespace: Namespace;
  readonly name: string;
  readonly kind: LinkKind;
  /** Counts up: one that is made anew under its old name has another. */
  readonly index: number;
  /** Made by Neutrino, rather than there before it. */
  readonly ours: boolean;
  mac: string;
  mtu: number;
  up: boolean;
  master: string | undefined;
  neighSuppress: boolean;
  txChecksum: boolean;
  /** In the order in which they came: of those in one subnet the first is the primary one. */
  addresses: { cidr: string; announce: boolean }[];
  /** mac|endpoint, or mac|bridge. */
  readonly fdb: Set<string>;
  /** Addresses that it answers for. */
  readonly proxies: Set<string>;
  /** ip → mac. */
  readonly neighbours: Map<string, string>;
  /** By type. */
  readonly qdiscs: Map<Qdisc['type'], Qdisc>;
  /** The other end of a pair. */
  peer: SimLink | undefined;
}

/** A chain: rules in front that hooks put there, and the chain's own. */
export interface SimChain {
  readonly builtIn: boolean;
  hooks: string[];
  rules: string[];
  shared: boolean;
}

/** A network namespace. */
export interface SimNamespace {
  readonly links: Map<string, SimLink>;
  readonly routes: Map<string, RouteFact>;
  readonly sysctls: Map<string, string>;
  /** By family|table|chain. */
  readonly chains: Map<string, SimChain>;
  readonly sets: Map<string, SetFact>;
  /** nftables tables by family|name. */
  readonly tables: Map<string, SimTable>;
}

/** An nftables table. */
export interface SimTable {
  table: NftTableFact;
  /** By device. */
  readonly elements: Map<string, NftElementsFact>;
  /** The elements of maps, by `map|key`. */
  readonly entries: Map<string, NftElementFact>;
  /** What its counters have come to, by name. */
  readonly counters: Map<string, { packets: number; bytes: number }>;
}

/** A bridge of Open vSwitch. */
export interface SimSwitch {
  fact: OvsBridgeFact;
  /** Made by Neutrino, rather than there before it. */
  readonly ours: boolean;
  /** By name. */
  readonly ports: Map<string, SimSwitchPort>;
  /** By owner. */
  readonly flows: Map<string, readonly string[]>;
  /** By number of their port. */
  readonly meters: Map<number, MeterFact>;
}

/** A port of a bridge of Open vSwitch. */
export interface SimSwitchPort {
  fact: OvsPortFact;
  readonly ours: boolean;
  /** The device that it was given; 0 where it brings its own. */
  readonly device: number;
  /** The number that flows have it by. */
  readonly ofport: number;
}

/** An established connection that was translated, for cuts to hit or to spare. */
export interface SimConnection {
  readonly namespace: Namespace;
  readonly protocol: string;
  readonly destination: string;
  readonly port: number;
  readonly target: string;
}

/** What the plan that is being performed makes and takes away; one load of a table knows all of it. Keys of facts. */
export interface SimPlan {
  readonly adds: ReadonlySet<string>;
  readonly removes: ReadonlySet<string>;
}

/** What steps make and take away. */
export function planOf(steps: readonly Step[]): SimPlan {
  const keys = (verb: Step['do']) =>
    new Set(steps.flatMap((step) => (step.do === verb && step.do !== 'cut' ? [factKey(step.fact)] : [])));
  return { adds: keys('add'), removes: keys('remove') };
}

/** Everything that a simulated machine is. */
export interface SimState {
  readonly namespaces: Map<Namespace, SimNamespace>;
  readonly files: Map<string, FileFact>;
  readonly processes: Map<string, ProcessFact>;
  readonly switches: Map<string, SimSwitch>;
  connections: SimConnection[];
  plan: SimPlan;
}

/** A command that failed, with what it printed. */
export class SimError extends Error {}

const builtInChains: Readonly<Record<string, readonly string[]>> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  raw: ['PREROUTING', 'OUTPUT'],
};

/** The key of a chain within its namespace. */
export function chainName(at: { family: number; table: string; chain: string }): string {
  return `${at.family}|${at.table}|${at.chain}`;
}

let lastIndex = 0;

/** A device as it comes. */
export function newLink(namespace: Namespace, name: string, kind: LinkKind, ours: boolean): SimLink {
  return {
    namespace,
    name,
    kind,
    index: ++lastIndex,
    ours,
    mac: '',
    mtu: name === 'lo' ? 65536 : 1500,
    up: false,
    master: undefined,
    neighSuppress: false,
    txChecksum: true,
    addresses: [],
    fdb: new Set(),
    proxies: new Set(),
    neighbours: new Map(),
    qdiscs: new Map(),
    peer: undefined,
  };
}

/** A namespace as it comes: a loopback that is down, and empty tables. */
export function newNamespace(name: Namespace): SimNamespace {
  const chains = new Map<string, SimChain>();
  for (const family of [4, 6])
    for (const [table, names] of Object.entries(builtInChains))
      for (const chain of names)
        chains.set(chainName({ family, table, chain }), { builtIn: true, hooks: [], rules: [], shared: false });
  const links = new Map([['lo', newLink(name, 'lo', { type: 'foreign' }, false)]]);
  return {
    links,
    routes: new Map(),
    sysctls: new Map(),
    chains,
    sets: new Map(),
    tables: new Map(),
  };
}

/** The namespace, or the error of `ip netns exec`. */
export function namespaceOf(state: SimState, name: Namespace): SimNamespace {
  const found = state.namespaces.get(name);
  if (!found) throw new SimError(`Cannot open network namespace "${name}": No such file or directory`);
  return found;
}

/** The device, or the error of `ip`. */
export function linkOf(state: SimState, namespace: Namespace, name: string): SimLink {
  const found = namespaceOf(state, namespace).links.get(name);
  if (!found) throw new SimError(`Cannot find device "${name}"`);
  return found;
}
