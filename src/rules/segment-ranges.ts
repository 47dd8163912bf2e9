/** Ranges of numbers by API: which of them a project's networks may have (neutron/objects/network_segment_range.py). */
import { tunnelRangeInvalid, vlanRangeInvalid } from '../model/faults-segments.ts';
import type { networkSegmentRange } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { SegmentRange } from './segments.ts';
import type { NetworkingSettings, NetworkType, NumberRange } from './settings.ts';

type RangeRow = Row<typeof networkSegmentRange>;
type Bounds = Pick<RangeRow, 'network_type' | 'physical_network' | 'minimum' | 'maximum'>;

/** Numbers without those of others; both ends of each belong to it. */
export function without(ranges: readonly SegmentRange[], others: readonly SegmentRange[]): SegmentRange[] {
  let left = [...ranges];
  for (const other of others) {
    left = left.flatMap((range) => {
      const apart = range.physicalNetwork !== other.physicalNetwork;
      if (apart || other.last < range.first || range.last < other.first) return [range];
      return [
        ...(range.first < other.first ? [{ ...range, last: other.first - 1 }] : []),
        ...(other.last < range.last ? [{ ...range, first: other.last + 1 }] : []),
      ];
    });
  }
  return left;
}

const asRange = (row: RangeRow): SegmentRange => ({
  first: row.minimum,
  last: row.maximum,
  physicalNetwork: row.physical_network,
});

/** What a project's networks are numbered from, in this order: its own ranges, then those of everybody. */
export function rangesOfProject(rows: readonly RangeRow[], projectId: string): SegmentRange[][] {
  const own = rows.filter((row) => !row.shared && row.project_id === projectId);
  const foreign = rows.filter((row) => !row.shared && row.project_id !== projectId);
  const shared = rows.filter((row) => row.shared);
  return [own.map(asRange), without(shared.map(asRange), foreign.map(asRange))];
}

const limits: Readonly<Record<RangeRow['network_type'], number>> = {
  vlan: 4094,
  vxlan: 16777215,
  geneve: 16777215,
  gre: 4294967295,
};

/** Throws a 400 fault for bounds that cannot be. */
export function checkBounds(row: Bounds): void {
  const isVlan = row.network_type === 'vlan';
  const range = `${row.minimum}:${row.maximum}`;
  const refuse = (error: string) => (isVlan ? vlanRangeInvalid(range, error) : tunnelRangeInvalid(range, error));
  const limit = limits[row.network_type];
  if (isVlan && !row.physical_network) throw refuse('a VLAN range needs a physical network');
  if (row.minimum > row.maximum) throw refuse(`End of ${isVlan ? 'VLAN' : 'tunnel'} range is less than start of range`);
  if (row.maximum > limit) throw refuse(`${row.maximum} is above ${limit}`);
}

/** The ranges of the configuration. */
export function configuredRanges(settings: NetworkingSettings): Bounds[] {
  const rows = (type: RangeRow['network_type'], name: string | null, ranges: readonly NumberRange[]): Bounds[] =>
    ranges.map(({ first, last }) => ({ network_type: type, physical_network: name, minimum: first, maximum: last }));
  const has = (type: NetworkType) => settings.typeDrivers.includes(type);
  return [
    ...(has('vlan') ? Object.entries(settings.vlanRanges).flatMap(([name, ranges]) => rows('vlan', name, ranges)) : []),
    ...(has('vxlan') ? rows('vxlan', null, settings.vxlanRanges) : []),
    ...(has('gre') ? rows('gre', null, settings.greRanges) : []),
    ...(has('geneve') ? rows('geneve', null, settings.geneveRanges) : []),
  ];
}
