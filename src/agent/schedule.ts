/** Which of the due units are worked on next, and together. */
import type { FactKey } from '../plan/facts.ts';
import { kindOf, laneOf, type Unit } from './unit.ts';
import type { Units } from './units.ts';

/** Runs at a time. */
export const slots = 4;
/** Units in one run: enough to share commands, few enough that a new change does not wait long. */
const perRun = { root: 100, own: 16 } as const;

/** What is under way. */
export interface Running {
  readonly units: ReadonlySet<Unit>;
  readonly root: boolean;
  readonly own: number;
  /** The facts that the runs under way may touch. */
  readonly claimed: readonly ReadonlySet<FactKey>[];
}

/** The order in which units are brought about, so that each finds what it stands on; taken away in the reverse order. */
const unitOrder = ['base', 'network', 'address_set', 'security_group', 'metadata', 'port', 'trunk', 'dhcp', 'router'];
const rank = new Map<string, number>(unitOrder.map((kind, index) => [kind, index]));
const order = (unit: Unit) => {
  const place = rank.get(kindOf(unit.key)) ?? 0;
  return unit.present ? place : 100 - place;
};

/** Whether a unit could be worked on now, relatives aside. */
function ready(unit: Unit, now: number): boolean {
  return unit.due > 0 && !unit.running && !unit.render && unit.notBefore <= now;
}

function claimedElsewhere(unit: Unit, running: Running): boolean {
  if (running.claimed.length === 0) return false;
  for (const key of unit.want.keys()) for (const claims of running.claimed) if (claims.has(key)) return true;
  return false;
}

/** A network that the unit stands on is still to be brought about. */
function waitsForNetwork(unit: Unit, units: Units, now: number): boolean {
  for (const key of unit.looked) {
    if (kindOf(key) !== 'network') continue;
    const network = units.byKey.get(key);
    if (network?.present && network !== unit && (network.running || (network.due > 0 && network.notBefore <= now)))
      return true;
  }
  return false;
}

function chooseRoot(units: Units, running: Running, now: number): Unit[] {
  const earliestOwn = firstActiveOwn(units, running, now);
  const chosen: Unit[] = [];
  for (const unit of units.due) {
    if (laneOf(unit.key) !== 'root' || !ready(unit, now) || claimedElsewhere(unit, running)) continue;
    // What routers and DHCP services may still stand on goes after them.
    if (!unit.present && earliestOwn < unit.due) continue;
    chosen.push(unit);
  }
  return withoutUsed(chosen.sort((a, b) => order(a) - order(b) || a.due - b.due).slice(0, perRun.root), units);
}

/** What the rules of ports refer to goes in the run of the last port that may still refer to it, or after that. */
function withoutUsed(batch: Unit[], units: Units): Unit[] {
  const isUsed = (unit: Unit) => !unit.present && (unit.key === 'base' || kindOf(unit.key) === 'address_set');
  if (!batch.some(isUsed)) return batch;
  const mine = new Set(batch);
  for (const unit of units.due)
    if (kindOf(unit.key) === 'port' && !mine.has(unit)) return batch.filter((one) => !isUsed(one));
  return batch;
}

/** The order number of the oldest router or DHCP service that is worked on or could be. */
function firstActiveOwn(units: Units, running: Running, now: number): number {
  let first = Number.POSITIVE_INFINITY;
  for (const unit of running.units) if (laneOf(unit.key) === 'own') first = Math.min(first, unit.started);
  for (const unit of units.due) if (laneOf(unit.key) === 'own' && ready(unit, now)) return Math.min(first, unit.due);
  return first;
}

function chooseOwn(units: Units, running: Running, now: number): Unit[] {
  const free = slots - 1 - running.own;
  if (free <= 0) return [];
  const able: Unit[] = [];
  for (const unit of units.due) {
    if (laneOf(unit.key) !== 'own' || !ready(unit, now)) continue;
    if (waitsForNetwork(unit, units, now) || claimedElsewhere(unit, running)) continue;
    able.push(unit);
    if (able.length === perRun.own * free) break;
  }
  return able.slice(0, Math.ceil(able.length / free));
}

/** The units of the next run; empty where nothing can be started now. */
export function chooseRun(units: Units, running: Running, now: number): Unit[] {
  const root = running.root ? [] : chooseRoot(units, running, now);
  return root.length > 0 ? root : chooseOwn(units, running, now);
}

/** The clock time at which the next unit may be tried again; undefined where none waits for that. */
export function nextTry(units: Units, now: number): number | undefined {
  let next: number | undefined;
  for (const unit of units.due)
    if (!unit.running && unit.notBefore > now && (next === undefined || unit.notBefore < next)) next = unit.notBefore;
  return next;
}
