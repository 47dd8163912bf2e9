/**
 * The state of a host as a set of facts. What is wanted and what is there are both sets of facts, so one comparison
 * (`diff.ts`) plans every change, and the simulated machine is such a set too.
 *
 * A fact names one thing (its key) and says how it is (the rest). Only things that Neutrino made, or makes, are facts.
 */
import type { ProcessFact } from './process-fact.ts';
import type { FlowsFact, MeterFact, OvsBridgeFact, OvsPortFact } from './switch-facts.ts';

export type { LeasesOf, ProcessFact } from './process-fact.ts';
export {
  deadVlan,
  type FlowsFact,
  type MeterFact,
  type OvsBridgeFact,
  type OvsDatapath,
  type OvsPortFact,
} from './switch-facts.ts';

/** A network namespace: '' is the host's own. */
export type Namespace = string;

/** A named network namespace. */
export interface NetnsFact {
  readonly fact: 'netns';
  readonly name: string;
}

/** How a link comes to be. */
export type LinkKind =
  /**
   * A bridge. `shared` is one that others use too (the bridge of a physical network): where it exists already it is taken as it
   * is; one that we had to make carries the alias `neutrino`, and only that one is removed, once it has no port left.
   */
  | { readonly type: 'bridge'; readonly shared?: true }
  /** One end of a veth pair, the end that makes it; the other end is a link of type `peer`. */
  | { readonly type: 'veth'; readonly peer: { readonly namespace: Namespace; readonly name: string } }
  | { readonly type: 'peer' }
  | {
      readonly type: 'vxlan';
      readonly vni: number;
      /** The address of this host's endpoint. */
      readonly local: string;
      readonly port: number;
    }
  /** A device that frames only pass, so that they wait in its queue: what a device receives cannot wait there itself. */
  | { readonly type: 'ifb' }
  /**
   * An 802.1q device: the frames of `device` (in the same namespace) with the tag `id`. It goes when that device does. `guarded`: they
   * are an instance's, and on its bridge it is only while the rules that guard it are there.
   */
  | { readonly type: 'vlan'; readonly device: string; readonly id: number; readonly guarded?: true }
  /**
   * Made by someone else (an instance's tap, the loopback of a namespace): never made or removed, only set. Removing the fact of
   * one in the host's own namespace releases it: off its bridge, and down. Where it is one end of a pair into the namespace of an
   * instance that `neutrino port attach` made, a change of its MTU reaches the other end too. `nic` is an interface of the host: it becomes a port of
   * a bridge only while it has no address of its own, which the bridge would cut off, and stays up when it is released.
   */
  | { readonly type: 'foreign'; readonly nic?: true };

/** A network device. An attribute that is left out is left as it is. */
export interface LinkFact {
  readonly fact: 'link';
  readonly namespace: Namespace;
  readonly name: string;
  readonly kind: LinkKind;
  readonly mac?: string;
  /** Bytes. */
  readonly mtu?: number;
  readonly up: boolean;
  /** The bridge (in the same namespace) that it is a port of. */
  readonly master?: string;
  /**
   * As a port of its bridge: who has an address that the bridge knows (neighbour and forwarding entry) is answered there, and not
   * asked through this port; gratuitous ARP does not go through it either. What the bridge does not know is asked.
   */
  readonly neighSuppress?: boolean;
  /** Whether the device is trusted to fill in checksums of what is sent: a switch outside the kernel sees them empty. */
  readonly txChecksum?: boolean;
}

/** An address of a device. */
export interface AddressFact {
  readonly fact: 'address';
  readonly namespace: Namespace;
  readonly device: string;
  /** Address and prefix length: 10.0.0.1/24. */
  readonly cidr: string;
  /** Tell the neighbours by gratuitous ARP once it is there. */
  readonly announce?: boolean;
}

/** A route of the main table. */
export interface RouteFact {
  readonly fact: 'route';
  readonly namespace: Namespace;
  /** A prefix, or 'default' (IPv4), 'default6'. */
  readonly destination: string;
  readonly via: string | null;
  readonly device: string;
}

/**
 * A forwarding entry of a VXLAN device: frames to `mac` go to `endpoint`. 00:00:00:00:00:00 is where unknown ones go. Without an
 * endpoint it is one of the bridge that the device is a port of: frames to `mac` leave by this port.
 */
export interface FdbFact {
  readonly fact: 'fdb';
  readonly namespace: Namespace;
  readonly device: string;
  readonly mac: string;
  readonly endpoint: string | null;
}

/** An IPv6 address for which the host answers on a device though it is not its own; the neighbours are told once it does. */
export interface ProxyFact {
  readonly fact: 'proxy';
  readonly namespace: Namespace;
  readonly device: string;
  readonly ip: string;
}

