/** The agent of a host: hears what the host is to realise, brings it about, keeps it so, and says what came of it. */
import { join } from 'node:path';
import type { AgentClient } from '../client/index.ts';
import type { Machine } from '../host/machine.ts';
import { apiTimestamp, type Clock } from '../lib/clock.ts';
import type { AgentReport, HostKey, HostObject } from '../model/host-objects.ts';
import type { FactKey } from '../plan/facts.ts';
import type { Step } from '../plan/steps.ts';
import { type DesiredStore, openDesired } from './desired.ts';
import { tellUnits } from './devices.ts';
import { agentReport, runHeartbeat } from './heartbeat.ts';
import { Known } from './known.ts';
import { openLedger } from './ledger.ts';
import { firstLinks, type LinkWatch, type Surroundings, watchLinks } from './links.ts';
import { openLocalVlans } from './local-vlans.ts';
import { type ChangeLog, changeLog, type Log } from './log.ts';
import { type Metering, type MeteringOptions, startMetering } from './metering.ts';
import { planAll } from './preview.ts';
import { watchProcesses } from './processes.ts';
import { tellProgress } from './progress.ts';
import type { Workshop } from './reconcile.ts';
import { startResync } from './resync.ts';
import { type Statuses, startStatuses } from './statuses.ts';
import type { Status } from './unit.ts';
import { type FixedEnvironment, Units } from './units.ts';
import type { Backoff } from './wait.ts';
import { runWatch } from './watch.ts';
import { startWorker, type Worker } from './worker.ts';

export interface AgentOptions {
  readonly client: Pick<AgentClient, 'report' | 'status' | 'watch' | 'metering'>;
  readonly machine: Machine;
  /** What rendering needs to know of the host. */
  readonly env: FixedEnvironment;
  /** The agent keeps its files in `<stateDir>/agent`. One agent at a time: the caller sees to that. */
  readonly stateDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** What it reports of itself; default: all functions, with the environment's settings. */
  readonly report?: AgentReport;
  /** `[agent] report_interval`, milliseconds; default 30 s. */
  readonly reportIntervalMs?: number;
  /** In this time, every unit is looked at once, milliseconds; default 60 s. 0: never. */
  readonly resyncIntervalMs?: number;
  /** How failed work is repeated; default from 1 s to 60 s. */
  readonly retry?: Backoff;
  /** How a broken connection to the server is repeated; default from 200 ms to 15 s. */
  readonly reconnect?: Backoff;
  /** How long statuses are gathered, milliseconds; default 10. */
  readonly statusFlushMs?: number;
  /** How what metering labels count is reported; left out: not at all. */
  readonly metering?: MeteringOptions;
  /** Told of each object that is on disk at the start, and then of those that come, change, or (undefined) go. */
  readonly told?: (key: HostKey, object: HostObject | undefined) => void;
}

/** How an agent stands. */
export interface AgentState {
  /** The last revision of the server that it knows whole. */
  readonly rev: number;
  readonly connected: boolean;
  /** Objects that the host is to realise. */
  readonly objects: number;
  /** Units that wait for work or are worked on. */
  readonly busy: number;
  /** The devices of the host are being listed: they changed, or may have. */
  readonly looking: boolean;
  /** Statuses that the server has not taken. */
  readonly unreported: number;
  /** The status of each object, as last worked on. */
  readonly statuses: readonly Status[];
}

/** An agent that runs. */
export interface Agent {
  /** Looks at everything and repairs it now; resolves when each object was worked on once, whatever came of it. */
  sync(): Promise<void>;
  /** What it would do now, doing nothing. */
  plan(): Promise<Step[]>;
  /** Ends after the step under way, with everything on disk and all networks as they are. */
  stop(): Promise<void>;
  state(): AgentState;
}

const defaultRetry: Backoff = { firstMs: 1000, longestMs: 60_000 };
const defaultReconnect: Backoff = { firstMs: 200, longestMs: 15_000 };

/** The folder of an agent's files. */
export const agentFolder = (stateDir: string) => join(stateDir, 'agent');

interface Parts {
  readonly options: AgentOptions;
  readonly log: ChangeLog;
  readonly desired: DesiredStore;
  readonly shop: Workshop;
  readonly statuses: Statuses;
  readonly worker: Worker;
  readonly stopping: AbortController;
  readonly metering: Metering | undefined;
  connected: boolean;
  /** Absent until the devices are known for the first time. */
  linkWatch?: LinkWatch;
  /** Absent until there is something to look at. */
  progress?: { stop(): void };
}

/** Makes due whatever has an object or a trace on the host. Not before the objects are known to be all. */
function wakeAll(parts: Parts): void {
  const { desired, shop, options } = parts;
  if (!desired.complete) return;
  shop.units.wake(shop.units.unit('base'), 'start', { render: true });
  for (const key of desired.keys()) shop.units.wake(shop.units.unit(key), 'start', { render: true });
  for (const key of shop.ledger.units())
    if (key !== 'base' && desired.get(key) === undefined)
      shop.units.wake(shop.units.unit(key), `${key} is gone`, { render: true });
  parts.progress?.stop();
  parts.progress = tellProgress(shop.units, options.log, options.clock);
}

