/**
 * How `neutrino agent sync` reaches the agent that runs: a signal there, and a note in the state folder back, so that the command
 * ends when the work is done and tells how it went.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Log } from '../lib/log.ts';
import { writeSecret } from './state.ts';

/** What the agent notes after a look at everything. */
export interface SyncNote {
  /** Rises with each look since the agent's start. */
  readonly count: number;
  /** When it ended, milliseconds since 1970. */
  readonly endedMs: number;
  /** Why it could not be done, or null. */
  readonly error: string | null;
}

const noteFile = (dir: string) => join(resolve(dir), 'agent.synced');

/** The last note in a state folder. */
export function readSyncNote(dir: string): SyncNote | undefined {
  try {
    return JSON.parse(readFileSync(noteFile(dir), 'utf8')) as SyncNote;
  } catch {
    return undefined;
  }
}

/** Has SIGUSR2 start a look at everything, and notes its end in the folder. */
export function syncOnSignal(dir: string, sync: () => Promise<void>, log: Log): void {
  let count = 0;
  const note = (error: string | null) => {
    count++;
    writeSecret(noteFile(dir), `${JSON.stringify({ count, endedMs: Date.now(), error } satisfies SyncNote)}\n`);
  };
  process.on('SIGUSR2', () => {
    sync().then(
      () => note(null),
      (error: Error) => {
        log.error(error.message);
        note(error.message);
      },
    );
  });
}

/** Sends the signal and waits for the note of a look that ended after it; throws what the agent noted, or at the deadline. */
export async function requestSync(dir: string, pid: number, deadlineMs: number): Promise<void> {
  const before = readSyncNote(dir)?.endedMs ?? 0;
  const deadline = Date.now() + deadlineMs;
  process.kill(pid, 'SIGUSR2');
  for (;;) {
    const note = readSyncNote(dir);
    if (note && note.endedMs > before) {
      if (note.error !== null) throw new Error(note.error);
      return;
    }
    if (Date.now() > deadline) throw new Error(`it has not ended within ${deadlineMs / 1000} s and goes on`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
