/** Reads what `ip` prints of addresses, routes and rules, and turns it into words that `ip` takes again. */
import type { Address, Family, Route, Rule } from '../types.ts';

/** An entry of `addr_info` of `ip -j -d addr`. */
export interface AddressEntry {
  readonly family: string;
  readonly local?: string;
  readonly address?: string;
  readonly prefixlen: number;
  readonly broadcast?: string;
  readonly scope: string;
  readonly label?: string;
  readonly valid_life_time?: number;
  readonly preferred_life_time?: number;
  readonly metric?: number;
  readonly protocol?: string;
  readonly [flag: string]: unknown;
}

const settable = ['noprefixroute', 'mngtmpaddr', 'home', 'nodad', 'autojoin'];
const kernelOnly = ['temporary', 'stable-privacy', 'tentative', 'dadfailed', 'optimistic'];
const forever = 4294967295;

function lifetime(seconds: number | undefined): number | null {
  return seconds === undefined || seconds >= forever ? null : seconds;
}

/** The address of an entry; undefined for what is no IP address. */
export function readAddress(entry: AddressEntry): Address | undefined {
  if ((entry.family !== 'inet' && entry.family !== 'inet6') || entry.local === undefined) return undefined;
  return {
    family: entry.family === 'inet' ? 4 : 6,
    local: entry.local,
    prefix: entry.prefixlen,
    ...(entry.address !== undefined && entry.address !== entry.local ? { peer: entry.address } : {}),
    ...(entry.broadcast !== undefined ? { broadcast: entry.broadcast } : {}),
    scope: entry.scope,
    ...(entry.label !== undefined ? { label: entry.label } : {}),
    validSeconds: lifetime(entry.valid_life_time),
    preferredSeconds: lifetime(entry.preferred_life_time),
    flags: settable.filter((flag) => entry[flag] === true),
    kernelFlags: kernelOnly.filter((flag) => entry[flag] === true),
    ...(entry.metric !== undefined && entry.metric !== 0 ? { metric: entry.metric } : {}),
    ...(entry.protocol !== undefined ? { protocol: entry.protocol } : {}),
  };
}

/** `10.0.0.2/24`, or `10.0.0.2 peer 10.0.0.9/32`. */
export function addressName({ local, prefix, peer }: Address): string {
  return peer === undefined ? `${local}/${prefix}` : `${local} peer ${peer}/${prefix}`;
}

/** The words after `address replace`: the address on `device`, `elapsed` seconds after it was seen. `from`: whose label it has. */
export function addressWords(address: Address, device: string, from: string, elapsed: number): string[] {
  const { label, broadcast, validSeconds, preferredSeconds, metric, protocol } = address;
  const left = (seconds: number | null) => (seconds === null ? 'forever' : String(Math.max(0, seconds - elapsed)));
  const alias = label?.startsWith(`${from}:`) ? `${device}${label.slice(from.length)}` : undefined;
  return [
    ...addressName(address).split(' '),
    ...(broadcast === undefined ? [] : ['broadcast', broadcast]),
    ...['scope', address.scope, 'dev', device],
    ...(alias === undefined ? [] : ['label', alias]),
    ...(validSeconds === null ? [] : ['valid_lft', left(validSeconds), 'preferred_lft', left(preferredSeconds)]),
    ...(validSeconds === null && preferredSeconds !== null ? ['preferred_lft', left(preferredSeconds)] : []),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(protocol === undefined ? [] : ['proto', protocol]),
    ...address.flags,
  ];
}

/** Words that tell of a state, and take no value. */
const states = new Set([
  'dead',
  'linkdown',
  'offload',
  'rt_offload',
  'rt_offload_failed',
  'rt_trap',
  'trap',
  'pervasive',
]);
/** Words that tell of a state by the word that follows. */
const statesWithValue = new Set(['error', 'nhid', 'users', 'age']);

function routeWords(text: string, family: Family): string[] {
  const words = text.trim().split(/\s+/);
  const kept: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (states.has(word)) continue;
    if (statesWithValue.has(word)) at += 1;
    else if (word === 'expires') kept.push(word, (words[++at] ?? '').replace(/sec$/, ''));
    else kept.push(word);
  }
  // In a batch, the family is told by the destination alone.
  if (family === 6 && kept[1] === 'default') kept[1] = '::/0';
  return kept;
}

/** The routes that `ip -4|-6 -d route show table all` printed, but for those that the kernel keeps for its own addresses. */
export function readRoutes(text: string, family: Family): Route[] {
  // The next hops of a route with several stand on lines of their own, indented.
  const lines = text.replace(/\n[ \t]+/g, ' ').split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => ({ family, words: routeWords(line, family) }))
    .filter(({ words }) => !isKernelLocal(words));
}

function isKernelLocal(words: readonly string[]): boolean {
  const own = ['local', 'broadcast', 'anycast', 'multicast'].includes(words[0] ?? '');
  return own && wordAfter(words, 'proto') === 'kernel';
}

/** What follows a word; undefined where the word is not there. */
export function wordAfter(words: readonly string[], word: string): string | undefined {
  const at = words.indexOf(word);
  return at < 0 ? undefined : words[at + 1];
}

/** The devices that a route leaves by. */
export function routeDevices({ words }: Route): string[] {
  return words.filter((_, at) => words[at - 1] === 'dev');
}

/** The route with one device for another. */
export function routeBy(route: Route, from: string, to: string): Route {
  return {
    ...route,
    words: route.words.map((word, at) => (route.words[at - 1] === 'dev' && word === from ? to : word)),
  };
}

/** The words by which `ip route` finds exactly this route: without what runs. `elapsed`: seconds since it was seen. */
export function routeLine(route: Route, elapsed: number): string {
  const { words } = route;
  return words
    .map((word, at) => (words[at - 1] === 'expires' ? String(Math.max(1, Number(word) - elapsed)) : word))
    .join(' ');
}

/** What tells routes apart: all words but running times. */
export function routeKey({ family, words }: Route): string {
  const kept = words.filter((word, at) => word !== 'expires' && words[at - 1] !== 'expires');
  return `${family} ${kept.join(' ')}`;
}

/** The rules that `ip -4|-6 -d rule show` printed. */
export function readRules(text: string, family: Family): Rule[] {
  return text
    .split('\n')
    .map((line) => /^(\d+):\s*(.*)$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, preference = '', rest = '']) => {
      const words = rest.split(/\s+/).filter((word) => !/^\[.*\]$/.test(word));
      const at = words.indexOf('proto');
      const unspecified = at >= 0 && words[at + 1] === 'unspec';
      return { family, words: ['pref', preference, ...(unspecified ? words.toSpliced(at, 2) : words)] };
    });
}

/** Whether a rule names the device as the way in or out. */
export function ruleNames({ words }: Rule, device: string): boolean {
  return words.some((word, at) => (word === 'iif' || word === 'oif') && words[at + 1] === device);
}

/** The rule with one device for another. */
export function ruleBy(rule: Rule, from: string, to: string): Rule {
  const { words } = rule;
  const named = (at: number) => words[at - 1] === 'iif' || words[at - 1] === 'oif';
  return { ...rule, words: words.map((word, at) => (named(at) && word === from ? to : word)) };
}
