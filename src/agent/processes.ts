/** Daemons that end by themselves: started anew at once, and no more than a few times in a row. */
import type { Machine } from '../host/machine.ts';
import type { Clock } from '../lib/clock.ts';
import type { FactKey } from '../plan/facts.ts';
import type { ChangeLog } from './log.ts';

/** So often within so many milliseconds a daemon is started anew at once; after that it waits for the next round. */
const often = 3;
const withinMs = 60_000;

export interface ProcessOptions {
  readonly machine: Machine;
  readonly log: ChangeLog;
  readonly clock: Clock;
  /** It is to be looked at now. */
  readonly wake: (key: FactKey, why: string) => void;
}

/** Watches the daemons. */
export function watchProcesses({ machine, log, clock, wake }: ProcessOptions): { stop(): void } {
  const ends = new Map<FactKey, number[]>();
  return machine.watchProcesses((keys) => {
    const now = clock.now();
    for (const [key, times] of ends) if ((times.at(-1) ?? 0) < now - withinMs) ends.delete(key);
    for (const key of keys) {
      const name = key.slice(key.indexOf('|') + 1);
      const recent = [...(ends.get(key) ?? []).filter((time) => time > now - withinMs), now];
      ends.set(key, recent);
      if (recent.length > often) {
        log.warn(key, `${name} ends again and again; it is started anew at the next look at everything.`);
        continue;
      }
      log.warn(key, `${name} ended by itself and is started anew (${new Date(now).toISOString()}).`);
      wake(key, `${name} ended by itself`);
    }
  });
}
