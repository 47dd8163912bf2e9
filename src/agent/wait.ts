/** Waiting that can be called off. */

/** Resolves after `ms` milliseconds, or at once when the signal is (or gets) aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** From the first wait to the longest, milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** How long to wait after `failures` failures in a row (from 1 on): doubling up to the longest. */
export function backoffMs(backoff: Backoff, failures: number): number {
  return Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(30, failures - 1));
}

/** The same, spread over the upper half so that many do not come at once. */
export function jitteredMs(backoff: Backoff, failures: number): number {
  return backoffMs(backoff, failures) * (0.5 + Math.random() / 2);
}
