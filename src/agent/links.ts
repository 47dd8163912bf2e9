/** Follows the devices of the root namespace and the ports of the switch, so that what waits for one, or lost one, is worked on at once. */
import type { Machine, SwitchPort } from '../host/machine.ts';
import type { ChangeLog } from './log.ts';
import { type Backoff, backoffMs, pause } from './wait.ts';

export interface LinkWatch {
  /** Something changed that it has not told of yet. */
  readonly pending: boolean;
  stop(): void;
}

/** What others may change on a host. */
export interface Surroundings {
  /** Devices of the root namespace: name → index. */
  readonly links: ReadonlyMap<string, number>;
  /** Ports of the switch by name. */
  readonly ports: ReadonlyMap<string, SwitchPort>;
  /** Tells the run of the switch; '' where it does not run, or there is none. */
  readonly run: string;
}

/** What changed of them. */
export interface Changes {
  /** Names whose device came, went or was made anew. */
  readonly links: readonly string[];
  /** Names of ports that came, went or were plugged in anew, with the port of the cloud that they were or are for. */
  readonly ports: readonly { readonly name: string; readonly portId: string | undefined }[];
  /** The switch was started anew. */
  readonly restarted: boolean;
}

/** The names under which there is something else than before. */
function changed<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  same: (a: T, b: T) => boolean,
): string[] {
  const names = [...after].filter(([name, now]) => {
    const was = before.get(name);
    return was === undefined || !same(was, now);
  });
  return [...names.map(([name]) => name), ...[...before.keys()].filter((name) => !after.has(name))];
}

/** What changed from one look to the next. `run` is the last one that was seen. */
export function changesOf(before: Surroundings, after: Surroundings, run: string): Changes {
  const plugged = (a: SwitchPort, b: SwitchPort) => a.plug === b.plug && a.portId === b.portId && a.bridge === b.bridge;
  const ports = changed(before.ports, after.ports, plugged).flatMap((name) => {
    const ids = new Set([before.ports.get(name)?.portId, after.ports.get(name)?.portId]);
    return [...ids].map((portId) => ({ name, portId }));
  });
  return {
    links: changed(before.links, after.links, (a, b) => a === b),
    ports,
    restarted: run !== '' && after.run !== '' && after.run !== run,
  };
}

/** Looks once. A switch that does not answer has no ports that could be told of. */
async function look(machine: Machine, log: ChangeLog, before: Surroundings): Promise<Surroundings> {
  const links = await machine.listLinks();
  try {
    const state = await machine.switchState();
    log.clear('switch', 'The switch of the host answers again.');
    return { links, ports: state?.ports ?? new Map(), run: state?.run ?? '' };
  } catch (error) {
    log.warn('switch', (error as Error).message);
    return { ...before, links, run: '' };
  }
}

/** What is there now, in one look. */
export async function surroundingsOf(machine: Machine): Promise<Surroundings> {
  const state = await machine.switchState();
  return { links: await machine.listLinks(), ports: state?.ports ?? new Map(), run: state?.run ?? '' };
}

/** The devices that are there, asked for until the machine answers; undefined where the signal is aborted first. */
export async function firstLinks(
  machine: Machine,
  log: ChangeLog,
  backoff: Backoff,
  signal: AbortSignal,
): Promise<Surroundings | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      // Without the ports of the switch, instances would look as if they were gone.
      const first = await surroundingsOf(machine);
      log.clear('links', 'The devices of the host can be listed again.');
      return first;
    } catch (error) {
      log.warn('links', `The devices of the host cannot be listed: ${(error as Error).message}`);
      await pause(backoffMs(backoff, failures), signal);
    }
  }
  return undefined;
}

/**
 * Calls `changed` with what changed and all that is there then. Lists one at a time, and rests after each for
 * as long as it took, so that a host with thousands of devices is not busy with listing them.
 */
export function watchLinks(
  machine: Machine,
  start: Surroundings,
  log: ChangeLog,
  told: (changes: Changes, now: Surroundings) => void,
): LinkWatch {
  const stopping = new AbortController();
  let known = start;
  let { run } = start;
  let again = false;
  let busy = false;
  const lookAgain = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      const began = performance.now();
      try {
        const now = await look(machine, log, known);
        const changes = changesOf(known, now, run);
        known = now;
        run = now.run || run;
        const news = changes.links.length > 0 || changes.ports.length > 0 || changes.restarted;
        if (news && !stopping.signal.aborted) told(changes, now);
        log.clear('links', 'The devices of the host can be listed again.');
      } catch (error) {
        log.warn('links', `The devices of the host cannot be listed: ${(error as Error).message}`);
      }
      if (again) await pause(performance.now() - began, stopping.signal);
    } while (again && !stopping.signal.aborted);
    busy = false;
  };
  const watch = machine.watchLinks(() => void lookAgain());
  // What changed between the first list and the watch.
  void lookAgain();
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