/** A permanent neighbour entry: on a bridge, what it answers with for ports with `neighSuppress`. */
export interface NeighbourFact {
  readonly fact: 'neighbour';
  readonly namespace: Namespace;
  readonly device: string;
  readonly ip: string;
  readonly mac: string;
}

/** What becomes of the frames of a device before it sends them, or when it has received them. */
export type Qdisc =
  /** Sent: they wait until a bucket has tokens for them; it fills at the rate, and holds the burst. */
  | { readonly type: 'tbf'; readonly rateKbps: number; readonly burstBytes: number }
  /** Received: they go out of another device first, and come back to this one from there. */
  | { readonly type: 'ingress'; readonly redirect: string };

/** A queueing discipline of a device. */
export interface QdiscFact {
  readonly fact: 'qdisc';
  readonly namespace: Namespace;
  readonly device: string;
  readonly qdisc: Qdisc;
}

/**
 * The tracked connections of a port's address in the conntrack zone of its network. Nothing is made: they come with traffic. Removing the
 * fact cuts them, so that who gets the address next is not let in by what its former owner was allowed. Whether there are any is not
 * looked at.
 */
export interface ConnectionsFact {
  readonly fact: 'connections';
  readonly namespace: Namespace;
  /** 1 to 65535. */
  readonly zone: number;
  readonly ip: string;
}

/** A kernel setting; `name` with dots: net.ipv4.ip_forward. It is never set back. */
export interface SysctlFact {
  readonly fact: 'sysctl';
  readonly namespace: Namespace;
  readonly name: string;
  readonly value: string;
}

export type IpFamily = 4 | 6;
export type IptablesTable = 'filter' | 'nat' | 'mangle' | 'raw';

/** A chain of our own, whole. Rules are as `iptables-save` prints them, without the leading `-A CHAIN `. */
export interface ChainFact {
  readonly fact: 'chain';
  readonly namespace: Namespace;
  readonly family: IpFamily;
  readonly table: IptablesTable;
  readonly chain: string;
  readonly rules: readonly string[];
  /**
   * Hooks of other units stand in this chain, in front of `rules`, which are its end. Making it touches no hook that is there
   * already (a missing chain is made and `rules` appended); observing gives its last `rules.length` rules and leaves out the rest;
   * a change deletes the rules of `was` one by one and appends the new ones; removing takes the hooks left in it along.
   */
  readonly shared?: true;
}

/** One rule in a chain that is shared with others; it is inserted in front. As `iptables-save` prints it, without `-A CHAIN `. */
export interface HookFact {
  readonly fact: 'hook';
  readonly namespace: Namespace;
  readonly family: IpFamily;
  readonly table: IptablesTable;
  readonly chain: string;
  readonly rule: string;
  /** The rule of ours that stands in front of it, where there is one: a hook that stands before that one is not there as wanted. */
  readonly behind?: string;
  /**
   * The rule may stand anywhere among the hooks of its chain, and it does no harm to stand there twice: it is made and taken away
   * without a look at the others, however many they are.
   */
  readonly anywhere?: true;
}

/** An ipset of type hash:net, whole. Elements in canonical text, sorted. */
export interface SetFact {
  readonly fact: 'set';
  readonly namespace: Namespace;
  readonly name: string;
  readonly family: IpFamily;
  readonly elements: readonly string[];
}

/** The families of the nftables tables that are ours. */
export type NftFamily = 'bridge' | 'inet';

/** A set of an nftables table, or a map. */
export interface NftSet {
  readonly name: string;
  /**
   * What its elements are, as nft has it: `typeof iifname . ether saddr`, and for a map what they lead to: `type ipv4_addr :
   * ipv4_addr`. In a set whose elements belong to devices, the first part is the device's name.
   */
  readonly of: string;
  /** Elements may be prefixes, or ranges. */
  readonly interval?: true;
}

/** Something in an nftables table that rules call by its name. What it has come to (the count of a counter) is not a part of it. */
export interface NftObject {
  readonly name: string;
  /** What it is, as nft has it: `ct helper`, `counter`. */
  readonly of: string;
  readonly body: string;
}

