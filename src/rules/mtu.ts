/**
 * The MTU of networks, as Neutron computes it (neutron/plugins/ml2/drivers/helpers.py, type_*.py, plugin.py `_get_network_mtu`):
 * what the physical network carries, less what the tunnel adds. All in bytes.
 *
 * The sum is data: the API takes its result, `neutrino mtu` shows its lines.
 */
import { invalidInput, networkMtuSubnetConflict } from '../model/faults.ts';
import type { MtuOptionName, MtuSettings, NetworkType, OptionPlace } from './settings.ts';

/** The types whose frames travel in IP packets between hosts. */
export type TunnelType = 'gre' | 'vxlan' | 'geneve';

/** The IP header of a tunnel. */
const ipHeader = { 4: 20, 6: 40 } as const;
/** The inner Ethernet header (14) and UDP (8) with VXLAN (8), or GRE with its key (8). */
const encapsulation = { vxlan: 30, gre: 22 } as const;

/** The smallest MTU that a network with a subnet of this IP version may have. */
export const minimumMtu = { 4: 68, 6: 1280 } as const;

/** An option and what it says. */
export interface MtuOption {
  readonly section: string;
  readonly name: MtuOptionName;
  /** Bytes; of overlay_ip_version the version. */
  readonly value: number;
  /** Where `name` says something of each physical network: the one meant. */
  readonly network?: string;
  /** Absent: nobody set it, this is its default. */
  readonly place?: OptionPlace;
}

/** One line of a sum: what is added to the lines above. */
export type MtuLine =
  /** What the frames travel on: the least that `option` and `others` say; 0 says nothing. */
  | {
      readonly part: 'base';
      readonly bytes: number;
      readonly option: MtuOption;
      readonly others: readonly MtuOption[];
    }
  | { readonly part: 'ip-header'; readonly bytes: number; readonly option: MtuOption }
  | {
      readonly part: 'encapsulation';
      readonly bytes: number;
      readonly type: TunnelType;
      readonly option?: MtuOption;
    };

/** The way of one segment. */
export interface MtuSegment {
  readonly type: NetworkType;
  readonly physicalNetwork: string | null;
}

/** What a segment carries, and how that comes about. */
export interface MtuSum extends MtuSegment {
  /** null: the type has no opinion (local). */
  readonly mtu: number | null;
  readonly lines: readonly MtuLine[];
}

const sections: Readonly<Record<MtuOptionName, string>> = {
  global_physnet_mtu: 'DEFAULT',
  path_mtu: 'ml2',
  physical_network_mtus: 'ml2',
  overlay_ip_version: 'ml2',
  max_header_size: 'ml2_type_geneve',
};

function option(settings: MtuSettings, name: MtuOptionName, value: number, network?: string): MtuOption {
  const place = settings.places[name];
  return {
    section: sections[name],
    name,
    value,
    ...(network === undefined ? {} : { network }),
    ...(place && { place }),
  };
}

function baseLine(options: readonly [MtuOption, ...MtuOption[]]): MtuLine {
  const [first] = options;
  // Of equal ones the first: it is the one that all networks share.
  const least = options.filter((one) => one.value > 0).reduce((a, b) => (b.value < a.value ? b : a), first);
  return { part: 'base', bytes: least.value, option: least, others: options.filter((one) => one !== least) };
}

function physicalLines(settings: MtuSettings, physicalNetwork: string | null): MtuLine[] {
  const global = option(settings, 'global_physnet_mtu', settings.globalPhysnetMtu);
  const name = physicalNetwork ?? '';
  const own = Object.hasOwn(settings.physicalNetworkMtus, name) ? settings.physicalNetworkMtus[name] : undefined;
  return [baseLine(own === undefined ? [global] : [global, option(settings, 'physical_network_mtus', own, name)])];
}

function encapsulationLine(settings: MtuSettings, type: TunnelType): MtuLine {
  if (type !== 'geneve') return { part: 'encapsulation', bytes: -encapsulation[type], type };
  const { geneveMaxHeaderSize: size } = settings;
  return { part: 'encapsulation', bytes: -size, type, option: option(settings, 'max_header_size', size) };
}

function tunnelLines(settings: MtuSettings, type: TunnelType): MtuLine[] {
  const { overlayIpVersion: version } = settings;
  return [
    baseLine([
      option(settings, 'global_physnet_mtu', settings.globalPhysnetMtu),
      option(settings, 'path_mtu', settings.pathMtu),
    ]),
    { part: 'ip-header', bytes: -ipHeader[version], option: option(settings, 'overlay_ip_version', version) },
    encapsulationLine(settings, type),
  ];
}

function linesOf(settings: MtuSettings, { type, physicalNetwork }: MtuSegment): MtuLine[] {
  switch (type) {
    case 'flat':
    case 'vlan':
      return physicalLines(settings, physicalNetwork);
    case 'gre':
    case 'vxlan':
    case 'geneve':
      return tunnelLines(settings, type);
    case 'local':
      return [];
  }
}

/** What a segment carries: the sum of its lines, which an underlay too small for its headers brings to 0. */
export function segmentMtu(settings: MtuSettings, segment: MtuSegment): MtuSum {
  const { type, physicalNetwork } = segment;
  const lines = linesOf(settings, segment);
  const mtu =
    lines.length === 0
      ? null
      : Math.max(
          0,
          lines.reduce((sum, line) => sum + line.bytes, 0),
        );
  return { type, physicalNetwork, mtu, lines };
}

/** What a network carries, and what each of its segments does. */
export interface NetworkMtu {
  /** The least of the segments; where none has an opinion, `fallback`. */
  readonly mtu: number;
  readonly segments: readonly MtuSum[];
  /** The line of global_physnet_mtu, where it alone decides because no segment has an opinion. */
  readonly fallback?: MtuLine;
}

/** The largest MTU that a network on these segments may have. */
export function networkMtu(settings: MtuSettings, on: readonly MtuSegment[]): NetworkMtu {
  const segments = on.map((segment) => segmentMtu(settings, segment));
  const opinions = segments.flatMap(({ mtu }) => mtu ?? []);
  if (opinions.length > 0) return { mtu: Math.min(...opinions), segments };
  const fallback = baseLine([option(settings, 'global_physnet_mtu', settings.globalPhysnetMtu)]);
  return { mtu: fallback.bytes, segments, fallback };
}

/** The MTU that a network gets: what was asked for, or the maximum for 0 or nothing. Above the maximum is a 400. */
export function chooseMtu(requested: number | undefined, maximum: number): number {
  if (!requested) return maximum;
  if (requested > maximum) throw invalidInput(`Requested MTU is too big, maximum is ${maximum}`);
  return requested;
}

/** Throws NetworkMTUSubnetConflict when a network with subnets of these IP versions cannot have this MTU. */
export function checkMtuForSubnets(networkId: string, mtu: number, ipVersions: readonly number[]): void {
  if (ipVersions.length > 0 && mtu < minimumMtu[4]) throw networkMtuSubnetConflict(networkId, minimumMtu[4]);
  if (ipVersions.includes(6) && mtu < minimumMtu[6]) throw networkMtuSubnetConflict(networkId, minimumMtu[6]);
}
