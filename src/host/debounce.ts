/** Joins what happens within a moment to one call. */

/** Calls `work` once, `ms` milliseconds after the first of the calls that it stands for. */
export function debounce(work: () => void, ms = 20): { call(): void; stop(): void } {
  let pending: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    call() {
      if (stopped) return;
      pending ??= setTimeout(() => {
        pending = undefined;
        work();
      }, ms);
    },
    stop() {
      stopped = true;
      clearTimeout(pending);
    },
  };
}