/** Those who want to know of objects are told of one. */
function tell({ options, metering, desired }: Parts, key: HostKey): void {
  metering?.told(key, desired.get(key));
  options.told?.(key, desired.get(key));
}

/** The part that needs the devices of the host: working from disk, then listening. */
async function run(parts: Parts): Promise<void> {
  const { options, log, desired, shop, worker, stopping } = parts;
  const reconnect = options.reconnect ?? defaultReconnect;
  const links = await firstLinks(options.machine, log, options.retry ?? defaultRetry, stopping.signal);
  if (!links) return;
  let seen = links;
  const see = (now: Surroundings) => {
    seen = now;
    shop.units.links = new Set(now.links.keys());
    shop.units.switchPorts = now.ports;
  };
  see(links);
  wakeAll(parts);
  worker.poke();
  parts.linkWatch = watchLinks(options.machine, links, log, (changes, now) => {
    see(now);
    tellUnits(parts, changes, () => seen);
  });
  let complete = desired.complete;
  const events = {
    changed: (keys: readonly HostKey[]) => {
      for (const key of keys) tell(parts, key);
      // Objects that come one by one before the first whole state are part of it.
      if (!desired.complete) return;
      if (!complete) wakeAll(parts);
      complete = true;
      for (const key of keys) shop.units.objectChanged(key);
      worker.poke();
    },
    snapshot: () => {
      for (const unit of shop.units.byKey.values()) if (unit.status) parts.statuses.report(unit.status);
      worker.poke();
    },
    connected: (is: boolean) => {
      parts.connected = is;
    },
  };
  await runWatch(options.client, desired, events, log, reconnect, stopping.signal);
}

/** Starts the agent of a host. Throws when its folder cannot be used. It works from disk at once, before the server answers. */
export function startAgent(options: AgentOptions): Agent {
  const folder = agentFolder(options.stateDir);
  const log = changeLog(options.log);
  const desired = openDesired(folder);
  const ledger = openLedger(folder);
  const vlans = openLocalVlans(folder, () => ledger.localVlans(options.env.ovs?.integrationBridge));
  const units = new Units(desired, options.env, vlans);
  const known = new Known();
  units.knownBy(
    (key) => known.has(key),
    (key) => new Map(ledger.madeFor(key)),
  );
  const metering = options.metering && startMetering(options.client, options.machine, options.metering, log);
  const shop: Workshop = { machine: metering?.machine ?? options.machine, units, ledger, known };
  const reconnect = options.reconnect ?? defaultReconnect;
  const statuses = startStatuses(options.client, log, reconnect, options.statusFlushMs ?? 10);
  const worker = startWorker({
    shop,
    clock: options.clock,
    log,
    backoff: options.retry ?? defaultRetry,
    beforeRun: () => desired.flush(),
    report: (status) => statuses.report(status),
  });
  const stopping = new AbortController();
  const parts: Parts = { options, log, desired, shop, statuses, worker, stopping, metering, connected: false };
  const report = options.report ?? agentReport(options.env, apiTimestamp(options.clock.now()), options.metering);
  const heartbeat = runHeartbeat(
    options.client,
    report,
    options.reportIntervalMs ?? 30_000,
    log,
    reconnect,
    stopping.signal,
  );
  for (const key of desired.keys()) tell(parts, key);
  const running = run(parts);
  const wakeFor = (key: FactKey, why: string) => {
    for (const wanting of units.wantedBy.get(key)) units.wake(units.unit(wanting), why, { stale: true });
    worker.poke();
  };
  const daemons = watchProcesses({ machine: options.machine, log, clock: options.clock, wake: wakeFor });
  const resync = startResync(units, worker, options.resyncIntervalMs ?? 60_000);
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopping.abort();
    resync.stop();
    parts.progress?.stop();
    await worker.stop();
    await Promise.all([running, heartbeat]);
    parts.linkWatch?.stop();
    daemons.stop();
    await metering?.stop();
    await statuses.stop();
    desired.close();
    ledger.close();
    vlans.close();
  };
  return {
    sync: () => worker.syncAll('asked to look'),
    plan: () => planAll(shop.machine, units, ledger),
    stop() {
      stopped ??= stop();
      return stopped;
    },
    state: () => stateOf(parts),
  };
}

function stateOf({ desired, shop, statuses, connected, linkWatch }: Parts): AgentState {
  const all = [...shop.units.byKey.values()];
  return {
    rev: desired.rev,
    connected,
    objects: desired.size,
    busy: all.filter((unit) => unit.running || unit.due > 0).length,
    looking: linkWatch?.pending ?? true,
    unreported: statuses.pending,
    statuses: all.flatMap((unit) => unit.status ?? []),
  };
}
