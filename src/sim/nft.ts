/** Tables of nftables on the simulated machine, as strict as nft. */
import { factKey, type NftElementFact, type NftElementsFact, type NftTableFact } from '../plan/facts.ts';
import { namespaceOf, SimError, type SimState, type SimTable } from './state.ts';

/** The key of a table within its namespace. */
export const tableName = (at: { family: string; table: string }) => `${at.family}|${at.table}`;

/** Makes a table, or gives it other chains; the elements of its sets stay. */
export function putTable(state: SimState, fact: NftTableFact): void {
  const { tables } = namespaceOf(state, fact.namespace);
  const declared = new Set<string>();
  for (const { name, rules } of fact.chains) {
    for (const rule of rules) {
      const jump = /jump (\S+)/.exec(rule)?.[1];
      if (jump !== undefined && !declared.has(jump)) throw new SimError(`Could not process rule: no chain ${jump}`);
    }
    declared.add(name);
  }
  const there = tables.get(tableName(fact)) ?? {
    table: fact,
    elements: new Map(),
    entries: new Map(),
    counters: new Map(),
  };
  there.table = fact;
  tables.set(tableName(fact), there);
  keepCounters(there);
}

/** Counters that stay keep their counts; others begin at 0. */
function keepCounters({ table: { objects = [] }, counters }: SimTable): void {
  const names = new Set(objects.filter(({ of }) => of === 'counter').map(({ name }) => name));
  for (const name of counters.keys()) if (!names.has(name)) counters.delete(name);
  for (const name of names) if (!counters.has(name)) counters.set(name, { packets: 0, bytes: 0 });
}

/** Makes a device's elements what they are to be. */
export function putElements(state: SimState, fact: NftElementsFact): void {
  const there = namespaceOf(state, fact.namespace).tables.get(tableName(fact));
  if (!there) throw new SimError(`Could not process rule: No such file or directory (table ${fact.table})`);
  for (const [set, values] of Object.entries(fact.elements)) {
    const declared = there.table.sets.find(({ name }) => name === set);
    if (!declared) throw new SimError(`Could not process rule: No such file or directory (set ${set})`);
    if (!declared.interval && values.some((value) => value.includes('/')))
      throw new SimError(`set ${set} takes no prefixes`);
  }
  there.elements.set(fact.owner, fact);
}

/** The key of an element within its table. */
export const entryName = (fact: NftElementFact) => `${fact.map}|${fact.key}`;

function boundsOf(key: string): { before: string; first: number; last: number } {
  const [, before = '', range = ''] = /^(?:(.*) \. )?(\S+)$/.exec(key) ?? [];
  const [first = '', end = first] = range.split('-');
  return { before, first: Number(first), last: Number(end) };
}

/** An element of the map that holds a part of the key, and stays. */
function overlapped(state: SimState, table: SimTable, fact: NftElementFact): NftElementFact | undefined {
  const own = boundsOf(fact.key);
  for (const other of table.entries.values()) {
    if (other.map !== fact.map || other.key === fact.key || state.plan.removes.has(factKey(other))) continue;
    const { before, first, last } = boundsOf(other.key);
    if (before === own.before && first <= own.last && last >= own.first) return other;
  }
  return undefined;
}

/** Makes an element of a map lead where it is to lead. */
export function putEntry(state: SimState, fact: NftElementFact): void {
  const there = namespaceOf(state, fact.namespace).tables.get(tableName(fact));
  const map = there?.table.sets.find(({ name }) => name === fact.map);
  if (!there || !map || !/ : | limit /.test(map.of))
    throw new SimError(`Could not process rule: No such file or directory (map ${fact.map})`);
  const single = !/\d-\d/.test(fact.key);
  const spread = /\d-\d/.test(fact.value);
  if (!map.interval && !single && !spread) throw new SimError(`map ${fact.map} takes no ranges`);
  if (!single && overlapped(state, there, fact))
    throw new SimError(`Could not process rule: File exists (${fact.key})`);
  there.entries.set(entryName(fact), fact);
}

/** Takes an element of a map away. */
export function removeEntry(state: SimState, fact: NftElementFact): void {
  state.namespaces.get(fact.namespace)?.tables.get(tableName(fact))?.entries.delete(entryName(fact));
}

/** Takes a table away, with all elements. */
export function removeTable(state: SimState, fact: NftTableFact): void {
  state.namespaces.get(fact.namespace)?.tables.delete(tableName(fact));
}

/** Takes a device's elements away. */
export function removeElements(state: SimState, fact: NftElementsFact): void {
  state.namespaces.get(fact.namespace)?.tables.get(tableName(fact))?.elements.delete(fact.owner);
}
