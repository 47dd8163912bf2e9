/** The text that nft reads, and the JSON that it prints; pure. */
import { createHash } from 'node:crypto';
import type { NftElementFact, NftElementsFact, NftObject, NftTableFact } from '../plan/facts.ts';

/** Elements of one device by set. */
export type Elements = NftElementsFact['elements'];

/** A table as it is. */
export interface TableState {
  readonly sets: ReadonlySet<string>;
  /** For each chain the comments of its rules: what tells one rule from another, however this nft spells it. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** What rules call by a name, with what it is. */
  readonly objects: ReadonlyMap<string, string>;
  /** What stands in sets, by device. */
  readonly elements: ReadonlyMap<string, Elements>;
  /** What stands in maps, by the map's name and the key. */
  readonly maps: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
}

/** What names a rule in its comment. */
function markOf(rule: string): string {
  return createHash('sha256').update(rule).digest('hex').slice(0, 12);
}

type JsonValue =
  | string
  | number
  | { readonly prefix: { readonly addr: string; readonly len: number } }
  | { readonly range: readonly [JsonValue, JsonValue] }
  | { readonly concat: readonly JsonValue[] }
  | { readonly elem: { readonly val: JsonValue; readonly comment?: string; readonly limit?: JsonLimit } };

type JsonUnit = 'bytes' | 'kbytes' | 'mbytes';

interface JsonLimit {
  readonly rate: number;
  readonly rate_unit: JsonUnit;
  readonly burst: number;
  readonly burst_unit: JsonUnit;
  readonly per: string;
}

const unitBytes: Readonly<Record<JsonUnit, number>> = { bytes: 1, kbytes: 1024, mbytes: 1024 * 1024 };

/** A limit of bytes, in the words in which it is asked for. */
function limitText({ rate, rate_unit, burst, burst_unit, per }: JsonLimit): string {
  return `limit rate over ${rate * unitBytes[rate_unit]} bytes/${per} burst ${burst * unitBytes[burst_unit]} bytes`;
}

/** The objects that tables of ours have, as nft has them. */
const objectKinds = ['counter', 'ct helper'] as const;

interface JsonItem extends Partial<Record<(typeof objectKinds)[number], { readonly name: string }>> {
  readonly set?: { readonly name: string; readonly elem?: readonly JsonValue[] };
  readonly map?: { readonly name: string; readonly elem?: readonly (readonly [JsonValue, JsonValue])[] };
  readonly chain?: { readonly name: string };
  readonly rule?: { readonly chain: string; readonly comment?: string };
}

/** The protocols that maps have in their keys: nft prints a name where the machine knows one. */
const protocolNumbers: Readonly<Record<string, string>> = {
  icmp: '1',
  tcp: '6',
  udp: '17',
  dccp: '33',
  'ipv6-icmp': '58',
  sctp: '132',
};

function valueText(value: JsonValue): string {
  if (typeof value !== 'object') return protocolNumbers[value] ?? String(value);
  if ('prefix' in value) return `${value.prefix.addr}/${value.prefix.len}`;
  if ('range' in value) return value.range.map(valueText).join('-');
  if ('elem' in value) return valueText(value.elem.val);
  return value.concat.map(valueText).join(' . ');
}

function readElements(elements: Map<string, Record<string, string[]>>, set: NonNullable<JsonItem['set']>): void {
  for (const element of set.elem ?? []) {
    const [device = '', ...rest] = valueText(element).split(' . ');
    const own = elements.get(device) ?? {};
    own[set.name] = [...(own[set.name] ?? []), rest.join(' . ')];
    elements.set(device, own);
  }
}

function entryOf(element: JsonValue, data: JsonValue): [string, Entry] {
  const key = valueText(element);
  const partOf = typeof element === 'object' && 'elem' in element ? (element.elem.comment ?? '') : '';
  return [key, { key, value: valueText(data), partOf }];
}

