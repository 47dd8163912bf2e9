/** The worker: renders what changed, starts runs while there is room, and accounts for what came of them. */
import type { Clock } from '../lib/clock.ts';
import type { HostKey } from '../model/host-objects.ts';
import type { FactKey } from '../plan/facts.ts';
import type { ChangeLog } from './log.ts';
import { type Outcome, reconcile, type Workshop } from './reconcile.ts';
import { chooseRun, nextTry } from './schedule.ts';
import { kindOf, laneOf, type Status, type Unit } from './unit.ts';
import { type Backoff, backoffMs } from './wait.ts';

export interface WorkerOptions {
  readonly shop: Workshop;
  readonly clock: Clock;
  readonly log: ChangeLog;
  readonly backoff: Backoff;
  /** Called before units are rendered: the place to write down what arrived. */
  readonly beforeRun: () => void;
  readonly report: (status: Status) => void;
}

/** What works due units off. */
export interface Worker {
  /** There may be something to do: looks at the end of the current turn. */
  poke(): void;
  /** Resolves once each of the units that are there now has been worked on, whatever came of it. */
  syncAll(why: string): Promise<void>;
  /** Looks at these units again as soon as there is room. */
  resync(units: Iterable<Unit>): void;
  /** Looks again at what stayed behind because others used it. */
  retryLeftovers(why: string): void;
  /** Whether a run under way may touch the fact. */
  claims(key: FactKey): boolean;
  /** Resolves when the runs under way that may touch the fact have ended. */
  released(key: FactKey): Promise<void>;
  /** Starts no more runs; resolves when those under way have ended. */
  stop(): Promise<void>;
}

interface Run {
  readonly units: readonly Unit[];
  readonly root: boolean;
  readonly claimed: Set<FactKey>;
  readonly done: Promise<void>;
}

/** The status of a unit after a run; null for what nobody waits for. */
export function statusOf(unit: Unit, error: string | null): Status | null {
  if (unit.key === 'base' || kindOf(unit.key) === 'metadata') return null;
  const key: HostKey = unit.key;
  if (error !== null) return { key, state: 'ERROR', reason: error };
  if (!unit.present) return { key, state: 'GONE' };
  if (unit.problem !== null) return { key, state: 'ERROR', reason: unit.problem };
  return unit.waiting === null ? { key, state: 'ACTIVE' } : { key, state: 'DOWN', reason: unit.waiting };
}

