/** How far a start has come, for those who wait for it: a line from time to time, and one at the end. */
import type { Clock } from '../lib/clock.ts';
import type { Log } from './log.ts';
import type { Units } from './units.ts';

/** Milliseconds between two lines; a start that is faster says nothing. */
const everyMs = 2000;

/** Tells of a start that begins now, until each unit that is there was looked at once. */
export function tellProgress(units: Units, log: Log, clock: Clock, intervalMs = everyMs): { stop(): void } {
  const start = clock.now();
  // What comes later is no part of the start.
  const waiting = new Set([...units.byKey.values()].filter((unit) => unit.due > 0));
  const all = waiting.size;
  let said = false;
  const seconds = () => `${((clock.now() - start) / 1000).toFixed(1)} s`;
  const look = () => {
    for (const unit of waiting) if (unit.started > 0 && !unit.running) waiting.delete(unit);
    if (waiting.size === 0) {
      clearInterval(timer);
      if (said) log.info(`All ${all} objects have been looked at, ${seconds()} after the start.`);
      return;
    }
    said = true;
    log.info(`${all - waiting.size} of ${all} objects have been looked at, ${seconds()} after the start.`);
  };
  const timer = setInterval(look, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
