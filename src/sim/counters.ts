/** Counters of tables of nftables on the simulated machine. */
import type { Counted, CountingTable } from '../host/machine.ts';
import type { Namespace } from '../plan/facts.ts';
import { tableName } from './nft.ts';
import { namespaceOf, type SimState } from './state.ts';

/** What the counters of tables have come to. */
export function countersOf(state: SimState, tables: readonly CountingTable[]): Counted[] {
  return tables.flatMap((at) => {
    const counters = state.namespaces.get(at.namespace)?.tables.get(tableName(at))?.counters ?? [];
    return [...counters].map(([name, count]) => ({ namespace: at.namespace, name, ...count }));
  });
}

/** Traffic passes: a counter that is there rises, whatever its table. */
export function raiseCounter(
  state: SimState,
  namespace: Namespace,
  name: string,
  packets: number,
  bytes: number,
): void {
  for (const { counters } of namespaceOf(state, namespace).tables.values()) {
    const count = counters.get(name);
    if (!count) continue;
    count.packets += packets;
    count.bytes += bytes;
  }
}
