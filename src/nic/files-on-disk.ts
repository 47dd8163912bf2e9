/** The files of the configuration in charge: written, checked, handed over, and put back. */
import { readFile } from 'node:fs/promises';
import { orMissing } from '../host/files.ts';
import { run } from '../host/run.ts';
import { removeDurably, writeDurably } from './journal.ts';
import type { FileChange, Persistence } from './types.ts';

/** What a program of the system may take to follow new files, milliseconds. */
const applyMs = 60_000;

async function put({ path, mode }: FileChange, content: string | null): Promise<void> {
  const now = (await orMissing(readFile(path, 'utf8'))) ?? null;
  if (now === content) return;
  if (content === null) await removeDurably(path);
  else await writeDurably(path, content, mode);
}

async function runAll(commands: readonly (readonly string[])[]): Promise<void> {
  for (const argv of commands) await run(argv, { deadlineMs: applyMs });
}

/** Copies the files as they were to a folder, for people. */
export async function backUp({ files }: Persistence, folder: string): Promise<void> {
  for (const { path, before } of files) {
    if (before !== null) await writeDurably(`${folder}${path}`, before, 0o600);
  }
}

/** Writes the new files. */
export async function writeFiles({ files }: Persistence): Promise<void> {
  for (const file of files) await put(file, file.after);
}

/** Writes the new files, has them checked, and has the program in charge follow them. */
export async function applyFiles(persistence: Persistence): Promise<void> {
  await writeFiles(persistence);
  await runAll(persistence.check);
  await runAll(persistence.apply);
}

/** The files that are not as they were before, or after, the change. Those below /run are gone with the boot, and do not count. */
export async function filesNotAs({ files }: Persistence, when: 'before' | 'after'): Promise<string[]> {
  const other: string[] = [];
  for (const file of files.filter(({ path }) => when === 'before' || !path.startsWith('/run/'))) {
    if (((await orMissing(readFile(file.path, 'utf8'))) ?? null) !== file[when]) other.push(file.path);
  }
  return other;
}

/** Keeps the manager's hands off the NIC. */
export async function holdManager({ hold }: Persistence): Promise<void> {
  for (const file of hold?.files ?? []) await put(file, file.after);
  await runAll(hold?.apply ?? []);
}

/** Lets the manager have the NIC again. */
export async function liftHold({ hold }: Persistence): Promise<void> {
  for (const file of hold?.files ?? []) await put(file, file.before);
  for (const argv of hold?.lift ?? []) await runAll([argv]).catch(() => undefined);
}

/** Puts the files back as they were, and has the program in charge follow them. */
export async function restoreFiles({ files, revert }: Persistence): Promise<void> {
  for (const file of files.toReversed()) await put(file, file.before);
  // What cannot be applied now is applied at the next boot; the kernel's state is put back by the steps.
  for (const argv of revert) await runAll([argv]).catch(() => undefined);
}
