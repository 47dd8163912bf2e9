/**
 * The maps in which the nftables driver keeps what a router translates, and their elements: each says what one floating IP, one
 * forwarding or one range of it leads to.
 */
import type { NftElementFact, NftSet } from './facts.ts';

/** The table of a router's namespace. */
export const natTable = { family: 'inet', table: 'neutrino' } as const;

const socket = 'ipv4_addr . inet_proto . inet_service';

/** The maps by what they are for. */
export const natMaps = {
  /** Floating IP → inside address, all of it. */
  floating: { name: 'floating_ips', of: 'type ipv4_addr : ipv4_addr' },
  /** Inside address → the floating IP that it shows outside. */
  fixed: { name: 'fixed_ips', of: 'type ipv4_addr : ipv4_addr' },
  /** One port → one inside port; a range whose inside ports are others is one element for each port. */
  ports: { name: 'forwardings', of: `type ${socket} : ipv4_addr . inet_service` },
  /** A range of ports → one inside port. */
  toOne: { name: 'forwarded_ranges', of: `type ${socket} : ipv4_addr . inet_service`, interval: true },
  /** A range of ports → an inside address, each port to the same one there. */
  unshifted: { name: 'unshifted_ranges', of: `type ${socket} : ipv4_addr`, interval: true },
  /** A protocol without ports → an inside address. */
  protocols: { name: 'forwarded_protocols', of: 'type ipv4_addr . inet_proto : ipv4_addr' },
} as const satisfies Record<string, NftSet>;

export type NatMap = keyof typeof natMaps;

/** What an element says, taken apart. `protocol` is a number. */
export interface NatElement {
  readonly destination: string;
  readonly protocol: string | null;
  readonly ports: NumberRange | null;
  readonly target: string;
  readonly targetPorts: NumberRange | null;
}

interface NumberRange {
  readonly first: number;
  readonly last: number;
}

const rangeText = ({ first, last }: NumberRange) => (first === last ? String(first) : `${first}-${last}`);

function rangeOf(text: string | undefined): NumberRange | null {
  if (text === undefined) return null;
  const [first = '', last = first] = text.split('-');
  return { first: Number(first), last: Number(last) };
}

function words(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(' . ');
}

/** The element of a map. */
export function natElement(namespace: string, map: NatMap, one: NatElement): NftElementFact {
  return {
    fact: 'nft-element',
    namespace,
    ...natTable,
    map: natMaps[map].name,
    key: words([one.destination, one.protocol, one.ports && rangeText(one.ports)]),
    value: words([one.target, one.targetPorts && rangeText(one.targetPorts)]),
  };
}

const translating = new Set<string>(
  [natMaps.floating, natMaps.ports, natMaps.toOne, natMaps.unshifted, natMaps.protocols].map(({ name }) => name),
);

/** What an element translates; null where it is not in one of the maps for destinations. */
export function readNatElement(fact: NftElementFact): NatElement | null {
  if (!translating.has(fact.map)) return null;
  const [destination = '', protocol, ports] = fact.key.split(' . ');
  const [target = '', targetPorts] = fact.value.split(' . ');
  return { destination, protocol: protocol ?? null, ports: rangeOf(ports), target, targetPorts: rangeOf(targetPorts) };
}
