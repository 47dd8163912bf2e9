/** What is to be reported of objects: the latest of each, sent in batches, until the server has taken it. */
import type { AgentClient } from '../client/index.ts';
import type { HostKey } from '../model/host-objects.ts';
import type { ChangeLog } from './log.ts';
import type { Status } from './unit.ts';
import { type Backoff, jitteredMs, pause } from './wait.ts';

export interface Statuses {
  /** Reports a status; it takes the place of an older one of the same key that is not sent yet. */
  report(status: Status): void;
  /** How many the server has not taken yet: at most one for each object. */
  readonly pending: number;
  /** One last attempt, then no more. */
  stop(): Promise<void>;
}

/** Statuses in one request. */
const perRequest = 500;
/** A reason that is longer is cut, characters. */
const reasonLength = 2000;

/** Starts reporting. `flushMs`: how long a status waits for company. */
export function startStatuses(
  client: Pick<AgentClient, 'status'>,
  log: ChangeLog,
  backoff: Backoff,
  flushMs: number,
): Statuses {
  const waiting = new Map<HostKey, Status>();
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;

  const sendSome = async (): Promise<void> => {
    const batch = [...waiting.values()].slice(0, perRequest);
    await client.status({ statuses: batch });
    for (const status of batch) if (waiting.get(status.key) === status) waiting.delete(status.key);
  };
  const run = async () => {
    let failures = 0;
    await pause(flushMs, stopping.signal);
    while (waiting.size > 0 && !stopping.signal.aborted) {
      try {
        await sendSome();
        failures = 0;
        log.clear('status', 'The server takes status reports again.');
      } catch (error) {
        failures += 1;
        log.warn('status', `The status of objects could not be reported, it is kept: ${(error as Error).message}`);
        await pause(jitteredMs(backoff, failures), stopping.signal);
      }
    }
    loop = undefined;
  };
  return {
    report(status) {
      const reason = status.reason?.slice(0, reasonLength);
      waiting.set(status.key, reason === undefined ? status : { ...status, reason });
      if (!stopping.signal.aborted) loop ??= run();
    },
    get pending() {
      return waiting.size;
    },
    async stop() {
      stopping.abort();
      await loop;
      try {
        if (waiting.size > 0) await sendSome();
      } catch {
        // The next start reports everything again.
      }
    },
  };
}
