/** `npm run check`: types and lint, as `npm test` sees them. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checks } from './test-phases.ts';
import { runCheck } from './test-run.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const result of await Promise.all(checks.map((check) => runCheck(check, root)))) {
  process.stdout.write(`${result.outcome}: ${result.name}\n${result.error === undefined ? '' : `${result.error}\n`}`);
  if (result.outcome === 'failed') process.exitCode = 1;
}
