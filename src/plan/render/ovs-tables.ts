/** The tables of the integration bridge that filter (Neutron's numbers but for 32, 83 and 84), and how packets go on in them. */
import { resubmit } from '../flow-text.ts';

/** The tables by what happens in them. */
export const tables = {
  /** What is for a local IP, and where it goes on with another address. */
  localIp: 31,
  localIpTranslated: 32,
  /** Where frames come in: from a port, or for one. */
  transient: 60,
  /** What a port may send whatever its rules say, and never. */
  baseEgress: 71,
  rulesEgress: 72,
  /** What a port was allowed to send: for a port of this host, or further on. */
  acceptOrIngress: 73,
  /** What a port may receive whatever its rules say. */
  baseIngress: 81,
  rulesIngress: 82,
  /** The members of sets of addresses, as sources and as destinations. */
  sources: 83,
  destinations: 84,
  acceptedEgress: 91,
  acceptedIngress: 92,
  dropped: 93,
  acceptedEgressNormal: 94,
} as const;

/** A number as flows are printed with it. */
export const hex = (value: bigint | number): string => (BigInt(value) === 0n ? '0' : `0x${BigInt(value).toString(16)}`);

const digits = (id: string) => id.replaceAll('-', '');

/** reg6: the local VLAN of the network, which is also its zone of conntrack. */
export const setNetwork = (tag: number): string => `set_field:${hex(tag)}->reg6`;
export const ofNetwork = (tag: number): string => `reg6=${hex(tag)}`;

/** metadata: the port that something is for, by the first 16 digits of its id. */
const portNumber = (portId: string) => hex(BigInt(`0x${digits(portId).slice(0, 16)}`));
export const setReceiver = (portId: string): string => `set_field:${portNumber(portId)}->metadata`;
export const isFor = (portId: string): string => `metadata=${portNumber(portId)}`;

/** xxreg2: the set that is looked into, by its whole id. */
const setNumber = (setId: string) => BigInt(`0x${digits(setId)}`);
export const setMatch = (setId: string): string[] =>
  [8, 9, 10, 11].map((register, at) => {
    const part = (setNumber(setId) >> BigInt(32 * (3 - at))) & 0xffff_ffffn;
    return `reg${register}=${hex(part)}`;
  });

/** reg7: 1 where the address was found in the set. */
export const found = 'set_field:0x1->reg7';

/** How many sets one port can look into: reg12 to reg15 have a bit for each. */
export const mostSets = 128;
const bitOf = (index: number) => ({ register: 12 + Math.floor(index / 32), bit: index % 32 });

/** Actions that look an address up in sets, one after another, and keep what came of each. */
export function lookUp(table: number, setIds: readonly string[]): string[] {
  return setIds.flatMap((id, index) => {
    const { register, bit } = bitOf(index);
    const into = `move:NXM_NX_REG7[0]->NXM_NX_REG${register}[${bit}]`;
    return ['set_field:0->reg7', `set_field:${hex(setNumber(id))}->xxreg2`, resubmit(table), into];
  });
}

/** The address was found in the set of this index. */
export function wasFound(index: number): string {
  const { register, bit } = bitOf(index);
  const mask = hex((1 << bit) >>> 0);
  return `reg${register}=${mask}/${mask}`;
}

const zone = 'zone=NXM_NX_REG6[0..15]';
/** Asks conntrack about a packet, and goes on. */
export const track = (table: number): string => `ct(table=${table},${zone})`;
/** Makes the connection of a packet known. */
export const commit = `ct(commit,${zone})`;
/** Marks the connection of a packet as one that no rule allows any more (1), or as one that a rule allows (0). */
export const mark = (value: 0 | 1): string => `ct(commit,${zone},exec(set_field:${hex(value)}->ct_mark))`;
