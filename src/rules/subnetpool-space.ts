/** The free space of subnet pools as aligned blocks: their names in the table, their halves, the blocks around them. */
import { type Cidr, type IpVersion, parseIp, prefixOf } from '../lib/ip.ts';

// The greatest length of any prefix: a block's size in bits is counted from here, so that a smaller block sorts first.
const WIDTH = 128;
const sizeOf = (length: number) => String(WIDTH - length).padStart(3, '0');

/** The name of a block in the table: text order is smallest block first, then lowest address. */
export function slotOf(block: Cidr): string {
  return `${sizeOf(block.length)} ${block.first.toString(16).padStart(32, '0')}`;
}

/** The block that a name stands for. */
export function blockOf(slot: string, version: IpVersion): Cidr {
  return prefixOf({ version, value: BigInt(`0x${slot.slice(4)}`) }, WIDTH - Number(slot.slice(0, 3)));
}

/** Where the names of the blocks begin that are large enough for a prefix of this length. */
export function firstSlotFor(length: number): string {
  return sizeOf(length);
}

/** The first prefix of this length in a block that is large enough. */
export function startOf(block: Cidr, length: number): Cidr {
  return prefixOf({ version: block.version, value: block.first }, length);
}

/** The block and every block that it lies in, from itself outwards. */
export function blocksAround(block: Cidr): Cidr[] {
  const value = { version: block.version, value: block.first };
  return Array.from({ length: block.length + 1 }, (_, up) => prefixOf(value, block.length - up));
}

/** The other half of the block that this one is a half of. */
function otherHalf(block: Cidr): Cidr {
  const size = block.last - block.first + 1n;
  const isLower = (block.first / size) % 2n === 0n;
  return prefixOf({ version: block.version, value: isLower ? block.first + size : block.first - size }, block.length);
}

/** What is left of a block when a part of it is taken: the other halves, from the smallest outwards. */
export function restOf(whole: Cidr, part: Cidr): Cidr[] {
  return blocksAround(part)
    .filter((block) => block.length > whole.length)
    .map(otherHalf);
}

/** The other halves that a freed block may join, from the smallest outwards. */
export function joinable(block: Cidr): Cidr[] {
  return blocksAround(block)
    .filter((around) => around.length > 0)
    .map(otherHalf);
}

/** The prefix of this length that an address lies in; `undefined` where the text is no address or the length too great. */
export function prefixAround(address: string, length: number): Cidr | undefined {
  const ip = parseIp(address);
  return ip && length <= (ip.version === 4 ? 32 : 128) ? prefixOf(ip, length) : undefined;
}
