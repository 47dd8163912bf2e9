/** Runs a file of tests inside a private world and reports each of them here. */
import { test } from 'node:test';
import { noPrivateWorld, type PrivateWorldOptions, runInPrivateWorld } from './private-world.ts';
import { reportTap, tapRun } from './tap.ts';

/** A test whose sub-tests are those of `file`, run inside a private world; skipped with the reason where none can be made. */
export function testInPrivateWorld(name: string, file: string, options: PrivateWorldOptions = {}): void {
  void test(name, { skip: noPrivateWorld() ?? false }, async (t) => {
    await reportTap(t, await runInPrivateWorld(tapRun(file), options));
  });
}
