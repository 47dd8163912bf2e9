/** Reads the counters of nftables tables, in one go for many namespaces. */
import type { HostContext } from './batch.ts';
import type { HelperKind } from './helper-pool.ts';
import type { Counted, CountingTable } from './machine.ts';
import { namespacePath } from './namespaces.ts';
import { type ShellHelper, shellKind, word } from './shell-helper.ts';

/** A shell of its own: what is read from time to time holds up nobody. */
const counting: HelperKind<ShellHelper> = { ...shellKind, name: 'sh-counters' };

/** Tables in one script. */
const perScript = 100;

/** Separates the answers: no program prints it. */
const mark = '\u0001@next\u0001';

interface JsonItem {
  readonly counter?: { readonly name: string; readonly packets: number; readonly bytes: number };
}

function parse(namespace: string, text: string): Counted[] {
  if (!text.trimStart().startsWith('{')) {
    // The namespace or the table, by nsenter or nft.
    if (/No such file or directory/.test(text)) return [];
    throw new Error(`the counters of ${namespace} cannot be read: ${text.trim()}`);
  }
  const { nftables } = JSON.parse(text) as { nftables: JsonItem[] };
  return nftables.flatMap(({ counter }) => {
    if (!counter) return [];
    const { name, packets, bytes } = counter;
    return [{ namespace, name, packets, bytes }];
  });
}

function scriptOf(tables: readonly CountingTable[]): string {
  const parts = tables.map(({ namespace, family, table }) => {
    const nft = `nft -j list counters table ${family} ${word(table)}`;
    return `nsenter --net=${word(namespacePath(namespace))} ${nft} 2>&1 || :`;
  });
  return parts.join(`; printf '\\001@next\\001'; `);
}

/** What the counters of these tables have counted; a table that is not there has none. */
export async function readCounters(context: HostContext, tables: readonly CountingTable[]): Promise<Counted[]> {
  const all: Counted[] = [];
  for (let at = 0; at < tables.length; at += perScript) {
    const some = tables.slice(at, at + perScript);
    const text = await context.pool.use(counting, '', (shell) => shell.run(scriptOf(some)));
    const answers = text.split(mark);
    all.push(...some.flatMap(({ namespace }, index) => parse(namespace, answers[index] ?? '')));
  }
  return all;
}
