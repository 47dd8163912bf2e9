/** What the host is to realise: objects by key, in memory and on disk, with the revision up to which they are known. */
import { join } from 'node:path';
import { type HostKey, type HostObject, hostKey } from '../model/host-objects.ts';
import { openRecordFile, type RecordFile, readRecords } from './record-file.ts';

/** A record of the file: an object, a key that is gone, or a revision that is complete. */
type Record_ = { readonly object: HostObject } | { readonly gone: HostKey } | { readonly rev: number };

export interface DesiredStore {
  /** The last bookmark; 0 where none is known: the server then sends everything. */
  readonly rev: number;
  /**
   * Whether the objects are all there are as of `rev`. Until then nothing may be removed for lack of an object: the file was lost
   * or damaged, and the server has not answered yet.
   */
  readonly complete: boolean;
  readonly size: number;
  get(key: HostKey): HostObject | undefined;
  keys(): IterableIterator<HostKey>;
  /** Puts an object; false where it is there, the same. */
  put(object: HostObject): boolean;
  /** Takes an object away; false where there is none. */
  drop(key: HostKey): boolean;
  /** Replaces everything; returns the keys that changed, came or went. */
  replace(objects: readonly HostObject[], rev: number): HostKey[];
  bookmark(rev: number): void;
  /** Writes what has changed since the last call to disk. */
  flush(): void;
  close(): void;
}

/** Bytes of superseded records that are left in the file before it is written anew. */
const slackBytes = 1024 * 1024;

interface Entry {
  readonly object: HostObject;
  /** Its JSON: what a new object is compared with. */
  readonly text: string;
}

interface Loaded {
  readonly entries: Map<HostKey, Entry>;
  /** null: not known, or not to be trusted. */
  readonly rev: number | null;
}

function load(path: string): Loaded {
  const { records, damaged } = readRecords(path);
  const entries = new Map<HostKey, Entry>();
  let rev: number | null = null;
  for (const record of records as Record_[]) {
    if ('object' in record)
      entries.set(hostKey(record.object), { object: record.object, text: JSON.stringify(record.object) });
    else if ('gone' in record) entries.delete(record.gone);
    else rev = record.rev;
  }
  return { entries, rev: damaged ? null : rev };
}

/** The record of an object whose JSON is there already. */
const objectRecord = (text: string) => `{"object":${text}}`;

function* allRecords(entries: Map<HostKey, Entry>, rev: number | null): Generator<string> {
  for (const { text } of entries.values()) yield objectRecord(text);
  if (rev !== null) yield JSON.stringify({ rev } satisfies Record_);
}

/** The file of the desired state below an agent's folder. */
export const desiredFile = (folder: string) => join(folder, 'desired');

/** The objects on disk, without the right to change them: what `plan` of a host whose agent may be running reads. */
export function readDesired(folder: string): Pick<DesiredStore, 'rev' | 'complete' | 'get' | 'keys'> {
  const { entries, rev } = load(desiredFile(folder));
  return { rev: rev ?? 0, complete: rev !== null, get: (key) => entries.get(key)?.object, keys: () => entries.keys() };
}

/** Opens the store in a folder. Throws what the file system says. */
export function openDesired(folder: string): DesiredStore {
  const path = desiredFile(folder);
  const loaded = load(path);
  const { entries } = loaded;
  let rev = loaded.rev;
  let waiting: string[] = [];
  const file: RecordFile = openRecordFile(path, allRecords(entries, rev));
  let liveBytes = file.bytes;

  const put = (object: HostObject): boolean => {
    const key = hostKey(object);
    const text = JSON.stringify(object);
    if (entries.get(key)?.text === text) return false;
    entries.set(key, { object, text });
    waiting.push(objectRecord(text));
    return true;
  };
  const drop = (key: HostKey): boolean => {
    if (!entries.delete(key)) return false;
    waiting.push(JSON.stringify({ gone: key } satisfies Record_));
    return true;
  };
  const bookmark = (to: number) => {
    if (to === rev) return;
    rev = to;
    waiting.push(JSON.stringify({ rev: to } satisfies Record_));
  };
  const flush = () => {
    if (waiting.length === 0) return;
    const records = waiting;
    file.append(records);
    waiting = [];
    if (file.bytes <= 2 * liveBytes + slackBytes) return;
    file.rewrite(allRecords(entries, rev));
    liveBytes = file.bytes;
  };
  return {
    get rev() {
      return rev ?? 0;
    },
    get complete() {
      return rev !== null;
    },
    get size() {
      return entries.size;
    },
    get: (key) => entries.get(key)?.object,
    keys: () => entries.keys(),
    put,
    drop,
    replace(objects, to) {
      const named = new Set(objects.map(hostKey));
      const gone = [...entries.keys()].filter((key) => !named.has(key));
      for (const key of gone) drop(key);
      const changed = objects.filter(put).map(hostKey);
      bookmark(to);
      return [...gone, ...changed];
    },
    bookmark,
    flush,
    close() {
      flush();
      file.close();
    },
  };
}
