/** Loads the host objects of trunks. */
import type { HostKey, HostTrunk } from '../model/host-objects.ts';
import { port, trunk } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { isInstancePort } from '../rules/host-view/addresses.ts';
import { hostTrunk } from '../rules/host-view/trunk.ts';
import type { Reader } from '../store/store.ts';
import { subportsOf } from './trunk-ports.ts';

/** Whether a parent port is an instance's on this host, which has Open vSwitch: only such hosts wire trunks. */
const isWired = (parent: Row<typeof port>, host: string) =>
  parent['binding:host_id'] === host && parent['binding:vif_type'] === 'ovs' && isInstancePort(parent);

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