/** A chain of an nftables table. */
export interface NftChain {
  readonly name: string;
  /** Where it is hooked in, as nft has it; left out: it is jumped to. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/**
 * An nftables table of our own, whole but for the elements of its sets. A changed one keeps the elements, and the counts of its
 * counters; a set that is no longer wanted stays until its table goes, and one whose nature changes needs another name. Chains
 * stand after those that they jump to.
 */
export interface NftTableFact {
  readonly fact: 'nft-table';
  readonly namespace: Namespace;
  readonly family: NftFamily;
  readonly table: string;
  readonly sets: readonly NftSet[];
  readonly objects?: readonly NftObject[];
  readonly chains: readonly NftChain[];
}

/** What stands in the sets of an nftables table for one device, whole. */
export interface NftElementsFact {
  readonly fact: 'nft-elements';
  readonly namespace: Namespace;
  readonly family: NftFamily;
  readonly table: string;
  /** The device's name; it need not be there. */
  readonly owner: string;
  /** By set, what follows the device's name ('' where nothing does), as nft prints it, sorted; no empty lists. */
  readonly elements: Readonly<Record<string, readonly string[]>>;
}

/**
 * One element of a map of an nftables table: what `key` leads to; or of a set, with the limit that it has of its own. Keys and values are as nft has them, protocols by number:
 * `203.0.113.5 . 6 . 9000`. Where the last parts of both are ranges of equal length, it is one element for each of their numbers.
 */
export interface NftElementFact {
  readonly fact: 'nft-element';
  readonly namespace: Namespace;
  readonly family: NftFamily;
  readonly table: string;
  readonly map: string;
  readonly key: string;
  readonly value: string;
}

/** A file, whole. The folder is made when missing, and removed when empty. */
export interface FileFact {
  readonly fact: 'file';
  readonly path: string;
  readonly content: string;
  /** Permission bits, for example 0o644. */
  readonly mode: number;
}

export type Fact =
  | NetnsFact
  | LinkFact
  | AddressFact
  | RouteFact
  | FdbFact
  | ProxyFact
  | NeighbourFact
  | QdiscFact
  | ConnectionsFact
  | SysctlFact
  | ChainFact
  | HookFact
  | SetFact
  | NftTableFact
  | NftElementsFact
  | NftElementFact
  | FileFact
  | ProcessFact
  | OvsBridgeFact
  | OvsPortFact
  | MeterFact
  | FlowsFact;

/** What a fact is about, as one text; two facts with one key contradict each other. */
export type FactKey = string;

/** The key of a fact. */
export function factKey(fact: Fact): FactKey {
  switch (fact.fact) {
    case 'netns':
      return `netns|${fact.name}`;
    case 'link':
      return `link|${fact.namespace}|${fact.name}`;
    case 'address':
      return `address|${fact.namespace}|${fact.device}|${fact.cidr}`;
    case 'route':
      return `route|${fact.namespace}|${fact.destination}`;
    case 'fdb':
      return `fdb|${fact.namespace}|${fact.device}|${fact.mac}|${fact.endpoint ?? 'bridge'}`;
    case 'proxy':
      return `proxy|${fact.namespace}|${fact.device}|${fact.ip}`;
    case 'neighbour':
      return `neighbour|${fact.namespace}|${fact.device}|${fact.ip}`;
    case 'qdisc':
      return `qdisc|${fact.namespace}|${fact.device}|${fact.qdisc.type}`;
    case 'connections':
      return `connections|${fact.namespace}|${fact.zone}|${fact.ip}`;
    case 'sysctl':
      return `sysctl|${fact.namespace}|${fact.name}`;
    case 'chain':
      return `chain|${fact.namespace}|${fact.family}|${fact.table}|${fact.chain}`;
    case 'hook':
      return `hook|${fact.namespace}|${fact.family}|${fact.table}|${fact.chain}|${fact.rule}`;
    case 'set':
      return `set|${fact.namespace}|${fact.name}`;
    case 'nft-table':
      return `nft-table|${fact.namespace}|${fact.family}|${fact.table}`;
    case 'nft-elements':
      return `nft-elements|${fact.namespace}|${fact.family}|${fact.table}|${fact.owner}`;
    case 'nft-element':
      return `nft-element|${fact.namespace}|${fact.family}|${fact.table}|${fact.map}|${fact.key}`;
    case 'file':
      return `file|${fact.path}`;
    case 'process':
      return `process|${fact.name}`;
    case 'ovs-bridge':
      return `ovs-bridge|${fact.name}`;
    case 'ovs-port':
      return `ovs-port|${fact.name}`;
    case 'meter':
      return `meter|${fact.bridge}|${fact.port}`;
    case 'flows':
      return `flows|${fact.bridge}|${fact.owner}`;
  }
}

/** A set of facts by key. */
export type Facts = ReadonlyMap<FactKey, Fact>;

/** Facts as a map; a contradiction is a programming error and throws. */
export function factSet(facts: Iterable<Fact>): Map<FactKey, Fact> {
  const map = new Map<FactKey, Fact>();
  for (const fact of facts) {
    const key = factKey(fact);
    const other = map.get(key);
    if (other && JSON.stringify(other) !== JSON.stringify(fact))
      throw new Error(`two facts contradict each other: ${key}`);
    map.set(key, fact);
  }
  return map;
}
