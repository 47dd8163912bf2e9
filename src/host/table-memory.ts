/**
 * The iptables tables as they were last read, for the moment between reading and changing them: a plan is made from what was
 * read just before, and reading once more would take as long as the change itself.
 *
 * What this process loads is forgotten at once. Another one's change in that moment can at worst make a hook stand twice.
 */
import type { IpFamily, IptablesTable } from '../plan/facts.ts';
import type { Chains } from './iptables-text.ts';

/** Names a table: the namespace by its identity, so that one made anew is another. */
export interface TableName {
  readonly namespaceId: string;
  readonly family: IpFamily;
  readonly table: IptablesTable;
}

/** Tables by name, for a moment. */
export interface TableMemory {
  /**
   * Marks the beginning of a reading. What is given to the result (undefined: the reading failed) is kept only where the table
   * was not changed meanwhile.
   */
  reading(name: TableName): (chains: Chains | undefined) => void;
  /** What is known and recent. */
  recall(name: TableName): Chains | undefined;
  forget(name: TableName): void;
}

/** Milliseconds for which a reading counts. */
const recentMs = 500;
/** Tables kept. */
const limit = 64;

/** Makes an empty memory. */
export function tableMemory(): TableMemory {
  const known = new Map<string, { readonly chains: Chains; readonly at: number }>();
  /** Readings under way that nothing has overtaken yet. */
  const valid = new Set<{ readonly key: string }>();
  const keyOf = ({ namespaceId, family, table }: TableName) => `${namespaceId} ${family} ${table}`;
  return {
    reading(name) {
      const key = keyOf(name);
      const token = { key };
      const at = performance.now();
      valid.add(token);
      return (chains) => {
        if (!valid.delete(token) || !chains) return;
        known.delete(key);
        known.set(key, { chains, at });
        const oldest = known.keys().next().value;
        if (known.size > limit && oldest !== undefined) known.delete(oldest);
      };
    },
    recall(name) {
      const entry = known.get(keyOf(name));
      return entry && performance.now() - entry.at < recentMs ? entry.chains : undefined;
    },
    forget(name) {
      const key = keyOf(name);
      known.delete(key);
      for (const token of valid) if (token.key === key) valid.delete(token);
    },
  };
}
