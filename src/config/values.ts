/** The kinds of values that options take, each with its expectation in words. Reading never throws. */
import { canonicalIp } from '../lib/ip.ts';

/** A kind of value; `parse` gives undefined for a text that is none. */
export interface ValueKind<T> {
  /** The end of a sentence: "expected an integer from 1 to 65535". */
  readonly expected: string;
  parse(text: string): T | undefined;
  /** The value as a file would have it. */
  print(value: T): string;
}

function kind<T>(expected: string, parse: (text: string) => T | undefined, print = (value: T) => String(value)) {
  return { expected, parse, print } satisfies ValueKind<T>;
}

/** Any text. */
export function text(expected = 'a text'): ValueKind<string> {
  return kind(expected, (given) => given);
}

/** A whole number in [min, max]. */
export function integer(min: number, max: number): ValueKind<number> {
  return kind(`an integer from ${min} to ${max}`, (given) => {
    const value = /^[+-]?\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** A whole or broken number, at least `min`. */
export function number(min: number): ValueKind<number> {
  return kind(`a number, at least ${min}`, (given) => {
    const value = /^\d{1,15}(\.\d{1,9})?$/.test(given) ? Number(given) : Number.NaN;
    return value >= min ? value : undefined;
  });
}

const words: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no'].map((word) => [word, false] as const),
]);

/** true, 1, on, yes; false, 0, off, no; in any case. */
export function boolean(): ValueKind<boolean> {
  return kind('true or false', (given) => words.get(given.toLowerCase()));
}

/** A number above 0, or none: -1 or infinite. */
export function limit(): ValueKind<number> {
  return kind('a number above 0, -1 or infinite', (given) => {
    if (given === '-1' || given.toLowerCase() === 'infinite') return -1;
    return /^[1-9]\d{0,8}$/.test(given) ? Number(given) : undefined;
  });
}

/** 4 or 6. */
export function ipVersion(): ValueKind<4 | 6> {
  return kind('4 or 6', (given) => (given === '4' ? 4 : given === '6' ? 6 : undefined));
}

/** One of the words given. */
export function oneOf<const T extends string>(...choices: readonly T[]): ValueKind<T> {
  return kind(`one of ${choices.join(', ')}`, (given) => choices.find((choice) => choice === given));
}

/** An http or https URL, or nothing. */
export function url(): ValueKind<string> {
  return kind('a URL such as http://keystone:5000', (given) => {
    if (given === '') return '';
    return /^https?:\/\/[^\s@]+$/.test(given) && URL.canParse(given) ? given : undefined;
  });
}

/** An IP address, or nothing. */
export function ip(): ValueKind<string> {
  return kind('an IP address', (given) => (given === '' ? '' : canonicalIp(given)));
}

/** A unicast MAC address. */
export function mac(): ValueKind<string> {
  return kind('a unicast MAC address such as fa:16:3e:00:00:00', (given) => {
    const small = given.toLowerCase();
    const isMac = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(small) && (Number.parseInt(small.slice(0, 2), 16) & 1) === 0;
    return isMac ? small : undefined;
  });
}

/** The pieces between commas (and line ends of a value that goes on), without blanks and empty ones. */
function pieces(given: string): string[] {
  return given
    .split(/[,\n]/)
    .map((piece) => unquoted(piece.trim()))
    .filter((piece) => piece !== '');
}

function unquoted(piece: string): string {
  const match = /^(["'])(.*)\1$/.exec(piece);
  return match?.[2] ?? piece;
}

/** Values between commas; nothing is the empty list. */
export function list<T>(
  of: ValueKind<T>,
  expected = `a list with commas, each ${of.expected}`,
): ValueKind<readonly T[]> {
  return kind(
    expected,
    (given) => {
      const values = pieces(given).map((piece) => of.parse(piece));
      return values.includes(undefined) ? undefined : (values as T[]);
    },
    (value) => value.map((one) => of.print(one)).join(','),
  );
}

/** `a:1,b:2`; a key stands once. */
export function dictionary<T>(of: ValueKind<T>, example: string): ValueKind<Readonly<Record<string, T>>> {
  return kind<Readonly<Record<string, T>>>(
    `a list of pairs such as ${example}`,
    (given) => {
      const result = new Map<string, T>();
      for (const piece of pieces(given)) {
        const at = piece.indexOf(':');
        const key = piece.slice(0, at).trim();
        const value = of.parse(piece.slice(at + 1).trim());
        if (at < 1 || key === '' || value === undefined || result.has(key)) return undefined;
        result.set(key, value);
      }
      return Object.fromEntries(result);
    },
    (value) =>
      Object.entries(value)
        .map(([key, one]) => `${key}:${of.print(one)}`)
        .join(','),
  );
}

/** Both ends belong to it. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

function parseRange(piece: string, min: number, max: number): Range | undefined {
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(piece.replaceAll(' ', ''));
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  return match && first >= min && first <= last && last <= max ? { first, last } : undefined;
}

/** `1:1000,2000:3000`. */
export function ranges(min: number, max: number): ValueKind<readonly Range[]> {
  const one = kind<Range>(
    'a range first:last',
    (piece) => parseRange(piece, min, max),
    ({ first, last }) => `${first}:${last}`,
  );
  return list(one, `ranges such as 1:1000,2000:3000 between ${min} and ${max}`);
}

/** `physnet1:100:200,physnet2`: ranges of VLAN ids by physical network; a network alone has provider networks only. */
export function vlanRanges(): ValueKind<Readonly<Record<string, readonly Range[]>>> {
  return kind<Readonly<Record<string, readonly Range[]>>>(
    'entries such as physnet1:100:200 or physnet2, with VLAN ids from 1 to 4094',
    (given) => {
      const result = new Map<string, Range[]>();
      for (const piece of pieces(given)) {
        const [, name = '', numbers] = /^([^:]+?)\s*(?::(.*))?$/.exec(piece) ?? [];
        const range = numbers === undefined ? [] : parseRange(numbers, 1, 4094);
        if (name === '' || range === undefined) return undefined;
        result.set(name, [...(result.get(name) ?? []), range].flat());
      }
      return Object.fromEntries(result);
    },
    (value) =>
      Object.entries(value)
        .flatMap(([name, of]) => (of.length === 0 ? [name] : of.map(({ first, last }) => `${name}:${first}:${last}`)))
        .join(','),
  );
}