/** The elements of a set that have limits of their own. */
function limitsOf(set: NonNullable<JsonItem['set']>): Map<string, Entry> {
  const limits = (set.elem ?? []).flatMap((element): [string, Entry][] => {
    if (typeof element !== 'object' || !('elem' in element) || !element.elem.limit) return [];
    const key = valueText(element);
    return [[key, { key, value: limitText(element.elem.limit), partOf: '' }]];
  });
  return new Map(limits);
}

/** Reads what `nft -j list table` printed. */
export function parseTable(text: string): TableState {
  const items = (JSON.parse(text) as { nftables: JsonItem[] }).nftables;
  const sets = new Set<string>();
  const chains = new Map<string, string[]>();
  const objects = new Map<string, string>();
  const elements = new Map<string, Record<string, string[]>>();
  const maps = new Map<string, ReadonlyMap<string, Entry>>();
  for (const item of items) {
    const { set, map, chain, rule } = item;
    for (const kind of objectKinds) if (item[kind]) objects.set(item[kind].name, kind);
    if (chain) chains.set(chain.name, chains.get(chain.name) ?? []);
    if (rule) chains.set(rule.chain, [...(chains.get(rule.chain) ?? []), rule.comment ?? '']);
    if (set || map) sets.add((set ?? map)?.name ?? '');
    if (set) readElements(elements, set);
    if (set) maps.set(set.name, limitsOf(set));
    if (map) maps.set(map.name, new Map((map.elem ?? []).map((element) => entryOf(...element))));
  }
  for (const own of elements.values()) for (const values of Object.values(own)) values.sort();
  return { sets, chains, objects, elements, maps };
}

/** What stands in a table by its name. */
export interface Standing {
  /** Names of chains. */
  readonly chains: readonly string[];
  readonly objects: readonly Pick<NftObject, 'name' | 'of'>[];
}

/** What a table has, by name. */
export function standing({ chains, objects }: TableState): Standing {
  return { chains: [...chains.keys()], objects: [...objects].map(([name, of]) => ({ name, of })) };
}

/** What a table has beyond the wanted one. */
export function surplusOf(wanted: NftTableFact, there: Standing): Standing {
  const chains = new Set(wanted.chains.map(({ name }) => name));
  const objects = new Set(wanted.objects?.map(({ name }) => name));
  return {
    chains: there.chains.filter((name) => !chains.has(name)),
    objects: there.objects.filter(({ name }) => !objects.has(name)),
  };
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
  const surplus = surplusOf(asked, standing(state));
  const more = surplus.chains.map((name) => ({ name, rules: [] }));
  // How an object is made is taken as asked for: it is never changed.
  const objects = [
    ...(asked.objects ?? []).filter(({ name, of }) => state.objects.get(name) === of),
    ...surplus.objects.map((object) => ({ ...object, body: '' })),
  ];
  return { ...asked, sets, chains: [...chains, ...more], ...(asked.objects || objects.length > 0 ? { objects } : {}) };
}

/** One element of a map as the kernel has it. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** The range that it is a part of, kept as a comment; '' for one that stands for itself. */
  readonly partOf: string;
}

const rangeAtEnd = /^(.* \. )?(\d+)-(\d+)$/;
/** Follows the value of a fact of which only a part is there. */
const partly = / \(\d+ of \d+\)$/;

/** Whether a fact is one element for each port of a range. */
export function isSpread({ key, value }: Pick<NftElementFact, 'key' | 'value'>): boolean {
  return rangeAtEnd.test(key) && rangeAtEnd.test(value.replace(partly, ''));
}

/** The elements that a fact stands for: one, or one for each number where both its ends are ranges. */
export function entriesOf(fact: Pick<NftElementFact, 'key' | 'value'>): Entry[] {
  const value = fact.value.replace(partly, '');
  const [, from = '', first, last] = rangeAtEnd.exec(fact.key) ?? [];
  const [, to = '', inner] = rangeAtEnd.exec(value) ?? [];
  if (first === undefined || inner === undefined) return [{ key: fact.key, value, partOf: '' }];
  return Array.from({ length: Math.max(0, Number(last) - Number(first) + 1) }, (_, at) => ({
    key: `${from}${Number(first) + at}`,
    value: `${to}${Number(inner) + at}`,
    partOf: `${first}-${last}`,
  }));
}

