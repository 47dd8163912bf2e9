/** Notices when a daemon ends by itself. It is nobody's child here, so it is asked for, by a signal that does nothing. */
import { type FactKey, factKey, type ProcessFact } from '../plan/facts.ts';

/** Milliseconds between two looks: a look at a thousand processes costs about a millisecond. */
const lookMs = 500;

/** The daemons that are known to run. */
export class ProcessWatch {
  readonly #pids = new Map<FactKey, number>();
  readonly #watchers = new Set<(ended: readonly FactKey[]) => void>();
  #timer: NodeJS.Timeout | undefined;

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
    const gone = [...this.#pids].filter(([, pid]) => !isThere(pid)).map(([key]) => key);
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
