/** Runs files of tests inside a guest: the lab's hosts, clouds and instances, on a kernel that has what this machine's lacks. */
import { test } from 'node:test';
import { run } from '../../../tools/setup-steps.mjs';
import { lacking } from '../kernel.ts';
import { reportTap, tapRun } from '../tap.ts';
import { clone } from './cache.ts';
import { bootGuest, type GuestOptions, noGuest } from './guest.ts';

/** Tests that can run here or in a guest. */
export interface TestFile {
  /** A path below the clone. */
  readonly file: string;
  /** Of those run in a guest, the ones whose names match. Here they are run by a test file of their own. */
  readonly only?: string;
}

/**
 * The tests of the files, here where this kernel has everything that they need, else in a guest. A guest that cannot be is a skip with
 * both reasons.
 */
export async function testWhereKernelHas(
  needs: readonly string[],
  name: string,
  files: readonly TestFile[],
  how: InGuest = {},
): Promise<void> {
  const missing = process.getuid?.() === 0 ? await lacking() : new Set<string>();
  const lack = needs.filter((need) => missing.has(need));
  if (lack.length > 0) testInGuest(`${name}, in a guest, since this kernel has no ${lack.join(', ')}`, files, how);
  else for (const { file, only } of files) if (only === undefined) await import(`${clone}/${file}`);
}

/** How tests run in a guest. */
export interface InGuest extends Partial<GuestOptions> {
  /** Modules that must be there, loaded before: openvswitch, 8021q. */
  readonly modules?: readonly string[];
  /** Milliseconds for all of it but the start of the guest; 600,000 by default. */
  readonly deadlineMs?: number;
}

/**
 * A test whose sub-tests are those of the files, run inside one guest; skipped with the reason where there can be none. The files learn by
 * `NEUTRINO_GUEST=1` where they are; the lab's deadlines are longer there.
 */
export function testInGuest(name: string, files: readonly TestFile[], how: InGuest = {}): void {
  const { modules = [], deadlineMs = 600_000, ...options } = how;
  void test(name, { skip: noGuest() ?? false, timeout: deadlineMs + 300_000 }, async (t) => {
    // Makes the bundle where it is not of the sources as they are.
    run([process.execPath, `${clone}/tools/run.mjs`, 'version']);
    const guest = await bootGuest({ name: 'guest', memoryMb: 1024, ...options });
    try {
      if (modules.length > 0) await guest.run(['modprobe', '-a', ...modules]);
      for (const { file, only } of files) {
        const env = { NEUTRINO_GUEST: '1', NEUTRINO_PATIENCE: '10', NODE_COMPILE_CACHE: '/tmp/v8' };
        const outcome = await guest.run(tapRun(`${clone}/${file}`, only), {
          timeoutMs: deadlineMs,
          mayFail: true,
          env,
        });
        await reportTap(t, outcome);
      }
    } finally {
      await guest.close();
    }
  });
}
