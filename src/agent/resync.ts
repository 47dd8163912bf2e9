/** The slow round: every unit is looked at once in an interval, a few at a time, so that what was removed by hand comes back. */
import type { Unit } from './unit.ts';
import type { Units } from './units.ts';
import type { Worker } from './worker.ts';

/** Units in one look. */
const perLook = 25;

/** Starts the round; `intervalMs` 0: none. */
export function startResync(units: Units, worker: Worker, intervalMs: number): { stop(): void } {
  if (intervalMs <= 0) return { stop() {} };
  let timer: NodeJS.Timeout;
  let left: Unit[] = [];
  const next = () => {
    const looks = Math.max(1, Math.ceil(units.byKey.size / perLook));
    timer = setTimeout(look, Math.max(10, intervalMs / looks));
  };
  const look = () => {
    if (left.length === 0) left = [...units.byKey.values()];
    worker.resync(left.splice(0, perLook).filter((unit) => units.byKey.get(unit.key) === unit));
    next();
  };
  next();
  return { stop: () => clearTimeout(timer) };
}
