/**
 * `npm test`: types, lint, unit tests, conformance, scenarios, tidiness, then what boots processes and makes namespaces, and
 * last whether the machine is as it was. Arguments are parts of paths: only files that match one are run, and no checks.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { differences, hostSnapshot, processesWith } from '../test/support/host-snapshot.ts';
import { checks, filesOf, phases } from './test-phases.ts';
import { type Result, runCheck, runTests } from './test-run.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const only = process.argv.slice(2);
const results: Result[] = [];
const out = (text: string): void => void process.stdout.write(`${text}\n`);

const whereOf = ({ file, line }: Result): string =>
  file === undefined ? '' : ` (${file.replace(`${root}/`, '')}${line === undefined ? '' : `:${line}`})`;

function heard(result: Result): void {
  results.push(result);
  if (result.outcome === 'failed') out(`\nFAILED ${result.name}${whereOf(result)}\n${result.error ?? ''}\n`);
  if (result.outcome === 'skipped') out(`skipped ${result.name}${whereOf(result)}: ${result.reason}`);
}

async function timed(name: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  const before = results.length;
  await work();
  const of = results.slice(before);
  const failed = of.filter((result) => result.outcome === 'failed').length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  out(`${name}: ${of.length} tests${failed === 0 ? '' : `, ${failed} failed`} (${seconds} s)`);
}

// What tests make is told from what others make at the same time: files by their folder, processes by a mark that they inherit.
const mark = `NEUTRINO_TEST_RUN=${process.pid}-${Date.now()}`;
const folder = mkdtempSync(join(tmpdir(), 'neutrino-test-'));
// Daemons that drop their privileges (dnsmasq, PostgreSQL) have files there too.
chmodSync(folder, 0o1777);
process.env.TMPDIR = folder;
process.env.NEUTRINO_TEST_RUN = mark.split('=')[1];
process.env.NODE_COMPILE_CACHE = join(root, '.cache/v8');

const before = await hostSnapshot();
if (only.length === 0) {
  for (const check of checks) await timed(check.name, async () => heard(await runCheck(check, root)));
}
for (const phase of phases) {
  const files = filesOf(phase, root, only);
  if (files.length > 0) await timed(phase.name, () => runTests(phase, files, root, heard));
}
await timed('the machine is as it was', async () => {
  const left = [
    ...differences(before, await hostSnapshot()),
    ...(await processesWith(mark)).map((process) => `processes: left behind: ${process}`),
    ...readdirSync(folder).map((name) => `files: left behind: ${join(folder, name)}`),
  ];
  rmSync(folder, { recursive: true, force: true });
  const name = 'namespaces, links, routes, rules, processes, files of the machine are as before';
  if (left.length === 0) heard({ outcome: 'passed', name });
  else heard({ outcome: 'failed', name, error: left.join('\n') });
});

const count = (outcome: Result['outcome']): number => results.filter((result) => result.outcome === outcome).length;
process.exitCode = count('failed') > 0 ? 1 : 0;
out(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
