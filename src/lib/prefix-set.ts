/** Sets of addresses as prefixes: joined, subtracted, compared. All prefixes of one call are of one IP version. */
import { type Cidr, cidrsOverlap, type IpVersion, prefixOf } from './ip.ts';

interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

const widths = { 4: 32, 6: 128 } as const;

/** Ranges that neither touch nor overlap, in order. */
function joined(prefixes: readonly Cidr[]): Range[] {
  const ranges: Range[] = [];
  for (const { first, last } of prefixes.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = ranges.at(-1);
    if (!before || first > before.last + 1n) ranges.push({ first, last });
    else if (last > before.last) ranges[ranges.length - 1] = { first: before.first, last };
  }
  return ranges;
}

/** The fewest prefixes that make up a range. */
function prefixesOf({ first, last }: Range, version: IpVersion): Cidr[] {
  const result: Cidr[] = [];
  for (let next = first; next <= last; ) {
    let length: number = widths[version];
    for (let shorter = length - 1; shorter >= 0; shorter--) {
      const wider = prefixOf({ version, value: next }, shorter);
      if (wider.first !== next || wider.last > last) break;
      length = shorter;
    }
    const prefix = prefixOf({ version, value: next }, length);
    result.push(prefix);
    next = prefix.last + 1n;
  }
  return result;
}

const versionOf = (prefixes: readonly Cidr[]): IpVersion => prefixes[0]?.version ?? 4;

/** The fewest prefixes with the same addresses, in order. */
export function compactPrefixes(prefixes: readonly Cidr[]): Cidr[] {
  return joined(prefixes).flatMap((range) => prefixesOf(range, versionOf(prefixes)));
}

/** The fewest prefixes with the addresses of `whole` that `taken` has not. */
export function subtractPrefixes(whole: readonly Cidr[], taken: readonly Cidr[]): Cidr[] {
  const holes = joined(taken);
  const left = joined(whole).flatMap((range) => {
    const rest: Range[] = [];
    let next = range.first;
    for (const hole of holes) {
      if (hole.last < next || hole.first > range.last) continue;
      if (hole.first > next) rest.push({ first: next, last: hole.first - 1n });
      next = hole.last + 1n;
    }
    if (next <= range.last) rest.push({ first: next, last: range.last });
    return rest;
  });
  return left.flatMap((range) => prefixesOf(range, versionOf(whole)));
}

/** The fewest prefixes with the addresses that both have. */
export function commonPrefixes(one: readonly Cidr[], other: readonly Cidr[]): Cidr[] {
  return subtractPrefixes(one, subtractPrefixes(one, other));
}

/** Whether `whole` has every address of `part`. */
export function coversPrefixes(whole: readonly Cidr[], part: readonly Cidr[]): boolean {
  return subtractPrefixes(part, whole).length === 0;
}

/** Whether they share an address. */
export function prefixesOverlap(one: readonly Cidr[], other: readonly Cidr[]): boolean {
  return one.some((a) => other.some((b) => cidrsOverlap(a, b)));
}
