/**
 * The watch of one host: a stream of lines that first bring it up to date and then follow the commits. What is sent is state: a
 * key that changed ten times while the line was busy is sent once. Nothing is read ahead of what the reader took.
 */
import { createHash } from 'node:crypto';
import type { HostKey, HostObject, WatchLine } from '../../model/host-objects.ts';
import type { NetworkingSettings } from '../../rules/settings.ts';
import type { Reader, Store } from '../../store/store.ts';

/** How the objects of a host are built (operations/host-view.ts). */
export interface HostView {
  hostObject(r: Reader, settings: NetworkingSettings, host: string, key: HostKey): Promise<HostObject | undefined>;
  hostObjectKeys(r: Reader, host: string): Promise<HostKey[]>;
}

/** Where the lines go. */
export interface LineSink {
  /** Takes text; resolves when there is room for more, rejects when the reader is gone or too slow. */
  write(text: string): Promise<void>;
}

/** What a watch works with. */
export interface WatchOptions {
  readonly store: Store;
  readonly settings: NetworkingSettings;
  readonly view: HostView;
  readonly host: string;
  /** The revision that the host has; `undefined`: none. */
  readonly since: number | undefined;
  readonly sink: LineSink;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Milliseconds between signs of life. */
  readonly bookmarkMs?: number;
}

// Journal entries read at a time, and objects built in one read.
const batch = 500;

const line = (one: WatchLine) => `${JSON.stringify(one)}\n`;
const digest = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 22);

/** What this connection has sent: the digest of each object, '' for a key that was said to be gone. */
type Sent = Map<HostKey, string>;

/** The line that a key needs, if any: nothing where the reader has just that already. */
function lineFor(sent: Sent, isComplete: boolean, key: HostKey, object: HostObject | undefined): string {
  const before = sent.get(key);
  if (!object) {
    const isKnownAbsent = before === '' || (before === undefined && isComplete);
    if (isComplete) sent.delete(key);
    else sent.set(key, '');
    return isKnownAbsent ? '' : line({ type: 'gone', key });
  }
  const text = line({ type: 'object', object });
  const now = digest(text);
  if (before === now) return '';
  sent.set(key, now);
  return text;
}

/** Something that happened, waited for with a deadline. */
function bell(signal: AbortSignal): { ring(): void; wait(ms: number): Promise<void> } {
  let rung = false;
  let wake = () => {};
  const ring = () => {
    rung = true;
    wake();
  };
  signal.addEventListener('abort', ring, { once: true });
  return {
    ring,
    async wait(ms) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = () => {};
      }
      rung = false;
    },
  };
}

/** Follows one host until `signal` ends it or the reader fails; then it rejects with the reader's error. */
export async function watchHost(options: WatchOptions): Promise<void> {
  const { store, signal, bookmarkMs = 15_000 } = options;
  const sent: Sent = new Map();
  const commits = bell(signal);
  const stop = store.onCommit(commits.ring);
  try {
    const resumed = options.since === undefined ? undefined : await canResume(store, options.since);
    let rev = resumed ?? (await sendSnapshot(options, sent));
    while (!signal.aborted) {
      rev = await follow(options, sent, resumed === undefined, rev);
      await commits.wait(bookmarkMs);
    }
  } finally {
    stop();
  }
}

/** `since`, where the journal still has everything after it. */
async function canResume(store: Store, since: number): Promise<number | undefined> {
  return store.read(async (r) => {
    const head = await r.head();
    if (since === head) return since;
    const [next] = await r.journal(since, 1);
    return since < head && next?.rev === since + 1 ? since : undefined;
  });
}

/** Sends everything that the host has; returns the revision of the state it was read from. */
async function sendSnapshot(options: WatchOptions, sent: Sent): Promise<number> {
  const { store, view, host, sink, settings } = options;
  const { rev, keys } = await store.read(async (r) => ({
    rev: await r.head(),
    keys: await view.hostObjectKeys(r, host),
  }));
  await sink.write(line({ type: 'snapshot' }));
  // Later batches may be newer than `rev`: the journal after it is followed next, so nothing is missed.
  for (let at = 0; at < keys.length; at += batch) {
    const some = keys.slice(at, at + batch);
    const text = await store.read(async (r) => {
      let lines = '';
      for (const key of some) lines += lineFor(sent, true, key, await view.hostObject(r, settings, host, key));
      return lines;
    });
    if (text !== '') await sink.write(text);
  }
  return rev;
}

/** Sends what changed after `rev`, and a bookmark; returns the revision reached. */
async function follow(options: WatchOptions, sent: Sent, isComplete: boolean, rev: number): Promise<number> {
  const { store, view, host, sink, settings, signal } = options;
  for (let reached = rev; !signal.aborted; ) {
    const { entries, text } = await store.read(async (r) => {
      const journal = await r.journal(reached, batch);
      const keys = new Set(journal.flatMap((entry) => entry.keys));
      let lines = '';
      for (const key of keys) lines += lineFor(sent, isComplete, key, await view.hostObject(r, settings, host, key));
      return { entries: journal, text: lines };
    });
    reached = entries.at(-1)?.rev ?? reached;
    await sink.write(text + line({ type: 'bookmark', rev: reached }));
    if (entries.length < batch) return reached;
  }
  return rev;
}
