/** Ranges of numbers by API (neutron/services/network_segment_range/plugin.py). */
import {
  rangeInUse,
  rangeNotFound,
  rangeOverlaps,
  rangeReadOnly,
  rangeTypeNotSupported,
} from '../model/faults-segments.ts';
import { network, networkSegmentRange, segment } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { servicePluginNames } from '../rules/extensions.ts';
import { checkBounds, configuredRanges, rangesOfProject } from '../rules/segment-ranges.ts';
import type { SegmentRange, SegmentWish } from '../rules/segments.ts';
import type { Condition } from '../store/query.ts';
import type { Reader, Transactor } from '../store/store.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { newStandard } from './standard.ts';

type RangeRow = Row<typeof networkSegmentRange>;

/** So many free numbers of a range are shown. */
const SHOWN = 4096;

/** The segments whose number is in a range, by number. */
function segmentsIn(r: Reader, row: RangeRow, limit?: number): Promise<Row<typeof segment>[]> {
  const of: Condition[] = [
    { op: 'in', column: 'network_type', values: [row.network_type] },
    { op: 'in', column: 'physical_network', values: [row.physical_network] },
    { op: 'ge', column: 'segmentation_id', value: row.minimum },
    { op: 'le', column: 'segmentation_id', value: row.maximum },
  ];
  const sort = [{ column: 'segmentation_id', direction: 'asc' } as const];
  return r.list(segment, { op: 'and', of }, { sort, ...(limit === undefined ? {} : { limit }) });
}

async function checkOverlap(c: Context, row: RangeRow): Promise<void> {
  const { network_type, physical_network } = row;
  const others = await c.t.find(networkSegmentRange, { network_type, physical_network });
  const ids = others
    .filter((other) => other.id !== row.id && !other.default)
    .filter((other) => row.minimum <= other.maximum && row.maximum >= other.minimum)
    .map((other) => other.id);
  if (ids.length > 0) throw rangeOverlaps(ids.join(', '));
}

async function create(c: Context, draft: Draft<typeof networkSegmentRange>): Promise<RangeRow> {
  const type = draft.network_type ?? 'vlan';
  if (!c.settings.typeDrivers.includes(type)) throw rangeTypeNotSupported(type);
  const shared = draft.shared ?? true;
  const standard = newStandard(c, draft);
  const row: RangeRow = {
    ...standard,
    project_id: shared ? '' : standard.project_id,
    name: draft.name ?? '',
    default: false,
    shared,
    network_type: type,
    physical_network: type === 'vlan' ? (draft.physical_network ?? null) : null,
    minimum: draft.minimum ?? 1,
    maximum: draft.maximum ?? 1,
    used: {},
    available: [],
  };
  checkBounds(row);
  await checkOverlap(c, row);
  return c.t.insert(networkSegmentRange, row);
}

async function update(c: Context, row: RangeRow, changes: Partial<RangeRow>): Promise<RangeRow> {
  if (row.default) throw rangeReadOnly(row.id);
  const after = { ...row, ...changes };
  checkBounds(after);
  if (after.minimum !== row.minimum || after.maximum !== row.maximum) {
    const used = (await segmentsIn(c.t, row)).map((each) => each.segmentation_id ?? 0);
    if (used.some((id) => id < after.minimum || id > after.maximum)) throw rangeInUse(row.id);
    await checkOverlap(c, after);
  }
  const result = await c.t.update(networkSegmentRange, row.id, changes);
  if (!result) throw rangeNotFound(row.id);
  return result;
}

async function remove(c: Context, row: RangeRow): Promise<void> {
  if (row.default) throw rangeReadOnly(row.id);
  if ((await segmentsIn(c.t, row, 1)).length > 0) throw rangeInUse(row.id);
  await c.t.delete(networkSegmentRange, row.id);
}

/** The numbers of one range that are in use, and the first that are free. */
async function shown(c: ReadContext, row: RangeRow): Promise<Partial<RangeRow>> {
  const segments = await segmentsIn(c.r, row);
  const ids = [...new Set(segments.map((each) => each.network_id))];
  const networks = ids.length > 0 ? await c.r.find(network, { id: ids }) : [];
  const projectOf = new Map(networks.map((each) => [each.id, each.project_id]));
  const used = Object.fromEntries(
    segments.map((each) => [String(each.segmentation_id), projectOf.get(each.network_id) ?? '']),
  );
  const available: number[] = [];
  for (let id = row.minimum; id <= row.maximum && available.length < SHOWN; id++) {
    if (!(String(id) in used)) available.push(id);
  }
  // One of everybody is of no project.
  return { used, available, ...(row.project_id === '' ? { project_id: null as never } : {}) };
}

/** Two queries for each range; there are few. */
async function compute(c: ReadContext, rows: readonly RangeRow[]): Promise<Partial<RangeRow>[]> {
  const result: Partial<RangeRow>[] = [];
  for (const row of rows) result.push(await shown(c, row));
  return result;
}

/** Whether ranges are kept by API under these settings. */
const isOn = (settings: Context['settings']) => servicePluginNames(settings).has('network_segment_range');

/**
 * The ranges that a network of a project is numbered from, in the order in which they are tried: those of the API where the
 * plugin is on, else those of the configuration.
 */
export async function rangesFor(
  c: Context,
  wish: SegmentWish & { kind: 'any' },
  projectId: string,
): Promise<readonly (readonly SegmentRange[])[]> {
  if (!isOn(c.settings)) return [wish.ranges];
  const type = wish.type as RangeRow['network_type'];
  const rows = await c.t.find(networkSegmentRange, { network_type: type });
  const here = rows.filter((row) => wish.physicalNetwork === null || row.physical_network === wish.physicalNetwork);
  return rangesOfProject(here, projectId);
}

const keyOf = (row: Pick<RangeRow, 'network_type' | 'physical_network' | 'minimum' | 'maximum'>) =>
  JSON.stringify([row.network_type, row.physical_network, row.minimum, row.maximum]);

/** Brings the default ranges in line with the configuration, at start; changes nothing where they are. */
export async function syncDefaultRanges(c: Pick<Context, 'settings' | 'random'> & { t: Transactor }): Promise<void> {
  if (!isOn(c.settings)) return;
  const wanted = new Map(configuredRanges(c.settings).map((range) => [keyOf(range), range]));
  for (const row of await c.t.find(networkSegmentRange, { default: true })) {
    if (!wanted.delete(keyOf(row))) await c.t.delete(networkSegmentRange, row.id);
  }
  for (const range of wanted.values()) {
    await c.t.insert(networkSegmentRange, {
      ...range,
      ...{ id: c.random.uuid(), project_id: '', description: '', tags: [] },
      ...{ created_at: '', updated_at: '', revision_number: 0, name: '', default: true, shared: true },
      ...{ used: {}, available: [] },
    });
  }
}

/** What the API calls. */
export const networkSegmentRangeOperations: Operations<typeof networkSegmentRange> = {
  resource: networkSegmentRange,
  notFound: rangeNotFound,
  create,
  update,
  remove,
  compute,
};