/** Where consecutive keys lead to consecutive values, that range; undefined where they do not. */
function spreadValue(there: readonly Entry[], count: number): string | undefined {
  const [, before = '', first = ''] = /^(.* \. )?(\d+)$/.exec(there[0]?.value ?? '') ?? [];
  const even = there.length === count && there.every(({ value }, at) => value === `${before}${Number(first) + at}`);
  return even ? `${before}${first}-${Number(first) + count - 1}` : undefined;
}

/** The element of a map as it is; `undefined` where nothing of it is there. */
export function presentEntry(asked: NftElementFact, state: TableState): NftElementFact | undefined {
  const map = state.maps.get(asked.map);
  if (!map) return undefined;
  const wanted = entriesOf(asked);
  const there = wanted.flatMap(({ key, partOf }) => {
    const entry = map.get(key);
    return entry?.partOf === partOf ? [entry] : [];
  });
  const [first] = there;
  if (!first) return undefined;
  if (!isSpread(asked)) return { ...asked, value: first.value };
  const value = spreadValue(there, wanted.length);
  return { ...asked, value: value ?? `${asked.value} (${there.length} of ${wanted.length})` };
}

/** One line of text, which a line break or a quote in a name must not make two. */
function line(words: readonly string[]): string {
  const text = words.join(' ');
  if (/[\n\r#\\']/.test(text)) throw new Error(`not a line for nft: ${JSON.stringify(text)}`);
  return text;
}

/** Lines that make a table what it is to be; elements of its sets stay, and so do the counts of its counters. */
export function tableLines({ family, table, sets, objects = [], chains }: NftTableFact, surplus: Standing): string[] {
  const at = `${family} ${table}`;
  return [
    line(['add table', at]),
    ...sets.map(({ name, of, interval }) => {
      const what = of.includes(' : ') ? 'add map' : 'add set';
      return line([what, at, name, `{ ${of} ;${interval ? ' flags interval ;' : ''} }`]);
    }),
    ...objects.map(({ name, of, body }) => line(['add', of, at, name, `{ ${body} }`])),
    ...chains.map(({ name, hook }) => line(['add chain', at, name, ...(hook ? [`{ ${hook} }`] : [])])),
    ...[...chains.map(({ name }) => name), ...surplus.chains].map((name) => line(['flush chain', at, name])),
    ...chains.flatMap(({ name, rules }) =>
      rules.map((rule) => `${line(['add rule', at, name, rule])} comment "${markOf(rule)}"`),
    ),
    ...surplus.chains.map((name) => line(['delete chain', at, name])),
    ...surplus.objects.map(({ name, of }) => line(['delete', of, at, name])),
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

function checkElement(text: string): void {
  if (!/^[\w.:/ -]*$/.test(text)) throw new Error(`not an element for nft: ${JSON.stringify(text)}`);
}

/** Lines that add or delete elements of a device. */
export function elementLines(verb: 'add' | 'delete', at: NftElementsFact, elements: Elements): string[] {
  if (!/^[^\s"'\\/]{1,15}$/.test(at.owner)) throw new Error(`not a device: ${JSON.stringify(at.owner)}`);
  return Object.entries(elements).map(([set, values]) => {
    for (const value of values) checkElement(value);
    const texts = values.map((value) => `"${at.owner}"${value === '' ? '' : ` . ${value}`}`);
    return `${line([verb, 'element', at.family, at.table, set])} { ${texts.join(', ')} }`;
  });
}

/** The line that adds an element to a map, or deletes its key from it. */
export function entryLine(verb: 'add' | 'delete', at: NftElementFact, { key, value, partOf }: Entry): string {
  for (const text of [key, value, partOf]) checkElement(text);
  const comment = partOf === '' ? '' : ` comment "${partOf}"`;
  const data = value.startsWith('limit ') ? ` ${value}` : `${comment} : ${value}`;
  const element = verb === 'add' ? `${key}${data}` : key;
  return `${line([verb, 'element', at.family, at.table, at.map])} { ${element} }`;
}
