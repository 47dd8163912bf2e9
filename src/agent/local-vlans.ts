/**
 * The local VLANs of networks on the integration bridge: each network has one as long as anything of it is on the host. They are
 * kept on disk beside the ledger, so that a restart changes none.
 */
import { join } from 'node:path';
import { openRecordFile, readRecords } from './record-file.ts';

/** A record of the file. */
type Record_ = { readonly network: string; readonly tag: number } | { readonly freed: string };

/** The VLANs that a bridge can tell apart; 0 is none, 4095 is where nothing leaves. */
const lastTag = 4094;

const slackBytes = 64 * 1024;

/** Local VLANs by network. */
export interface LocalVlans {
  /** The VLAN of a network, which it is given the first time; undefined where all are taken. */
  tagOf(networkId: string): number | undefined;
  /** Nothing of the network is left on the host. */
  free(networkId: string): void;
  close(): void;
}

const file = (folder: string) => join(folder, 'local-vlans');

function load(path: string): Map<string, number> {
  const tags = new Map<string, number>();
  for (const record of readRecords(path).records as Record_[]) {
    if ('freed' in record) tags.delete(record.freed);
    else tags.set(record.network, record.tag);
  }
  return tags;
}

/** Gives networks VLANs. `note` is called before one is given or taken back. */
function book(
  tags: Map<string, number>,
  inUse: () => ReadonlySet<number>,
  note: (record: Record_) => void,
): Omit<LocalVlans, 'close'> {
  return {
    tagOf(network) {
      const known = tags.get(network);
      if (known !== undefined) return known;
      // What is left of a network that went is still in its VLAN.
      const taken = new Set([...tags.values(), ...inUse()]);
      for (let tag = 1; tag <= lastTag; tag++) {
        if (taken.has(tag)) continue;
        note({ network, tag });
        tags.set(network, tag);
        return tag;
      }
      return undefined;
    },
    free(network) {
      if (!tags.has(network)) return;
      note({ freed: network });
      tags.delete(network);
    },
  };
}

/**
 * Opens the VLANs in a folder. `inUse` are those in which ports stand by the ledger, whatever network they were given for. Throws
 * what the file system says.
 */
export function openLocalVlans(folder: string, inUse: () => ReadonlySet<number>): LocalVlans {
  const path = file(folder);
  const tags = load(path);
  const all = () => Array.from(tags, ([network, tag]) => JSON.stringify({ network, tag } satisfies Record_));
  const records = openRecordFile(path, all());
  const note = (record: Record_) => {
    records.append([JSON.stringify(record)]);
    if (records.bytes > slackBytes + 2 * 100 * tags.size) records.rewrite([...all(), JSON.stringify(record)]);
  };
  return { ...book(tags, inUse, note), close: () => records.close() };
}

/** The VLANs on disk, without the right to change them: a network without one is told which it would be given. */
export function readLocalVlans(folder: string, inUse: () => ReadonlySet<number>): LocalVlans {
  return { ...book(load(file(folder)), inUse, () => undefined), close: () => undefined };
}
