/** Takes what hosts counted for metering labels. */
import { apiTimestamp } from '../lib/clock.ts';
import type { MeteringCount, MeteringReport } from '../model/host-objects.ts';
import { meteringCount, meteringLabel, meteringReport, meteringTotal, router } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { countAfter, sumOf, type Traffic } from '../rules/metering-counts.ts';
import type { Context } from './context.ts';

type CountRow = Row<typeof meteringCount>;
type TotalKey = Pick<Row<typeof meteringTotal>, 'label_id' | 'project_id' | 'direction'>;

const countKey = ({ router_id, label_id, direction }: Pick<CountRow, 'router_id' | 'label_id' | 'direction'>) =>
  `${router_id} ${label_id} ${direction}`;
const totalKey = ({ label_id, project_id, direction }: TotalKey) => `${label_id} ${direction} ${project_id}`;

/** Notes the report; false where it was taken before. */
async function isNew(c: Context, host: string, { run, number }: MeteringReport): Promise<boolean> {
  const last = await c.t.first(meteringReport, { host });
  if (last?.run === run && number <= last.number) return false;
  if (last) await c.t.deleteMany(meteringReport, { host });
  await c.t.insert(meteringReport, { host, run, number });
  return true;
}

/** The counts of labels that are there. */
async function ofLabels(c: Context, counts: readonly MeteringCount[]): Promise<MeteringCount[]> {
  const ids = [...new Set(counts.map(({ label_id }) => label_id))];
  const labels = new Set((await c.t.find(meteringLabel, { id: ids })).map(({ id }) => id));
  return counts.filter(({ label_id }) => labels.has(label_id));
}

/** The keys of counters that have ended because their router is gone. */
async function goneCounters(c: Context, counts: readonly MeteringCount[]): Promise<Set<string>> {
  // The last word on each counter.
  const last = new Map(counts.map((count) => [countKey(count), count]));
  const ended = [...last.values()].filter((count) => count.ended);
  const ids = [...new Set(ended.map(({ router_id }) => router_id))];
  const there = new Set((ids.length > 0 ? await c.t.find(router, { id: ids }) : []).map(({ id }) => id));
  return new Set(ended.filter(({ router_id }) => !there.has(router_id)).map(countKey));
}

/** Adds to what labels counted for projects. */
async function addTotals(c: Context, rises: ReadonlyMap<string, TotalKey & Traffic>, now: string): Promise<void> {
  const all = [...rises.values()];
  const match = { label_id: all.map(({ label_id }) => label_id), project_id: all.map(({ project_id }) => project_id) };
  const known = new Map((await c.t.find(meteringTotal, match)).map((row) => [totalKey(row), row]));
  for (const [key, { label_id, project_id, direction, ...rise }] of rises) {
    const before = known.get(key);
    const at = { label_id, project_id, direction };
    if (before) await c.t.updateMany(meteringTotal, at, { ...sumOf(before, rise), last_update: now });
    else await c.t.insert(meteringTotal, { ...at, ...rise, first_update: now, last_update: now });
  }
}

/** Takes a report of a host: each counter as it was read, in their order. */
export async function applyMetering(c: Context, host: string, report: MeteringReport): Promise<void> {
  if (!(await isNew(c, host, report))) return;
  const counts = await ofLabels(c, report.counts);
  if (counts.length === 0) return;
  const now = apiTimestamp(c.clock.now());
  const onRouters = { host, router_id: [...new Set(counts.map(({ router_id }) => router_id))] };
  const rows = new Map((await c.t.find(meteringCount, onRouters)).map((row) => [countKey(row), row]));
  const gone = await goneCounters(c, counts);
  const rises = new Map<string, TotalKey & Traffic>();
  for (const count of counts) {
    const { row, rise } = countAfter(rows.get(countKey(count)), host, count, report.boot, now);
    rows.set(countKey(row), row);
    const { label_id, project_id, direction } = count;
    const at = { label_id, project_id, direction };
    if (rise.packets > 0)
      rises.set(totalKey(at), { ...at, ...sumOf(rises.get(totalKey(at)) ?? { packets: 0, bytes: 0 }, rise) });
  }
  await c.t.deleteMany(meteringCount, onRouters);
  await c.t.insertMany(
    meteringCount,
    [...rows.values()].filter((row) => !gone.has(countKey(row))),
  );
  await addTotals(c, rises, now);
}
