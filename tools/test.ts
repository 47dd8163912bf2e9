/**
 * `npm test`: types, lint, unit tests, conformance, scenarios, tidiness, then what boots processes and makes namespaces, and
 * last whether the machine is as it was. Arguments are parts of paths: only files that match one are run, and no checks.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { differences, hostSnapshot } from '../test/support/host-snapshot.ts';
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

const before = await hostSnapshot();
if (only.length === 0) {
  for (const check of checks) await timed(check.name, async () => heard(await runCheck(check, root)));
}
for (const phase of phases) {
  const files = filesOf(phase, root, only);
  if (files.length > 0) await timed(phase.name, () => runTests(phase, files, root, heard));
}
await timed('the machine is as it was', async () => {
  const left = differences(before, await hostSnapshot());
  const name = 'namespaces, links, routes, rules, processes, files of the machine are as before';
  if (left.length === 0) heard({ outcome: 'passed', name });
  else heard({ outcome: 'failed', name, error: left.join('\n') });
});

const count = (outcome: Result['outcome']): number => results.filter((result) => result.outcome === outcome).length;
process.exitCode = count('failed') > 0 ? 1 : 0;
out(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
