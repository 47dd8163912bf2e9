/** Wakes when devices come or go. The text of `ip monitor` is not read: it only says that something happened. */
import { type ChildProcess, spawn } from 'node:child_process';
import { programEnvironment } from './run.ts';

/** Milliseconds before a monitor that died is started anew. */
const restartMs = 500;

/** Calls `changed` for whatever the monitor says. One that was away may have missed something, so a new one begins with a call. */
export function watchLinks(changed: () => void, log: (line: string) => void): { stop(): void } {
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let stopped = false;

  function ended(why: string): void {
    if (stopped || restart) return;
    log(`ip monitor link ended (${why}); it is started anew`);
    restart = setTimeout(() => {
      restart = undefined;
      start();
      changed();
    }, restartMs);
  }

  function start(): void {
    const started = spawn('ip', ['monitor', 'link'], {
      env: programEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child = started;
    started.stdout.on('data', () => {
      if (!stopped) changed();
    });
    started.once('error', (error) => ended(error.message));
    started.once('exit', (code, signal) => ended(signal ?? `code ${code}`));
  }

  start();
  return {
    stop() {
      stopped = true;
      clearTimeout(restart);
      child?.kill('SIGKILL');
    },
  };
}
