/** Tests that run elsewhere (a private world, a guest), told by TAP and reported here. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

/** The command that runs a file of tests (those whose names match `only`) and tells of each of them. */
export function tapRun(file: string, only?: string): string[] {
  const flags = ['--disable-warning=ExperimentalWarning', '--test', '--test-isolation=none', '--test-reporter=tap'];
  return [process.execPath, ...flags, ...(only ? [`--test-name-pattern=${only}`] : []), file];
}

const line = /^( *)(not ok|ok) \d+ - (.*?)(?: # (SKIP)(.*))?$/gm;

/** Reports each test of a run as a sub-test of `t`, skipped ones with their reason. */
export async function reportTap(
  t: TestContext,
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
): Promise<void> {
  const verdicts = [...stdout.matchAll(line)];
  // A suite stands below its tests, further out, and says of itself only what they say.
  const isSuite = (at: number) =>
    (verdicts[at - 1]?.[1]?.length ?? 0) > (verdicts[at]?.[1]?.length ?? 0) && verdicts[at]?.[2] === 'ok';
  for (const [at, verdict] of verdicts.entries()) {
    if (isSuite(at)) continue;
    const [, , outcome, name = '', word, reason = ''] = verdict;
    const skip = word === 'SKIP' ? reason.trim() || 'no reason was given' : false;
    const from = verdicts[at - 1] ? (verdicts[at - 1]?.index ?? 0) : 0;
    const told = stdout.slice(from, verdicts[at + 1]?.index ?? stdout.length);
    await t.test(name, { skip }, () => assert.equal(outcome, 'ok', told));
  }
  assert.ok(verdicts.length > 0, `no test ran: ${stdout}${stderr}`);
  assert.equal(code, 0, stderr);
}
