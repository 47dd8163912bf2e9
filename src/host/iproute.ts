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

interface Entry {
  readonly helper: BatchHelper;
  /** The namespace that the program is in; one of the same name made later is another. */
  readonly id: string;
  busy: number;
  idle: NodeJS.Timeout | undefined;
}

/** Makes the pool; it starts nothing until it is used. */
export function iproute(): Iproute {
  const entries = new Map<string, Entry>();

  function drop(key: string): void {
    const entry = entries.get(key);
    if (!entry) return;
    clearTimeout(entry.idle);
    entries.delete(key);
    entry.helper.close();
  }

  function makeRoom(): void {
    for (const [key, entry] of entries) {
      if (entries.size < helperLimit) return;
      if (entry.busy === 0) drop(key);
    }
  }

  function open(key: string, program: IprouteProgram, namespace: Namespace, id: string): Entry {
    makeRoom();
    const where = namespace === '' ? [] : ['-n', namespace];
    const entry: Entry = { helper: batchHelper([program, ...where, '-j', '-d']), id, busy: 0, idle: undefined };
    entries.set(key, entry);
    return entry;
  }

  async function exec(program: IprouteProgram, namespace: Namespace, lines: readonly string[]): Promise<LineResult[]> {
    const key = `${program} ${namespace}`;
    const id = await namespaceId(namespace);
    if (id === undefined) throw new NoNamespace(namespace);
    if (entries.get(key)?.id !== id) drop(key);
    const entry = entries.get(key) ?? open(key, program, namespace, id);
    clearTimeout(entry.idle);
    // Moves it to the end: the first of the map is the one unused for longest.
    entries.delete(key);
    entries.set(key, entry);
    entry.busy += 1;
    try {
      return await entry.helper.exec(lines);
    } finally {
      entry.busy -= 1;
      if (entry.busy === 0 && entries.get(key) === entry) {
        clearTimeout(entry.idle);
        entry.idle = setTimeout(() => drop(key), idleMs);
        entry.idle.unref();
      }
    }
  }

  return {
    exec,
    release(namespace) {
      drop(`ip ${namespace}`);
      drop(`bridge ${namespace}`);
    },
    close() {
      for (const key of [...entries.keys()]) drop(key);
    },
  };
}
