/** Notices when a daemon ends by itself. It is nobody's child here, so it is asked for, by a signal that does nothing. */
import { readFileSync } from 'node:fs';
import { type FactKey, factKey, type ProcessFact } from '../plan/facts.ts';

/** Milliseconds between two looks: a look at a thousand processes costs about a millisecond. */
const lookMs = 500;
/**
 * Each so manieth look tells remains from processes too, at ten times the cost: where the first process of a container collects none,
 * a daemon that ended still has its number.
 */
const closeLook = 10;

/** The daemons that are known to run. */
export class ProcessWatch {
  readonly #pids = new Map<FactKey, number>();
  readonly #watchers = new Set<(ended: readonly FactKey[]) => void>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  /** It runs. */
  runs(fact: ProcessFact, pid: number): void {
    this.#pids.set(factKey(fact), pid);
  }

  /** It ended, or is about to, by our doing. */
  forget(fact: ProcessFact): void {
    this.#pids.delete(factKey(fact));
  }

  /** Calls `ended` with those that ended by themselves, until `stop` is called. */
  watch(ended: (keys: readonly FactKey[]) => void): { stop(): void } {
    this.#watchers.add(ended);
    this.#timer ??= setInterval(() => this.#look(), lookMs);
    return {
      stop: () => {
        this.#watchers.delete(ended);
        if (this.#watchers.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  #look(): void {
    this.#looks += 1;
    const isAlive = this.#looks % closeLook === 0 ? isRunning : isThere;
    const gone = [...this.#pids].filter(([, pid]) => !isAlive(pid)).map(([key]) => key);
    for (const key of gone) this.#pids.delete(key);
    if (gone.length > 0) for (const watcher of this.#watchers) watcher(gone);
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return isThere(pid);
  }
}
