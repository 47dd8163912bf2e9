/** Loads the host objects of trunks. */
import type { HostKey, HostPort, HostTrunk } from '../model/host-objects.ts';
import { port, trunk, trunkSubport } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { isInstancePort } from '../rules/host-view/addresses.ts';
import { hostTrunk } from '../rules/host-view/trunk.ts';
import { subportOwner, wiresTrunks } from '../rules/trunk.ts';
import type { Reader } from '../store/store.ts';
import { subportsOf } from './trunk-ports.ts';

/** Whether a parent port is an instance's on this host. */
const isWired = (parent: Row<typeof port>, host: string) =>
  parent['binding:host_id'] === host && wiresTrunks(parent) && isInstancePort(parent);

/** Of a subport: what carries its frames. */
export async function carrierOf(r: Reader, row: Row<typeof port>): Promise<HostPort['trunk']> {
  if (row.device_owner !== subportOwner) return undefined;
  const sub = await r.first(trunkSubport, { port_id: row.id });
  const on = sub && (await r.get(trunk, sub.trunk_id));
  return on && { parent_port_id: on.port_id, segmentation_id: sub.segmentation_id };
}

/** `trunk/<id>` of a trunk whose parent port is wired by the host. */
export async function loadTrunk(r: Reader, host: string, id: string): Promise<HostTrunk | undefined> {
  const row = await r.get(trunk, id);
  const parent = row && (await r.get(port, row.port_id));
  if (!parent || !isWired(parent, host)) return undefined;
  const subports = (await subportsOf(r, [id])).get(id) ?? [];
  const ids = subports.map((one) => one.port_id);
  return hostTrunk(id, parent, subports, ids.length > 0 ? await r.find(port, { id: ids }) : []);
}

/** The trunks whose parents are among these ports of the host, with at most two queries. */
export async function trunkKeys(r: Reader, host: string, ports: readonly Row<typeof port>[]): Promise<HostKey[]> {
  const parents = ports.filter((row) => isWired(row, host));
  if (parents.length === 0 || !(await r.first(trunk, {}))) return [];
  return (await r.find(trunk, { port_id: parents.map((row) => row.id) })).map((row): HostKey => `trunk/${row.id}`);
}