/** Starts a worker; it does nothing until it is poked. */
export function startWorker(options: WorkerOptions): Worker {
  const { shop, clock, log } = options;
  const { units } = shop;
  const runs = new Set<Run>();
  const syncs = new Set<{ left: Map<Unit, number>; resolve: () => void }>();
  const leftovers = new Set<Unit>();
  let poked: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const claiming = (key: FactKey) => [...runs].filter((run) => run.claimed.has(key));
  const claims = (key: FactKey) => claiming(key).length > 0;

  const tick = () => {
    poked = undefined;
    clearTimeout(timer);
    if (stopped) return;
    try {
      options.beforeRun();
    } catch (error) {
      // What cannot be written down arrives again after the next connection; what is in memory is worked on.
      log.warn('disk', `The desired state could not be written: ${(error as Error).message}`);
    }
    units.renderAll();
    // Who may be tried again at the next look is told from who may be now by one and the same time: between two, nobody is lost.
    let now = clock.now();
    for (;;) {
      now = clock.now();
      const busy = [...runs];
      const batch = chooseRun(
        units,
        {
          units: new Set(busy.flatMap((run) => run.units)),
          root: busy.some((run) => run.root),
          own: busy.filter((run) => !run.root).length,
          claimed: busy.map((run) => run.claimed),
        },
        now,
      );
      if (batch.length === 0) break;
      start(batch);
    }
    const next = nextTry(units, now);
    if (next !== undefined) timer = setTimeout(poke, Math.max(1, next - clock.now()));
  };
  const poke = () => {
    if (!stopped) poked ??= setImmediate(tick);
  };

  const start = (batch: readonly Unit[]) => {
    for (const unit of batch) {
      unit.running = true;
      unit.started = unit.due;
      units.settle(unit);
    }
    const claimed = new Set<FactKey>();
    const changed = new Map(batch.map((unit) => [unit, unit.changed]));
    for (const unit of batch) unit.changed = false;
    const root = batch.some((unit) => laneOf(unit.key) === 'root');
    const done = reconcile(shop, batch, claimed).then((outcomes) => {
      runs.delete(run);
      for (const { unit, devices } of outcomes) if (devices) units.deviceMade(unit, new Set(batch));
      for (const outcome of outcomes) finish(outcome, changed.get(outcome.unit) === true);
      poke();
    });
    const run: Run = { units: batch, root, claimed, done };
    runs.add(run);
  };

  const finish = ({ unit, error }: Outcome, changed: boolean) => {
    unit.running = false;
    if (error === null) succeeded(unit);
    else failed(unit, error);
    const status = statusOf(unit, error);
    // A removal that something new has overtaken is not over.
    const settled = unit.due === 0 || error !== null;
    const news = changed && (error === null || unit.failures === 1);
    if (status && settled && (news || !same(status, unit.status))) options.report(status);
    if (!settled && changed) unit.changed = true;
    // What was passed over is still to be reported, even where the next run comes to the same.
    if (settled) unit.status = status;
    if (error !== null && changed) unit.changed = true;
    if (!unit.present && error === null && unit.due === 0) removed(unit);
    for (const sync of syncs) {
      if (unit.started >= (sync.left.get(unit) ?? Number.POSITIVE_INFINITY)) sync.left.delete(unit);
      if (sync.left.size === 0) {
        syncs.delete(sync);
        sync.resolve();
      }
    }
  };
  /** What stays for a while because others use it is tried again whenever something else is gone. */
  const removed = (unit: Unit) => {
    if (shop.ledger.madeFor(unit.key).size > 0) {
      leftovers.add(unit);
      return;
    }
    leftovers.delete(unit);
    units.forget(unit);
    retryLeftovers(`${unit.key} is gone`);
  };
  const retryLeftovers = (why: string) => {
    for (const other of leftovers) if (!other.present) units.wake(other, why, { stale: true });
  };
  const succeeded = (unit: Unit) => {
    unit.failures = 0;
    unit.notBefore = 0;
    log.clear(unit.key, `${unit.key}: works again.`);
    if (unit.present) leftovers.delete(unit);
    units.retryLookers(unit);
  };
  const failed = (unit: Unit, error: string) => {
    unit.failures += 1;
    unit.stale = true;
    const wait = backoffMs(options.backoff, unit.failures);
    if (unit.due === 0) unit.notBefore = clock.now() + wait;
    units.wake(unit, `attempt ${unit.failures + 1}`);
    log.warn(unit.key, `${unit.key}: ${error}`);
  };

  return {
    poke,
    syncAll(why) {
      const left = new Map<Unit, number>();
      for (const unit of units.byKey.values()) {
        unit.notBefore = 0;
        units.wake(unit, why, { stale: true });
        left.set(unit, unit.due);
      }
      poke();
      if (left.size === 0 || stopped) return Promise.resolve();
      return new Promise((resolve) => syncs.add({ left, resolve }));
    },
    resync(some) {
      for (const unit of some) if (unit.due === 0) units.wake(unit, 'looked at again', { stale: true });
      poke();
    },
    retryLeftovers,
    claims,
    released: async (key) => void (await Promise.all(claiming(key).map((run) => run.done))),
    async stop() {
      stopped = true;
      clearImmediate(poked);
      clearTimeout(timer);
      await Promise.all([...runs].map((run) => run.done));
      for (const sync of syncs) sync.resolve();
    },
  };
}

function same(a: Status, b: Status | null): boolean {
  return b !== null && a.state === b.state && a.reason === b.reason;
}
