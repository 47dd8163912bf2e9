/** What processes that stay have in common: their log, waiting for the end, ending within a deadline. */
import { createLog, type Log } from '../lib/log.ts';
import type { Cli } from './command.ts';

/** How long an end may take, milliseconds. */
const stopDeadlineMs = 8000;

/** The log of a process that stays, to stderr. */
export function daemonLog(json: boolean, debug: boolean): Log {
  const write = (line: string) => void process.stderr.write(line);
  return createLog({ json, level: debug ? 'debug' : 'info', write, now: () => Date.now() });
}

/** Resolves when the process is told to end. */
export function untilTold(cli: Cli): Promise<void> {
  if (cli.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => cli.signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Something to stop, with the name that the log has for it. */
export interface Stoppable {
  readonly name: string;
  stop(): Promise<void>;
}

async function stopOne({ name, stop }: Stoppable, log: Log): Promise<void> {
  try {
    await stop();
  } catch (error) {
    log.error(`The ${name} did not stop cleanly: ${(error as Error).message}`);
  }
}

/** Stops all of them, the last one first, within the deadline; what takes longer is left to the end of the process. */
export async function stopAll(parts: readonly Stoppable[], log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log.warn(`Not everything stopped within ${stopDeadlineMs / 1000} s; ending all the same.`);
      resolve();
    }, stopDeadlineMs);
  });
  const stopping = (async () => {
    for (const part of parts.toReversed()) await stopOne(part, log);
  })();
  await Promise.race([stopping, deadline]);
  clearTimeout(timer);
}
