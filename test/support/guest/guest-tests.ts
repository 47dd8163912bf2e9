/** Runs files of tests inside a guest: the lab's hosts, clouds and instances, on a kernel that has what this machine's lacks. */
import { test } from 'node:test';
import { reportTap, tapRun } from '../tap.ts';
import { clone } from './cache.ts';
import { bootGuest, type GuestOptions, noGuest } from './guest.ts';

/** How tests run in a guest. */
export interface InGuest extends Partial<GuestOptions> {
  /** Modules that must be there, loaded before: openvswitch, 8021q. */
  readonly modules?: readonly string[];
  /** Milliseconds for all of it but the start of the guest; 300,000 by default. */
  readonly deadlineMs?: number;
}

/**
 * A test whose sub-tests are those of `files` (paths below the clone), run inside one guest; skipped with the reason where there can be
 * none. The files learn by `NEUTRINO_GUEST=1` where they are.
 */
export function testInGuest(name: string, files: readonly string[], how: InGuest = {}): void {
  const { modules = [], deadlineMs = 300_000, ...options } = how;
  void test(name, { skip: noGuest() ?? false, timeout: deadlineMs + 300_000 }, async (t) => {
    const guest = await bootGuest({ name: 'guest', memoryMb: 1024, ...options });
    try {
      if (modules.length > 0) await guest.run(['modprobe', '-a', ...modules]);
      for (const file of files) {
        const env = { NEUTRINO_GUEST: '1' };
        const outcome = await guest.run(tapRun(`${clone}/${file}`), { timeoutMs: deadlineMs, mayFail: true, env });
        await reportTap(t, outcome);
      }
    } finally {
      await guest.close();
    }
  });
}
