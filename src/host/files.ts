/** Reads and writes files whole. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Fact, FileFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, type StepOn } from './batch.ts';

/** What an operation gives, or undefined where the file or its folder is not there. */
export async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Those of the files that are there, with their content and mode. */
export async function readFiles(facts: readonly FileFact[]): Promise<Fact[]> {
  const found: Fact[] = [];
  for (const fact of facts) {
    const content = await orMissing(readFile(fact.path, 'utf8'));
    const status = content === undefined ? undefined : await orMissing(stat(fact.path));
    if (content !== undefined && status) found.push({ ...fact, content, mode: status.mode & 0o7777 });
  }
  return found;
}

/** Writes a file so that a reader sees the old content or the new, never a part. Its folder is made when missing. */
export async function writeWhole(path: string, content: string, mode: number): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const temporary = `${folder}/.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await orMissing(unlink(temporary));
    throw error;
  }
}

/** Removes a file, and its folder when that leaves it empty. */
export async function removeWhole(path: string): Promise<void> {
  await orMissing(unlink(path));
  try {
    await rmdir(dirname(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR'].includes(code)) throw error;
  }
}

/** Performs steps about files. */
export function performFiles(steps: readonly StepOn<FileFact>[]): Promise<StepFailure[]> {
  return eachStep(steps, (step) =>
    step.do === 'remove' ? removeWhole(step.fact.path) : writeWhole(step.fact.path, step.fact.content, step.fact.mode),
  );
}
