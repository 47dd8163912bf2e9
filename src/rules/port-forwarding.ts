/**
 * The arithmetic of forwarded ports: spans, their relation, their collision, and Neutron's sentences about them
 * (neutron/services/portforwarding/pf_plugin.py).
 *
 * A span of ports is a pair of numbers, both ends belonging to it; a single port is a span of one.
 */
import { badRequest, type Fault } from '../model/faults.ts';
import type { portForwarding } from '../model/index.ts';
import type { Row } from '../model/language.ts';

export type Forwarding = Row<typeof portForwarding>;

/** Ports from `first` to `last`, both belonging to it. */
export interface PortSpan {
  readonly first: number;
  readonly last: number;
}

/** The two sides of a forwarding. */
export interface Spans {
  readonly external: PortSpan;
  readonly internal: PortSpan;
}

const refused = (reason: string): Fault => badRequest('port_forwarding', reason);

/** `first:last`, as the range attributes show it. */
export function spanText(span: PortSpan): string {
  return `${span.first}:${span.last}`;
}

/** What a request says of one side: the single port wins over the range; `undefined` where it says nothing. */
export function requestedSpan(port: number | null | undefined, range: string | undefined): PortSpan | undefined {
  if (port !== null && port !== undefined) return { first: port, last: port };
  if (range === undefined) return undefined;
  const [first, last] = range.split(':').map(Number);
  if (first === undefined) return undefined;
  return { first, last: last ?? first };
}

const size = (span: PortSpan) => span.last - span.first + 1;

/** As many internal ports as external ones, or one for all of them. Throws Neutron's 400 otherwise. */
export function checkRelation(spans: Spans): void {
  if (size(spans.internal) === 1 || size(spans.internal) === size(spans.external)) return;
  throw refused(
    'Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N',
  );
}

/** Whether two spans share a port. */
export function spansOverlap(a: PortSpan, b: PortSpan): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The columns that hold the two spans: both ends, the texts, and the single ports where there is one. */
export function spanColumns({ external, internal }: Spans) {
  return {
    external_port: size(external) === 1 ? external.first : null,
    external_port_range: spanText(external),
    external_first: external.first,
    external_last: external.last,
    internal_port: size(internal) === 1 ? internal.first : null,
    internal_port_range: spanText(internal),
    internal_first: internal.first,
    internal_last: internal.last,
  };
}

/** The spans of a forwarding that exists. */
export function spansOf(row: Forwarding): Spans {
  return {
    external: { first: row.external_first, last: row.external_last },
    internal: { first: row.internal_first, last: row.internal_last },
  };
}

/** One side has no port at all. */
export function spanMissing(side: 'external' | 'internal'): Fault {
  return refused(`Either ${side}_port or ${side}_port_range must be given`);
}

/** Values as the sentences of Neutron show them: a Python dictionary. */
export function quoted(values: Readonly<Record<string, string | number>>): string {
  const members = Object.entries(values).map(
    ([name, value]) => `'${name}': ${typeof value === 'number' ? value : `'${value}'`}`,
  );
  return `{${members.join(', ')}}`;
}

function portValue(side: 'external' | 'internal', span: PortSpan): Record<string, string | number> {
  return size(span) === 1 ? { [`${side}_port`]: span.first } : { [`${side}_port_range`]: spanText(span) };
}

/** What a forwarding is about to become, or to be created as. */
export interface Wanted extends Spans {
  readonly floatingIp: { readonly id: string; readonly address: string };
  readonly protocol: string;
  readonly internalPortId: string;
  readonly internalIp: string;
}

/**
 * The 400 for a forwarding whose ports on one side collide with those of `existing`: a duplicate where both spans are equal, a
 * collision of ranges otherwise.
 */
export function collision(side: 'external' | 'internal', wanted: Wanted, existing: PortSpan, isUpdate: boolean): Fault {
  const span = wanted[side];
  if (span.first !== existing.first || span.last !== existing.last) {
    return refused(
      `There is a port collision with the ${side}_port_range. The following ranges collide: ${spanText(existing)} and ${spanText(span)}`,
    );
  }
  const values = quoted(conflictingValues(side, wanted, isUpdate));
  return isUpdate
    ? refused(`Another port forwarding entry with the same attributes already exists, conflicting values are ${values}`)
    : refused(
        `A duplicate port forwarding entry with same attributes already exists, conflicting values are ${values}`,
      );
}

function conflictingValues(side: 'external' | 'internal', wanted: Wanted, isUpdate: boolean) {
  const port = portValue(side, wanted[side]);
  if (side === 'internal') {
    const socket = {
      internal_port_id: wanted.internalPortId,
      internal_ip_address: wanted.internalIp,
      ...port,
    };
    return isUpdate ? socket : { ...socket, protocol: wanted.protocol };
  }
  if (isUpdate) return { floating_ip_address: wanted.floatingIp.address, ...port };
  return { floatingip_id: wanted.floatingIp.id, ...port, protocol: wanted.protocol };
}

/** An address with its subnet, as ports have it. */
export interface FixedIp {
  readonly subnet_id?: string;
  readonly ip_address?: string;
}

const isIpv4 = (ip: string | undefined) => ip !== undefined && !ip.includes(':');

function fixedIpsText(fixedIps: readonly FixedIp[]): string {
  const entries = fixedIps.map((fixed) =>
    quoted({ subnet_id: fixed.subnet_id ?? '', ip_address: fixed.ip_address ?? '' }),
  );
  return `[${entries.join(', ')}]`;
}

/**
 * The address of an inside port that a forwarding leads to: the one asked for, or the first IPv4 one. Throws Neutron's 400s: no
 * IPv4 address on the port, or not the one asked for.
 */
export function internalAddress(
  port: { readonly id: string; readonly fixed_ips: readonly FixedIp[] },
  asked: string | undefined,
): { ip: string; subnetId: string } {
  const v4 = port.fixed_ips.filter((fixed) => isIpv4(fixed.ip_address));
  if (v4.length === 0) {
    throw refused(`Requested internal port ${port.id} must allocate an IPv4 address at least`);
  }
  const chosen = asked === undefined ? v4[0] : v4.find((fixed) => fixed.ip_address === asked);
  if (chosen?.ip_address === undefined || chosen.subnet_id === undefined) {
    throw refused(
      `Requested internal IP address ${asked} is not suitable for internal neutron port ${port.id}, as its fixed_ips are ${fixedIpsText(v4)}`,
    );
  }
  return { ip: chosen.ip_address, subnetId: chosen.subnet_id };
}

/** No router connects the inside subnet with the network of the floating IP. */
export function unreachable(networkId: string, subnetId: string, portId: string, floatingIpId: string): Fault {
  return refused(
    `External network ${networkId} is not reachable from subnet ${subnetId}. Cannot set Port forwarding for port ${portId} with Floating IP ${floatingIpId}`,
  );
}

/** The floating IP is on one router already, and the inside port needs another. */
export function onAnotherRouter(floatingIpId: string, routerId: string, portId: string): Fault {
  return refused(
    `The Floating IP ${floatingIpId} had been set on router ${routerId}, the internal Neutron port ${portId} can not reach it`,
  );
}
