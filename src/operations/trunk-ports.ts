/** What trunks mean to ports: those in one cannot be deleted, and a parent port shows its trunk. */
import { together } from '../lib/together.ts';
import { portInUseAsSubport, portInUseAsTrunkParent } from '../model/faults-trunk.ts';
import { port, trunk, trunkSubport } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Reader } from '../store/store.ts';
import type { Context } from './context.ts';

type SubportRow = Row<typeof trunkSubport>;

/** Throws PortInUseAsSubPort or PortInUseAsTrunkParent for a port that is in a trunk. */
export async function checkNotInTrunk(c: Context, portId: string): Promise<void> {
  const [sub, parent] = await together(
    c.t.first(trunkSubport, { port_id: portId }),
    c.t.first(trunk, { port_id: portId }),
  );
  if (sub) throw portInUseAsSubport(portId, sub.trunk_id);
  if (parent) throw portInUseAsTrunkParent(portId, parent.id);
}

/** The subports of these trunks, by the trunk's id, with one query. */
export async function subportsOf(r: Reader, trunkIds: readonly string[]): Promise<Map<string, SubportRow[]>> {
  const rows = trunkIds.length > 0 ? await r.find(trunkSubport, { trunk_id: [...trunkIds] }) : [];
  return Map.groupBy(rows, (row) => row.trunk_id);
}

/** A subport as bodies show it. */
export function shownSubport({ port_id, segmentation_type, segmentation_id }: SubportRow) {
  return { port_id, segmentation_type, segmentation_id };
}

/** `trunk_details` of those among the ports that are parents, by the port's id, with at most four queries. */
export async function trunkDetails(
  r: Reader,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, NonNullable<Row<typeof port>['trunk_details']>>> {
  // Most clouds have no trunk at all: one step in an index says so, however many ports are listed.
  if (portIds.length === 0 || !(await r.first(trunk, {}))) return new Map();
  const trunks = await r.find(trunk, { port_id: [...portIds] });
  const subports = await subportsOf(
    r,
    trunks.map((row) => row.id),
  );
  const subportIds = [...subports.values()].flat().map((row) => row.port_id);
  const ports = subportIds.length > 0 ? await r.find(port, { id: subportIds }) : [];
  const macs = new Map(ports.map((row) => [row.id, row.mac_address]));
  return new Map(
    trunks.map((row) => {
      const own = subports.get(row.id) ?? [];
      const sub_ports = own.map((sub) => ({ ...shownSubport(sub), mac_address: macs.get(sub.port_id) }));
      return [row.port_id, { trunk_id: row.id, sub_ports }];
    }),
  );
}
