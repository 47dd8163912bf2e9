/** `npm run docs`: writes the reference pages that are made from declarations. Tests see to it that they are current. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referencePages } from '../src/api/reference/pages.ts';
import { commands } from '../src/cli/commands.ts';
import { commandsPage } from '../src/cli/reference.ts';
import { allOptions } from '../src/config/load.ts';
import { configurationPage } from '../src/config/reference.ts';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs/reference');
const pages = {
  ...referencePages,
  'configuration.md': () => configurationPage(allOptions),
  'commands.md': () => commandsPage(commands),
};
mkdirSync(folder, { recursive: true });
for (const [name, page] of Object.entries(pages)) {
  writeFileSync(join(folder, name), page());
  process.stdout.write(`docs/reference/${name}\n`);
}
