/**
 * How a network travels: which type, physical network and number it asks for, or may have. Faults are Neutron's
 * (neutron/plugins/ml2/drivers/type_*.py, managers.py).
 */
import { probes } from '../lib/probes.ts';
import type { Random } from '../lib/random.ts';
import { type Fault, flatNetworkInUse, invalidInput, tunnelIdInUse, vlanIdInUse } from '../model/faults.ts';
import type { NetworkingSettings, NetworkType, NumberRange } from './settings.ts';

/** A segment; null where the type has no such thing. */
export interface Segment {
  readonly type: NetworkType;
  readonly physicalNetwork: string | null;
  readonly id: number | null;
}

/** Numbers of one type that may be handed out; `physicalNetwork` is null for tunnels. */
export interface SegmentRange extends NumberRange {
  readonly physicalNetwork: string | null;
}

/** What a network needs: one segment and no other, or any free one of these ranges. */
export type SegmentWish =
  | { readonly kind: 'exact'; readonly segment: Segment }
  | {
      readonly kind: 'any';
      readonly type: NetworkType;
      /** The physical network that it must be on; null for any. */
      readonly physicalNetwork: string | null;
      /** Those of the configuration. */
      readonly ranges: readonly SegmentRange[];
    };

/** The provider attributes of a request. */
export interface ProviderRequest {
  readonly type: NetworkType | null;
  readonly physicalNetwork: string | null;
  readonly id: number | null;
}

/** What fits into a frame's field: VXLAN and Geneve have 24 bits, GRE 32. */
const tunnelLimits: Partial<Record<NetworkType, number>> = { vxlan: 16777215, geneve: 16777215, gre: 4294967295 };

function tunnelRanges(settings: NetworkingSettings, type: NetworkType): readonly NumberRange[] {
  if (type === 'vxlan') return settings.vxlanRanges;
  return type === 'geneve' ? settings.geneveRanges : settings.greRanges;
}

function vlanRanges(settings: NetworkingSettings, physicalNetwork: string | null): SegmentRange[] {
  const names = physicalNetwork === null ? Object.keys(settings.vlanRanges) : [physicalNetwork];
  return names.flatMap((name) =>
    (settings.vlanRanges[name] ?? []).map((range) => ({ ...range, physicalNetwork: name })),
  );
}

function anyOf(settings: NetworkingSettings, type: NetworkType, physicalNetwork: string | null): SegmentWish {
  const ranges =
    type === 'vlan'
      ? vlanRanges(settings, physicalNetwork)
      : tunnelRanges(settings, type).map((range) => ({ ...range, physicalNetwork: null }));
  return { kind: 'any', type, physicalNetwork, ranges };
}

function flatWish(settings: NetworkingSettings, request: ProviderRequest): SegmentWish {
  const { physicalNetwork } = request;
  if (!physicalNetwork) throw invalidInput('physical_network required for flat provider network');
  if (settings.flatNetworks.length === 0) throw invalidInput('Flat provider networks are disabled');
  if (!settings.flatNetworks.includes('*') && !settings.flatNetworks.includes(physicalNetwork)) {
    throw invalidInput(`physical_network '${physicalNetwork}' unknown for flat provider network`);
  }
  if (request.id) throw invalidInput('segmentation_id prohibited for flat provider network');
  return { kind: 'exact', segment: { type: 'flat', physicalNetwork, id: null } };
}

function vlanWish(settings: NetworkingSettings, request: ProviderRequest): SegmentWish {
  const { physicalNetwork, id } = request;
  if (!physicalNetwork) {
    if (id !== null) throw invalidInput('segmentation_id requires physical_network for VLAN provider network');
    return anyOf(settings, 'vlan', null);
  }
  if (!Object.hasOwn(settings.vlanRanges, physicalNetwork)) {
    throw invalidInput(`physical_network '${physicalNetwork}' unknown for VLAN provider network`);
  }
  if (id === null) return anyOf(settings, 'vlan', physicalNetwork);
  if (id < 1 || id > 4094) throw invalidInput('segmentation_id out of range (1 through 4094)');
  return { kind: 'exact', segment: { type: 'vlan', physicalNetwork, id } };
}

function tunnelWish(settings: NetworkingSettings, type: NetworkType, request: ProviderRequest): SegmentWish {
  if (request.physicalNetwork) throw invalidInput(`provider:physical_network specified for ${type} network`);
  if (request.id === null) return anyOf(settings, type, null);
  const limit = tunnelLimits[type] ?? 0;
  if (request.id < 1 || request.id > limit) throw invalidInput(`segmentation_id out of range (1 through ${limit})`);
  return { kind: 'exact', segment: { type, physicalNetwork: null, id: request.id } };
}

/** What the provider attributes of an administrator's request ask for. A request that names no type, or cannot be, is a 400. */
export function providerWish(settings: NetworkingSettings, request: ProviderRequest): SegmentWish {
  const { type } = request;
  if (type === null) throw invalidInput('network_type required');
  if (!settings.typeDrivers.includes(type)) throw invalidInput(`network_type value '${type}' not supported`);
  if (type === 'flat') return flatWish(settings, request);
  if (type === 'vlan') return vlanWish(settings, request);
  if (type !== 'local') return tunnelWish(settings, type, request);
  if (request.physicalNetwork) throw invalidInput('physical_network prohibited for local provider network');
  if (request.id) throw invalidInput('segmentation_id prohibited for local provider network');
  return { kind: 'exact', segment: { type, physicalNetwork: null, id: null } };
}

/** What a network without provider attributes may have, in the order of tenant_network_types. Flat is for providers only. */
export function tenantWishes(settings: NetworkingSettings): SegmentWish[] {
  return settings.tenantNetworkTypes
    .filter((type) => type !== 'flat' && settings.typeDrivers.includes(type))
    .map((type) =>
      type === 'local'
        ? { kind: 'exact', segment: { type, physicalNetwork: null, id: null } }
        : anyOf(settings, type, null),
    );
}

/** Segments of the ranges in batches to be tried in order; each batch is of one type. */
export function* segmentCandidates(
  type: NetworkType,
  ranges: readonly SegmentRange[],
  random: Random,
): Generator<Segment[]> {
  const sizes = ranges.map((range) => BigInt(Math.max(0, range.last - range.first + 1)));
  const total = sizes.reduce((sum, size) => sum + size, 0n);
  const at = (position: bigint): Segment[] => {
    let rest = position;
    for (const [index, range] of ranges.entries()) {
      const size = sizes[index] ?? 0n;
      if (rest < size) return [{ type, physicalNetwork: range.physicalNetwork, id: range.first + Number(rest) }];
      rest -= size;
    }
    return [];
  };
  for (const batch of probes(total, random)) yield batch.flatMap(at);
}

/** The fault of an exact wish for a segment that another network has. */
export function segmentInUse(segment: Segment): Fault {
  if (segment.type === 'flat') return flatNetworkInUse(segment.physicalNetwork ?? '');
  if (segment.type === 'vlan') return vlanIdInUse(segment.id ?? 0, segment.physicalNetwork ?? '');
  return tunnelIdInUse(segment.id ?? 0);
}
