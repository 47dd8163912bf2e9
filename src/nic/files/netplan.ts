/**
 * netplan: the keys that tell of addresses move, line by line, from the NIC's definition to one of the bridge. All other lines of the
 * file stay as they are, comments and layout too.
 */
import { type Document, isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import type { FileChange } from '../types.ts';
import { type ConfigFile, changed, type Site } from './site.ts';

/** Keys that make the NIC what it is, and stay with it. */
const staying = new Set([
  ...['match', 'set-name', 'renderer', 'macaddress', 'wakeonlan', 'mtu', 'emit-lldp', 'optional', 'ignore-carrier'],
  ...['receive-checksum-offload', 'transmit-checksum-offload', 'tcp-segmentation-offload', 'tcp6-segmentation-offload'],
  ...['generic-segmentation-offload', 'generic-receive-offload', 'large-receive-offload', 'interfaces', 'parameters'],
  ...[
    'id',
    'link',
    'openvswitch',
    'networkmanager',
    'virtual-function-count',
    'embedded-switch-mode',
    'infiniband-mode',
  ],
]);
/** Kinds of devices under `network` that can be a NIC. */
const kinds = ['ethernets', 'bonds', 'vlans'] as const;

type Map = YAMLMap<unknown, unknown>;

const keyOf = (pair: Pair<unknown, unknown>): string =>
  isScalar(pair.key) ? String(pair.key.value) : String(pair.key);

function startOf(pair: Pair<unknown, unknown>): number {
  return (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? 0;
}

function mapAt(map: Map | undefined, key: string): Map | undefined {
  const value = map?.items.find((pair) => keyOf(pair) === key)?.value;
  return isMap(value) ? value : undefined;
}

/** The definition of the NIC: the pair of its name, and the map around it. */
interface Place {
  readonly pair: Pair<unknown, unknown>;
  readonly network: Map;
}

function placeOf(document: Document, nic: string, mac: string): Place | undefined {
  const root = document.contents;
  const network = isMap(root) ? mapAt(root as Map, 'network') : undefined;
  if (!network) return undefined;
  for (const kind of kinds) {
    const devices = mapAt(network, kind)?.items ?? [];
    const pair = devices.find((one) => keyOf(one) === nic) ?? devices.find((one) => matches(one, nic, mac));
    if (pair) return { pair, network };
  }
  return undefined;
}

/** Whether a definition finds the NIC by `match`: its MAC, or a pattern of names. */
function matches(pair: Pair<unknown, unknown>, nic: string, mac: string): boolean {
  const match = isMap(pair.value) ? mapAt(pair.value as Map, 'match') : undefined;
  if (!match) return false;
  const hardware = match.get('macaddress');
  if (hardware !== undefined) return String(hardware).toLowerCase() === mac;
  const name = match.get('name');
  if (name === undefined) return false;
  const pattern = String(name)
    .replace(/[.+^$|(){}\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^(${pattern})$`).test(nic);
}

/** Whether a file defines the NIC. */
export function isNetplanOf({ path, text }: Pick<ConfigFile, 'path' | 'text'>, nic: string, mac: string): boolean {
  return path.endsWith('.yaml') && placeOf(parseDocument(text), nic, mac) !== undefined;
}

/** The lines of a text, and the line in which an offset is. */
class Lines {
  readonly all: string[];
  readonly #starts: number[] = [];

  constructor(text: string) {
    this.all = text.replace(/\n$/, '').split('\n');
    let at = 0;
    for (const line of this.all) {
      this.#starts.push(at);
      at += line.length + 1;
    }
  }

  at(offset: number): number {
    return this.#starts.findLastIndex((start) => start <= offset);
  }
}

const indentOf = (line: string): number => /^ */.exec(line)?.[0].length ?? 0;
const isRemark = (line: string): boolean => /^\s*(#|$)/.test(line);

/** First line and line behind the last of a pair in a block: its own comment above belongs to it, what follows deeper does too. */
function extent(lines: Lines, pair: Pair<unknown, unknown>): readonly [number, number] {
  const key = lines.at(startOf(pair));
  const depth = indentOf(lines.all[key] ?? '');
  let first = key;
  while (first > 0 && /^\s*#/.test(lines.all[first - 1] ?? '') && indentOf(lines.all[first - 1] ?? '') === depth)
    first--;
  let end = key + 1;
  const deeper = (line: string) => indentOf(line) > depth || (indentOf(line) === depth && /^\s*- /.test(line));
  while (end < lines.all.length && (isRemark(lines.all[end] ?? '') || deeper(lines.all[end] ?? ''))) end++;
  while (end > key + 1 && isRemark(lines.all[end - 1] ?? '') && indentOf(lines.all[end - 1] ?? '') <= depth) end--;
  return [first, end];
}

function bridgeLines(site: Site, name: string, moved: readonly string[], depth: number, step: number): string[] {
  const pad = (levels: number) => ' '.repeat(depth + levels * step);
  const own = [
    `interfaces: [${name}]`,
    `macaddress: ${site.mac}`,
    `mtu: ${site.mtu}`,
    ...(site.driver === 'openvswitch' ? ['openvswitch: {}'] : [`parameters: {stp: false, forward-delay: 0}`]),
  ];
  return [`${pad(1)}${site.bridge}:`, ...own.map((line) => `${pad(2)}${line}`), ...moved];
}

/** Lines moved from one depth to another. */
function shifted(lines: readonly string[], by: number): string[] {
  return lines.map((line) =>
    line.trim() === '' || by === 0 ? line : by > 0 ? ' '.repeat(by) + line : line.slice(Math.min(-by, indentOf(line))),
  );
}

/** Moves lines; undefined where the definition is no block of lines. */
function moveLines(text: string, site: Site): string | undefined {
  const document = parseDocument(text);
  const place = placeOf(document, site.nic, site.mac);
  const value = place?.pair.value;
  if (!place || !isMap(value) || value.flow === true || place.network.flow === true) return undefined;
  const lines = new Lines(text);
  const nameLine = lines.at(startOf(place.pair));
  const going = (value as Map).items.filter((pair) => !staying.has(keyOf(pair)));
  const cuts = going.map((pair) => extent(lines, pair));
  const depth = indentOf(lines.all[lines.at(startOf(place.network.items[0] as Pair))] ?? '');
  const nameDepth = indentOf(lines.all[nameLine] ?? '');
  const step = Math.max(1, nameDepth - depth);
  const keyDepth = cuts[0] ? indentOf(lines.all[cuts[0][0]] ?? '') : depth + 2 * step;
  const moved = shifted(
    cuts.flatMap(([first, end]) => lines.all.slice(first, end)),
    depth + 2 * step - keyDepth,
  );
  const gone = new Set(cuts.flatMap(([first, end]) => Array.from({ length: end - first }, (_, at) => first + at)));
  const bridges = place.network.items.find((pair) => keyOf(pair) === 'bridges');
  const block = bridgeLines(site, keyOf(place.pair), moved, depth, step);
  const whole = extent(lines, (bridges ?? place.network.items.at(-1)) as Pair<unknown, unknown>);
  const added = bridges ? block : [`${' '.repeat(depth)}bridges:`, ...block];
  const left = (value as Map).items.length - going.length;
  return `${lines.all
    .flatMap((line, at) => {
      const own = gone.has(at) ? [] : [at === nameLine && left === 0 ? line.replace(/:(\s|$)/, ': {}$1') : line];
      return at === whole[1] - 1 ? [...own, ...added] : own;
    })
    .join('\n')}\n`;
}

/** Moves keys in the document's tree: for definitions in braces, whose layout is the library's afterwards. */
function moveNodes(text: string, site: Site): string {
  const document = parseDocument(text);
  const place = placeOf(document, site.nic, site.mac);
  if (!place) return text;
  const value = isMap(place.pair.value) ? (place.pair.value as Map) : undefined;
  const going = value?.items.filter((pair) => !staying.has(keyOf(pair))) ?? [];
  if (value) value.items = value.items.filter((pair) => staying.has(keyOf(pair)));
  const own = {
    interfaces: [keyOf(place.pair)],
    macaddress: site.mac,
    mtu: site.mtu,
    ...(site.driver === 'openvswitch' ? { openvswitch: {} } : { parameters: { stp: false, 'forward-delay': 0 } }),
  };
  const bridge = document.createNode(own) as unknown as Map;
  bridge.items.push(...going);
  if (!mapAt(place.network, 'bridges')) place.network.set('bridges', document.createNode({}));
  mapAt(place.network, 'bridges')?.set(site.bridge, bridge);
  return document.toString({ lineWidth: 0 });
}

const plain = (text: string): unknown => parseDocument(text).toJS();

/** The files for a NIC: those of the site that define it. */
export function netplanFiles(site: Site): FileChange[] {
  return site.files
    .filter((file) => isNetplanOf(file, site.nic, site.mac))
    .slice(0, 1)
    .map((file) => {
      const byNodes = moveNodes(file.text, site);
      const byLines = moveLines(file.text, site);
      // The lines are good only where they mean what the tree means.
      const same =
        byLines !== undefined && JSON.stringify(sorted(plain(byLines))) === JSON.stringify(sorted(plain(byNodes)));
      return changed(file, same ? byLines : byNodes);
    });
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
