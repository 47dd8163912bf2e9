/**
 * IPv4 and IPv6 addresses and prefixes as values.
 *
 * An address is a family and an integer; text is parsed once, at the edge. IPv6 text is written as RFC 5952 says.
 */

/** 4 or 6. */
export type IpVersion = 4 | 6;

/** One address: its family and its value as an integer (32 or 128 bits). */
export interface Ip {
  readonly version: IpVersion;
  readonly value: bigint;
}

/** A prefix: its network address (host bits zero) and its length in bits. */
export interface Cidr {
  readonly version: IpVersion;
  readonly first: bigint;
  readonly last: bigint;
  readonly length: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return BigInt(value);
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = index === parts.length - 1 ? parseV4(part) : undefined;
      if (v4 === undefined) return undefined;
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** Parses an address without prefix or zone; `undefined` when the text is not one. Leading zeros in IPv4 are refused. */
export function parseIp(text: string): Ip | undefined {
  if (text.length > 45) return undefined;
  const version: IpVersion = text.includes(':') ? 6 : 4;
  const value = version === 4 ? parseV4(text) : parseV6(text);
  return value === undefined ? undefined : { version, value };
}

function formatV6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** The canonical text of an address. */
export function formatIp(ip: Ip): string {
  if (ip.version === 6) return formatV6(ip.value);
  const n = Number(ip.value);
  return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
}

/** The canonical text of what `text` says, or `undefined` when it is no address. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIp(text);
  return ip && formatIp(ip);
}

/** The prefix of `length` bits that holds `ip`. */
export function prefixOf(ip: Ip, length: number): Cidr {
  const hostBits = BigInt(WIDTH[ip.version] - length);
  const first = (ip.value >> hostBits) << hostBits;
  return { version: ip.version, first, last: first + (1n << hostBits) - 1n, length };
}

/**
 * Parses `address/length`; a bare address is a prefix of full length. Host bits are cleared: `10.0.0.7/24` is `10.0.0.0/24`.
 * `undefined` when the text is not a prefix.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!ip) return undefined;
  if (slash < 0) return prefixOf(ip, WIDTH[ip.version]);
  const lengthText = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  return length > WIDTH[ip.version] ? undefined : prefixOf(ip, length);
}

/** The canonical text of a prefix. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp({ version: cidr.version, value: cidr.first })}/${cidr.length}`;
}

/** Whether an address, or the first address of a prefix, is a multicast one: 224.0.0.0/4, ff00::/8. */
export function isMulticast(text: string): boolean {
  const cidr = parseCidr(text);
  if (!cidr) return false;
  return cidr.version === 4 ? cidr.first >> 28n === 0xen : cidr.first >> 120n === 0xffn;
}

/** Whether `ip` lies in `cidr`. */
export function cidrContains(cidr: Cidr, ip: Ip): boolean {
  return ip.version === cidr.version && ip.value >= cidr.first && ip.value <= cidr.last;
}

/** Whether two prefixes share an address. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.version === b.version && a.first <= b.last && b.first <= a.last;
}

/** An IPv4 prefix length as a dotted netmask: 24 is `255.255.255.0`. */
export function netmask(length: number): string {
  return formatIp({ version: 4, value: length === 0 ? 0n : (0xffffffffn << BigInt(32 - length)) & 0xffffffffn });
}
