/** Tables of nftables on the simulated machine, as strict as nft. */
import type { NftElementsFact, NftTableFact } from '../plan/facts.ts';
import { namespaceOf, SimError, type SimState } from './state.ts';

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
  const there = tables.get(tableName(fact));
  if (there) there.table = fact;
  else tables.set(tableName(fact), { table: fact, elements: new Map() });
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

/** Takes a table away, with all elements. */
export function removeTable(state: SimState, fact: NftTableFact): void {
  state.namespaces.get(fact.namespace)?.tables.delete(tableName(fact));
}

/** Takes a device's elements away. */
export function removeElements(state: SimState, fact: NftElementsFact): void {
  state.namespaces.get(fact.namespace)?.tables.get(tableName(fact))?.elements.delete(fact.owner);
}
