/** What metering labels have counted, as administrators are told. */
import { meteringLabelNotFound } from '../model/faults-metering.ts';
import { meteringCount, meteringLabel, meteringTotal } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Reader } from '../store/store.ts';

/** What one counter came to. */
export interface MeteredTraffic {
  readonly direction: 'ingress' | 'egress';
  readonly packets: number;
  readonly bytes: number;
  readonly first_update: string;
  readonly last_update: string;
}

/** A label with what it counted on the routers of each project, those that are gone too. */
export interface MeteredLabel {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly shared: boolean;
  readonly totals: readonly (MeteredTraffic & { readonly project_id: string })[];
  /** On each router and host; only where one label was asked for. */
  readonly routers?: readonly (MeteredTraffic & {
    readonly router_id: string;
    readonly host: string;
    readonly project_id: string;
  })[];
}

function labelOf(row: Row<typeof meteringLabel>, totals: readonly Row<typeof meteringTotal>[]): MeteredLabel {
  const { id, name, project_id, shared } = row;
  return { id, name, project_id, shared, totals: totals.map(({ label_id: _, ...rest }) => rest) };
}

/** All labels, with what they counted. */
export async function meteredLabels(r: Reader): Promise<MeteredLabel[]> {
  const totals = new Map<string, Row<typeof meteringTotal>[]>();
  for (const row of await r.find(meteringTotal)) totals.set(row.label_id, [...(totals.get(row.label_id) ?? []), row]);
  return (await r.find(meteringLabel)).map((row) => labelOf(row, totals.get(row.id) ?? []));
}

/** One label, with what it counted on each router; throws MeteringLabelNotFound. */
export async function meteredLabel(r: Reader, id: string): Promise<MeteredLabel> {
  const row = await r.get(meteringLabel, id);
  if (!row) throw meteringLabelNotFound(id);
  const counts = await r.find(meteringCount, { label_id: id });
  const routers = counts.map((count) => {
    const { label_id: _, read_packets: __, read_bytes: ___, boot: ____, ...rest } = count;
    return rest;
  });
  return { ...labelOf(row, await r.find(meteringTotal, { label_id: id })), routers };
}
