/** What readings of counters come to: counters begin anew with a kernel, with a router that moves, or by somebody's hand. */
import type { MeteringCount } from '../model/host-objects.ts';
import type { meteringCount } from '../model/index.ts';
import type { Row } from '../model/language.ts';

/** Packets and bytes. */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

type Before = Pick<Row<typeof meteringCount>, 'boot' | 'read_packets' | 'read_bytes'>;

/** By how much a counter rose since it was read before; all of it where it is another counter than then. */
export function riseSince(before: Before | undefined, now: Traffic, boot: string): Traffic {
  const isSame = before?.boot === boot && now.packets >= before.read_packets && now.bytes >= before.read_bytes;
  if (!before || !isSame) return { packets: now.packets, bytes: now.bytes };
  return { packets: now.packets - before.read_packets, bytes: now.bytes - before.read_bytes };
}

/** What both come to; no more than can be told apart. */
export function sumOf(one: Traffic, other: Traffic): Traffic {
  const sum = (a: number, b: number) => Math.min(Number.MAX_SAFE_INTEGER, a + b);
  return { packets: sum(one.packets, other.packets), bytes: sum(one.bytes, other.bytes) };
}

/** The row of a counter after it was read. */
export function countAfter(
  before: Row<typeof meteringCount> | undefined,
  host: string,
  read: MeteringCount,
  boot: string,
  now: string,
): { readonly row: Row<typeof meteringCount>; readonly rise: Traffic } {
  const { router_id, label_id, direction, project_id, ended } = read;
  const rise = riseSince(before, read, boot);
  const row = {
    ...{ host, router_id, label_id, direction, project_id },
    ...sumOf(before ?? { packets: 0, bytes: 0 }, rise),
    ...{ read_packets: ended ? 0 : read.packets, read_bytes: ended ? 0 : read.bytes, boot },
    ...{
      first_update: before?.first_update ?? now,
      last_update: rise.packets > 0 ? now : (before?.last_update ?? now),
    },
  };
  return { row, rise };
}
