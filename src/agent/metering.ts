/** Reads the counters of metering labels from time to time, and before they go, and reports them. */
import type { AgentClient } from '../client/index.ts';
import type { Machine } from '../host/machine.ts';
import type { HostKey, HostObject } from '../model/host-objects.ts';
import { meteringTable } from '../plan/render/index.ts';
import type { ChangeLog } from './log.ts';
import { endingsOf, Meters } from './meters.ts';
import { pause } from './wait.ts';

/** How counting is reported. */
export interface MeteringOptions {
  /** Tells this run of the agent from others. */
  readonly run: string;
  /** Tells this run of the kernel from others, which had other counters. */
  readonly boot: string;
  /** How often counters are read, and what they came to is told, milliseconds. Reading a router costs some milliseconds. */
  readonly intervalMs: number;
}

/** Metering that runs. */
export interface Metering {
  /** The machine, on which counters are read before a step takes them away. */
  readonly machine: Machine;
  /** What the host is told of an object. */
  told(key: HostKey, object: HostObject | undefined): void;
  /** One attempt to report what has ended; counters that are there are read by the next run. */
  stop(): Promise<void>;
}

/** Starts reading and reporting, `AgentClient.metering` being how the server is told. */
export function startMetering(
  client: Pick<AgentClient, 'metering'>,
  inner: Machine,
  options: MeteringOptions,
  log: ChangeLog,
): Metering {
  const meters = new Meters(options.run, options.boot);
  const stopping = new AbortController();

  const read = async (namespaces: readonly string[]) => {
    if (namespaces.length === 0) return;
    const { moment } = meters;
    try {
      const tables = namespaces.map((namespace) => ({ namespace, ...meteringTable }));
      meters.take(await inner.readCounters(tables), moment);
      log.clear('counters', 'The counters of metering labels can be read again.');
    } catch (error) {
      log.warn('counters', `The counters of metering labels cannot be read: ${(error as Error).message}`);
    }
  };
  const tellAll = async (signal?: AbortSignal) => {
    try {
      for (let report = meters.next(); report; report = meters.next()) {
        await client.metering(report, signal);
        meters.taken();
      }
      log.clear('metering', 'The server takes counts of metering labels again.');
    } catch (error) {
      if (signal?.aborted) return;
      const { message } = error as Error;
      log.warn('metering', `Counts of metering labels could not be reported, they are kept: ${message}`);
    }
  };
  let telling: Promise<void> | undefined;
  let again = false;
  /** One report at a time; who comes while one is under way has it followed by another. */
  const tell = (signal?: AbortSignal): Promise<void> => {
    again = true;
    telling ??= (async () => {
      while (again) {
        again = false;
        await tellAll(signal);
      }
      telling = undefined;
    })();
    return telling;
  };
  const run = async () => {
    for (;;) {
      await pause(options.intervalMs, stopping.signal);
      if (stopping.signal.aborted) return;
      await read(meters.namespaces);
      await tell(stopping.signal);
    }
  };
  const running = run();

  const machine: Machine = {
    observe: (facts) => inner.observe(facts),
    async perform(steps) {
      const endings = endingsOf(steps).filter(({ namespace }) => meters.isKnown(namespace));
      await read([...new Set(endings.map(({ namespace }) => namespace))]);
      const failures = await inner.perform(steps);
      const failed = new Set(failures.map(({ step }) => step));
      for (const ending of endings) if (!failed.has(ending.step)) meters.end(ending);
      // At once: nobody else knows what they came to.
      if (endings.length > 0) void tell(stopping.signal);
      return failures;
    },
    watchLinks: (changed) => inner.watchLinks(changed),
    listLinks: () => inner.listLinks(),
    watchProcesses: (ended) => inner.watchProcesses(ended),
    readCounters: (tables) => inner.readCounters(tables),
    switchState: () => inner.switchState(),
  };
  return {
    machine,
    told(key, object) {
      const [kind, id = ''] = key.split('/');
      if (kind === 'router') meters.know(id, object?.kind === 'router' ? object.metering : undefined);
    },
    async stop() {
      stopping.abort();
      await running;
      await telling;
      await tell();
    },
  };
}
