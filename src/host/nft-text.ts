/** The text that nft reads, and the JSON that it prints; pure. */
import { createHash } from 'node:crypto';
import type { NftElementsFact, NftTableFact } from '../plan/facts.ts';

/** Elements of one device by set. */
export type Elements = NftElementsFact['elements'];

/** A table as it is. */
export interface TableState {
  readonly sets: ReadonlySet<string>;
  /** For each chain the comments of its rules: what tells one rule from another, however this nft spells it. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly elements: ReadonlyMap<string, Elements>;
}

/** What names a rule in its comment. */
function markOf(rule: string): string {
  return createHash('sha256').update(rule).digest('hex').slice(0, 12);
}

type JsonValue = string | number | { readonly prefix: { readonly addr: string; readonly len: number } };
type JsonElement = string | { readonly concat: readonly JsonValue[] };

interface JsonItem {
  readonly set?: { readonly name: string; readonly elem?: readonly JsonElement[] };
  readonly chain?: { readonly name: string };
  readonly rule?: { readonly chain: string; readonly comment?: string };
}

function valueText(value: JsonValue): string {
  return typeof value === 'object' ? `${value.prefix.addr}/${value.prefix.len}` : String(value);
}

/** Reads what `nft -j list table` printed. */
export function parseTable(text: string): TableState {
  const items = (JSON.parse(text) as { nftables: JsonItem[] }).nftables;
  const sets = new Set<string>();
  const chains = new Map<string, string[]>();
  const elements = new Map<string, Record<string, string[]>>();
  for (const { set, chain, rule } of items) {
    if (chain) chains.set(chain.name, chains.get(chain.name) ?? []);
    if (rule) chains.set(rule.chain, [...(chains.get(rule.chain) ?? []), rule.comment ?? '']);
    if (!set) continue;
    sets.add(set.name);
    for (const element of set.elem ?? []) {
      const [device = '', ...rest] = typeof element === 'string' ? [element] : element.concat.map(valueText);
      const own = elements.get(device) ?? {};
      own[set.name] = [...(own[set.name] ?? []), rest.join(' . ')];
      elements.set(device, own);
    }
  }
  for (const own of elements.values()) for (const values of Object.values(own)) values.sort();
  return { sets, chains, elements };
}

/** The table as it is, told in the words of the one that was asked for. */
export function presentTable(asked: NftTableFact, state: TableState): NftTableFact {
  const sets = asked.sets.filter(({ name }) => state.sets.has(name));
  const chains = asked.chains.flatMap((chain) => {
    const marks = state.chains.get(chain.name);
    if (!marks) return [];
    const equal = marks.length === chain.rules.length && chain.rules.every((rule, at) => markOf(rule) === marks[at]);
    return [equal ? chain : { ...chain, rules: marks.map((mark) => `unknown rule ${mark}`) }];
  });
  return { ...asked, sets, chains };
}

/** One line of text, which a line break or a quote in a name must not make two. */
function line(words: readonly string[]): string {
  const text = words.join(' ');
  if (/[\n\r"#\\]/.test(text)) throw new Error(`not a line for nft: ${JSON.stringify(text)}`);
  return text;
}

/** Lines that make a table what it is to be; elements of its sets stay. */
export function tableLines({ family, table, sets, chains }: NftTableFact): string[] {
  const at = `${family} ${table}`;
  return [
    line(['add table', at]),
    ...sets.map(({ name, typeof: kind, interval }) => {
      return line(['add set', at, name, `{ typeof ${kind} ;${interval ? ' flags interval ;' : ''} }`]);
    }),
    ...chains.map(({ name, hook }) => line(['add chain', at, name, ...(hook ? [`{ ${hook} }`] : [])])),
    ...chains.map(({ name }) => line(['flush chain', at, name])),
    ...chains.flatMap(({ name, rules }) =>
      rules.map((rule) => `${line(['add rule', at, name, rule])} comment "${markOf(rule)}"`),
    ),
  ];
}

/** The elements of `a` that `b` has not. */
export function without(a: Elements, b: Elements): Elements {
  const rest = Object.entries(a).map(([set, values]) => {
    const other = new Set(b[set]);
    return [set, values.filter((value) => !other.has(value))] as const;
  });
  return Object.fromEntries(rest.filter(([, values]) => values.length > 0));
}

/** Lines that add or delete elements of a device. */
export function elementLines(verb: 'add' | 'delete', at: NftElementsFact, elements: Elements): string[] {
  if (!/^[^\s"\\/]{1,15}$/.test(at.owner)) throw new Error(`not a device: ${JSON.stringify(at.owner)}`);
  return Object.entries(elements).map(([set, values]) => {
    for (const value of values)
      if (!/^[\w.:/ ]*$/.test(value)) throw new Error(`not an element for nft: ${JSON.stringify(value)}`);
    const texts = values.map((value) => `"${at.owner}"${value === '' ? '' : ` . ${value}`}`);
    return `${line([verb, 'element', at.family, at.table, set])} { ${texts.join(', ')} }`;
  });
}
