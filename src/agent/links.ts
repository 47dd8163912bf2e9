/** Follows the devices of the root namespace, so that what waits for a device, or lost one, is worked on at once. */
import type { Machine } from '../host/machine.ts';
import type { ChangeLog } from './log.ts';
import { type Backoff, backoffMs, pause } from './wait.ts';

export interface LinkWatch {
  /** Something changed that it has not told of yet. */
  readonly pending: boolean;
  stop(): void;
}

/** The names whose device came, went or was made anew. */
export function changedLinks(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  const changed = [...after].filter(([name, index]) => before.get(name) !== index).map(([name]) => name);
  for (const name of before.keys()) if (!after.has(name)) changed.push(name);
  return changed;
}

/** The devices that are there, asked for until the machine answers; undefined where the signal is aborted first. */
export async function firstLinks(
  machine: Machine,
  log: ChangeLog,
  backoff: Backoff,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      const links = await machine.listLinks();
      log.clear('links', 'The devices of the host can be listed again.');
      return links;
    } catch (error) {
      log.warn('links', `The devices of the host cannot be listed: ${(error as Error).message}`);
      await pause(backoffMs(backoff, failures), signal);
    }
  }
  return undefined;
}

/**
 * Calls `changed` with the names that changed and all devices that are there then. Lists one at a time, and rests after each for
 * as long as it took, so that a host with thousands of devices is not busy with listing them.
 */
export function watchLinks(
  machine: Machine,
  start: ReadonlyMap<string, number>,
  log: ChangeLog,
  changed: (names: readonly string[], links: ReadonlyMap<string, number>) => void,
): LinkWatch {
  const stopping = new AbortController();
  let known = start;
  let again = false;
  let busy = false;
  const look = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      const began = performance.now();
      try {
        const links = await machine.listLinks();
        const names = changedLinks(known, links);
        known = links;
        if (names.length > 0 && !stopping.signal.aborted) changed(names, links);
        log.clear('links', 'The devices of the host can be listed again.');
      } catch (error) {
        log.warn('links', `The devices of the host cannot be listed: ${(error as Error).message}`);
      }
      if (again) await pause(performance.now() - began, stopping.signal);
    } while (again && !stopping.signal.aborted);
    busy = false;
  };
  const watch = machine.watchLinks(() => void look());
  // What changed between the first list and the watch.
  void look();
  return {
    get pending() {
      return busy;
    },
    stop() {
      stopping.abort();
      watch.stop();
    },
  };
}
