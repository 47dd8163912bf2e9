/** Keeps running programs for a while, each in its namespace. */
import type { Namespace } from '../plan/facts.ts';
import { namespaceId } from './namespaces.ts';

/** A running program. */
export interface Helper {
  close(): void;
}

/** What a pool keeps one of. */
export interface HelperKind<H extends Helper> {
  /** Tells kinds apart. */
  readonly name: string;
  open(namespace: Namespace): H;
  /** Milliseconds after its start from which on a program of the kind is not given new work; never, where it is left out. */
  maximumAgeMs?(namespace: Namespace): number | undefined;
}

/** Programs by kind and namespace. */
export interface HelperPool {
  /**
   * Works with the program of a kind in a namespace; `fresh` says that it was started for this. Throws NoNamespace when there is
   * no such namespace. With `anew` a running one is not used.
   */
  use<H extends Helper, T>(
    kind: HelperKind<H>,
    namespace: Namespace,
    work: (helper: H, fresh: boolean) => Promise<T>,
    anew?: boolean,
  ): Promise<T>;
  /** Lets go of a namespace: a program inside would keep a removed one alive. */
  release(namespace: Namespace): void;
  close(): void;
}

/** A namespace that is not there. */
export class NoNamespace extends Error {
  constructor(namespace: Namespace) {
    super(`there is no network namespace ${namespace}`);
    this.name = 'NoNamespace';
  }
}

/** Programs kept running at once; the one idle for longest makes room. */
const limit = 96;
/** Milliseconds after which an idle program is closed. */
const idleMs = 3_000;

interface Entry {
  readonly key: string;
  readonly namespace: Namespace;
  readonly helper: Helper;
  /** The namespace that the program is in; one of the same name made later is another. */
  readonly id: string;
  readonly since: number;
  busy: number;
  idle: NodeJS.Timeout | undefined;
}

/** Makes a pool; it starts nothing until it is used. */
export function helperPool(): HelperPool {
  const entries = new Map<string, Entry>();

  /** Takes a program out of use; one that is busy ends with its work. */
  function retire(entry: Entry): void {
    clearTimeout(entry.idle);
    if (entries.get(entry.key) === entry) entries.delete(entry.key);
    if (entry.busy === 0) entry.helper.close();
  }

  function makeRoom(): void {
    for (const entry of [...entries.values()]) {
      if (entries.size < limit) return;
      if (entry.busy === 0) retire(entry);
    }
  }

  function usable<H extends Helper>(key: string, kind: HelperKind<H>, id: string): Entry | undefined {
    const entry = entries.get(key);
    if (!entry) return undefined;
    const age = kind.maximumAgeMs?.(entry.namespace);
    if (entry.id === id && (age === undefined || performance.now() - entry.since <= age)) return entry;
    retire(entry);
    return undefined;
  }

  function open<H extends Helper>(key: string, kind: HelperKind<H>, namespace: Namespace, id: string): Entry {
    makeRoom();
    const helper = kind.open(namespace);
    return { key, namespace, helper, id, since: performance.now(), busy: 0, idle: undefined };
  }

  async function work<T>(entry: Entry, task: () => Promise<T>): Promise<T> {
    clearTimeout(entry.idle);
    // Moves it to the end: the first of the map is the one unused for longest.
    entries.delete(entry.key);
    entries.set(entry.key, entry);
    entry.busy += 1;
    try {
      return await task();
    } finally {
      entry.busy -= 1;
      if (entries.get(entry.key) !== entry) retire(entry);
      else if (entry.busy === 0) {
        entry.idle = setTimeout(() => retire(entry), idleMs);
        entry.idle.unref();
      }
    }
  }

  return {
    async use(kind, namespace, task, anew) {
      const key = `${kind.name} ${namespace}`;
      const id = await namespaceId(namespace);
      if (id === undefined) throw new NoNamespace(namespace);
      const running = anew ? undefined : usable(key, kind, id);
      const entry = running ?? open(key, kind, namespace, id);
      // The entry was made by this very kind.
      return work(entry, () => task(entry.helper as Parameters<typeof task>[0], running === undefined));
    },
    release(namespace) {
      for (const entry of [...entries.values()]) if (entry.namespace === namespace) retire(entry);
    },
    close() {
      for (const entry of [...entries.values()]) retire(entry);
    },
  };
}
