/** What goes with the addresses of a device, and how it stands on the device that it goes to. */
import { formatCidr, parseCidr } from '../../lib/ip.ts';
import type { Address, Neighbour, NicDevice, Route, Rule, Snapshot, Supplement } from '../types.ts';
import { routeBy, routeDevices, ruleBy, ruleNames, wordAfter } from './words.ts';

/** What is carried from one device to another, in the order in which it is made. */
export interface Load {
  readonly addresses: readonly Address[];
  readonly neighbours: readonly Neighbour[];
  /** Routes to make; those that the kernel makes for an address are not among them. */
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  /** Routes that leave by the old device and go. */
  readonly leaving: readonly Route[];
  /** Multicast groups that programs joined on the old device. */
  readonly groups: readonly string[];
}

/** The device of the name. */
export function deviceOf(snapshot: Snapshot, name: string): NicDevice | undefined {
  return snapshot.devices.find((device) => device.name === name);
}

/** Whether the kernel makes this route by itself when one of the addresses is assigned. */
export function isMadeByAddress(route: Route, addresses: readonly Address[]): boolean {
  const { words, family } = route;
  if (words[0] !== 'unicast' || wordAfter(words, 'proto') !== 'kernel' || words.includes('via')) return false;
  const network = parseCidr(words[1] ?? '');
  return addresses.some((address) => {
    if (address.family !== family || address.flags.includes('noprefixroute')) return false;
    const own = parseCidr(`${address.peer ?? address.local}/${address.prefix}`);
    return own !== undefined && network !== undefined && formatCidr(own) === formatCidr(network);
  });
}

const isLinkLocal = ({ words, family }: Route): boolean => family === 6 && (words[1] ?? '').startsWith('fe80:');

/** Whether an address is one that a manager gives again: no link-local one, none that the kernel makes for privacy. */
export function isLasting({ scope, kernelFlags, flags }: Address): boolean {
  return scope === 'global' && !kernelFlags.includes('temporary') && !flags.includes('mngtmpaddr');
}

/** IPv4 addresses in the order that they have, IPv6 ones backwards: the kernel puts a new one first. */
export function inOrderOfMaking(addresses: readonly Address[]): Address[] {
  const four = addresses.filter(({ family }) => family === 4);
  return [...four, ...addresses.filter(({ family }) => family === 6).toReversed()];
}

/** Routes in an order in which they can be made: a gateway is taken only when there is a way to it. */
export function nearFirst(routes: readonly Route[]): Route[] {
  const far = ({ words }: Route) => words.includes('via');
  return [...routes.filter((route) => !far(route)), ...routes.filter(far)];
}

/** What is carried from the device `from` to `to`, by what was seen, and what is supplied beside it. */
export function carry(snapshot: Snapshot, from: string, to: string, supplement?: Supplement): Load {
  const addresses = deviceOf(snapshot, from)?.addresses ?? [];
  const there = deviceOf(snapshot, to)?.addresses ?? [];
  // The link-local network is there on every device; each keeps its own.
  const leaving = snapshot.routes.filter((route) => routeDevices(route).includes(from) && !isLinkLocal(route));
  const arriving = leaving.filter((route) => !isMadeByAddress(route, addresses));
  return {
    addresses: [
      ...inOrderOfMaking(
        addresses.filter(
          ({ local, prefix }) => !there.some((other) => other.local === local && other.prefix === prefix),
        ),
      ),
      ...(supplement?.addresses ?? []),
    ],
    neighbours: snapshot.neighbours[from] ?? [],
    routes: [...nearFirst(arriving).map((route) => routeBy(route, from, to)), ...(supplement?.routes ?? [])],
    rules: snapshot.rules.filter((rule) => ruleNames(rule, from)).map((rule) => ruleBy(rule, from, to)),
    leaving,
    groups: snapshot.groups[from] ?? [],
  };
}
