/** Writes the reference pages of the API into docs/reference. A test fails while they are not current. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { referencePages } from '../src/api/reference/pages.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'reference');

/** Writes every page. */
export async function generateReference(): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, page] of Object.entries(referencePages)) await writeFile(join(folder, file), page());
}

if (import.meta.main) await generateReference();
