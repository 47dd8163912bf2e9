/** Wakes when devices come or go. The text of `ip monitor` is not read: it only says that something happened. */
import { type ChildProcess, spawn } from 'node:child_process';
import { programEnvironment } from './run.ts';

const debounceMs = 20;
/** Milliseconds before a monitor that died is started anew. */
const restartMs = 500;

/** Calls `changed` at most every 20 ms. A monitor that was away may have missed something, so a new one begins with a call. */
export function watchLinks(changed: () => void, log: (line: string) => void): { stop(): void } {
  let child: ChildProcess | undefined;
  let pending: NodeJS.Timeout | undefined;
  let restart: NodeJS.Timeout | undefined;
  let stopped = false;

  function wake(): void {
    if (stopped || pending) return;
    pending = setTimeout(() => {
      pending = undefined;
      changed();
    }, debounceMs);
  }

  function ended(why: string): void {
    if (stopped || restart) return;
    log(`ip monitor link ended (${why}); it is started anew`);
    restart = setTimeout(() => {
      restart = undefined;
      start();
      wake();
    }, restartMs);
  }

  function start(): void {
    const started = spawn('ip', ['monitor', 'link'], {
      env: programEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child = started;
    started.stdout.on('data', wake);
    started.once('error', (error) => ended(error.message));
    started.once('exit', (code, signal) => ended(signal ?? `code ${code}`));
  }

  start();
  return {
    stop() {
      stopped = true;
      clearTimeout(pending);
      clearTimeout(restart);
      child?.kill('SIGKILL');
    },
  };
}
