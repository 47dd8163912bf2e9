/** The subnets that host objects refer to, and the ports of networks. */
import { port, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Subnets } from '../rules/host-view/addresses.ts';
import type { Reader } from '../store/store.ts';

/** The subnets that these ports have addresses of, by id; one query. */
export async function subnetsById(r: Reader, ports: readonly Pick<Row<typeof port>, 'fixed_ips'>[]): Promise<Subnets> {
  const ids = [...new Set(ports.flatMap((row) => row.fixed_ips.flatMap((fixed) => fixed.subnet_id ?? [])))];
  const rows = ids.length > 0 ? await r.find(subnet, { id: ids }) : [];
  return new Map(rows.map((row) => [row.id, row]));
}

/** The subnets of a network, by id. */
export async function subnetsOfNetwork(r: Reader, networkId: string): Promise<Subnets> {
  const rows = await r.find(subnet, { network_id: networkId });
  return new Map(rows.map((row) => [row.id, row]));
}

const portsRead = new WeakMap<Reader, Map<string, Promise<Row<typeof port>[]>>>();

/**
 * All ports of a network. Asked for once by each reader, whose state does not change: a port that changes is in several objects of its
 * network, and what they cost is the reading of the others.
 */
export function portsOfNetwork(r: Reader, networkId: string): Promise<Row<typeof port>[]> {
  const known = portsRead.get(r) ?? new Map<string, Promise<Row<typeof port>[]>>();
  portsRead.set(r, known);
  const ports = known.get(networkId) ?? r.find(port, { network_id: networkId });
  known.set(networkId, ports);
  return ports;
}
