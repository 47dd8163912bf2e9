/** Runs a file of tests inside a private world and reports each of them here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noPrivateWorld, runInPrivateWorld } from './private-world.ts';

/** A test whose sub-tests are those of `file`, run inside a private world; skipped with the reason where none can be made. */
export function testInPrivateWorld(name: string, file: string): void {
  void test(name, { skip: noPrivateWorld() ?? false }, async (t) => {
    const argv = [process.execPath, '--test', '--test-isolation=none', '--test-reporter=tap', file];
    const { code, stdout, stderr } = await runInPrivateWorld(argv);
    const verdicts = [...stdout.matchAll(/^(not ok|ok) \d+ - (.*)$/gm)];
    for (const [at, verdict] of verdicts.entries()) {
      const end = verdicts[at + 1]?.index ?? stdout.length;
      await t.test(verdict[2] ?? '', () => assert.equal(verdict[1], 'ok', stdout.slice(verdict.index, end)));
    }
    assert.ok(verdicts.length > 0, `no test ran: ${stdout}${stderr}`);
    assert.equal(code, 0, stderr);
  });
}
