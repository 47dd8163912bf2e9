/** The watch: keeps the desired state as the server says, over any number of broken connections. */
import type { AgentClient } from '../client/index.ts';
import type { HostKey, HostObject, WatchLine } from '../model/host-objects.ts';
import { hostKey } from '../model/host-objects.ts';
import type { DesiredStore } from './desired.ts';
import type { ChangeLog } from './log.ts';
import { type Backoff, jitteredMs, pause } from './wait.ts';

export interface WatchEvents {
  /** Objects came, changed or went. */
  changed(keys: readonly HostKey[]): void;
  /** A snapshot was taken over whole: what the server knows may be as old as that. */
  snapshot(): void;
  /** Whether the server answers. */
  connected(is: boolean): void;
}

/** Applies the lines of one connection to the store. A snapshot counts from its bookmark on, whole or not at all. */
export function lineReader(desired: DesiredStore, events: WatchEvents): (line: WatchLine) => void {
  let snapshot: Map<HostKey, HostObject> | undefined;
  return (line) => {
    switch (line.type) {
      case 'snapshot':
        snapshot = new Map();
        break;
      case 'object':
        if (snapshot) snapshot.set(hostKey(line.object), line.object);
        else if (desired.put(line.object)) events.changed([hostKey(line.object)]);
        break;
      case 'gone':
        if (snapshot) snapshot.delete(line.key);
        else if (desired.drop(line.key)) events.changed([line.key]);
        break;
      case 'bookmark':
        if (snapshot) {
          events.changed(desired.replace([...snapshot.values()], line.rev));
          snapshot = undefined;
          events.snapshot();
        } else {
          const first = !desired.complete;
          desired.bookmark(line.rev);
          if (first) events.changed([]);
        }
    }
  };
}

/** Watches until the signal is aborted. */
export async function runWatch(
  client: Pick<AgentClient, 'watch'>,
  desired: DesiredStore,
  events: WatchEvents,
  log: ChangeLog,
  backoff: Backoff,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const read = lineReader(desired, events);
    let reason = 'The server ended the watch.';
    try {
      for await (const line of client.watch(desired.rev, signal)) {
        if (signal.aborted) return;
        if (failures >= 0) {
          failures = -1;
          events.connected(true);
          log.clear('watch', 'The watch of the server is open again.');
        }
        read(line);
      }
    } catch (error) {
      reason = (error as Error).message;
    }
    if (signal.aborted) return;
    events.connected(false);
    failures = Math.max(0, failures) + 1;
    log.warn('watch', `Working on from the state on disk. ${reason}`);
    await pause(jitteredMs(backoff, failures), signal);
  }
}
