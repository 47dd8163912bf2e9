/** The running `ip` and `bridge` programs, one per namespace in use, closed when idle. */
import type { Namespace } from '../plan/facts.ts';
import { type BatchHelper, batchHelper, type LineResult } from './batch-helper.ts';
import { namespaceId } from './namespaces.ts';

export type IprouteProgram = 'ip' | 'bridge';

/** iproute2, in any namespace. */
export interface Iproute {
  /** Gives the result of each line. Throws NoNamespace when there is none of that name. */
  exec(program: IprouteProgram, namespace: Namespace, lines: readonly string[]): Promise<LineResult[]>;
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
const helperLimit = 24;
/** Milliseconds after which an idle program is closed. */
const idleMs = 3_000;
/**
 * Milliseconds for which a program in the own namespace is used. iproute2 remembers the index of a name, and there, devices
 * of a name come and go by others' hands. In namespaces of ours the kernel's complaint about a stale index is enough.
 */
const ownAgeMs = 100;
const staleIndex = /^RTNETLINK answers: No such device|^Error: .*No such device/m;

interface Entry {
  readonly helper: BatchHelper;
  /** The namespace that the program is in; one of the same name made later is another. */
  readonly id: string;
  readonly since: number;
  busy: number;
  idle: NodeJS.Timeout | undefined;
}

/** Makes the pool; it starts nothing until it is used. */
export function iproute(): Iproute {
  const entries = new Map<string, Entry>();

  function makeRoom(): void {
    for (const [key, entry] of entries) {
      if (entries.size < helperLimit) return;
      if (entry.busy === 0) retire(key, entry);
    }
  }

  function open(key: string, program: IprouteProgram, namespace: Namespace, id: string): Entry {
    makeRoom();
    const where = namespace === '' ? [] : ['-n', namespace];
    const entry: Entry = {
      helper: batchHelper([program, ...where, '-j', '-d']),
      id,
      since: performance.now(),
      busy: 0,
      idle: undefined,
    };
    entries.set(key, entry);
    return entry;
  }

  /** The program for a key, unless what it knows may be out of date. */
  function usable(key: string, namespace: Namespace, id: string): Entry | undefined {
    const entry = entries.get(key);
    if (!entry) return undefined;
    const old = namespace === '' && performance.now() - entry.since > ownAgeMs;
    if (entry.id === id && !old) return entry;
    retire(key, entry);
    return undefined;
  }

  /** Takes a program out of use; one that is busy ends with its work. */
  function retire(key: string, entry: Entry): void {
    clearTimeout(entry.idle);
    if (entries.get(key) === entry) entries.delete(key);
    if (entry.busy === 0) entry.helper.close();
  }

  async function use(key: string, entry: Entry, lines: readonly string[]): Promise<LineResult[]> {
    clearTimeout(entry.idle);
    // Moves it to the end: the first of the map is the one unused for longest.
    entries.delete(key);
    entries.set(key, entry);
    entry.busy += 1;
    try {
      return await entry.helper.exec(lines);
    } finally {
      entry.busy -= 1;
      if (entries.get(key) !== entry) retire(key, entry);
      else if (entry.busy === 0) {
        entry.idle = setTimeout(() => retire(key, entry), idleMs);
        entry.idle.unref();
      }
    }
  }

  async function exec(program: IprouteProgram, namespace: Namespace, lines: readonly string[]): Promise<LineResult[]> {
    const key = `${program} ${namespace}`;
    const id = await namespaceId(namespace);
    if (id === undefined) throw new NoNamespace(namespace);
    if (lines.length === 0) return [];
    const used = usable(key, namespace, id);
    const entry = used ?? open(key, program, namespace, id);
    const results = await use(key, entry, lines);
    // From the first line that met a stale index on, a program that knows nothing yet does it again: lines may build on another.
    const stale = used ? results.findIndex(({ output }) => staleIndex.test(output)) : -1;
    if (stale < 0) return results;
    retire(key, entry);
    const again = await use(key, open(key, program, namespace, id), lines.slice(stale));
    return [...results.slice(0, stale), ...again];
  }

  return {
    exec,
    release(namespace) {
      for (const key of [`ip ${namespace}`, `bridge ${namespace}`]) {
        const entry = entries.get(key);
        if (entry) retire(key, entry);
      }
    },
    close() {
      for (const [key, entry] of [...entries]) retire(key, entry);
    },
  };
}
