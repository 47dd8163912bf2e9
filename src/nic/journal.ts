/**
 * The journal of moves on disk: one file for each bridge, written whole and synced before what it announces is done. The lock
 * beside them tells who acts: the kernel lets go of it when that process ends, however it ends.
 */
import { mkdirSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { orMissing } from '../host/files.ts';
import type { Journal, Phase } from './types.ts';

/** Writes a file so that after a loss of power it is the old one or the new one. */
export async function writeDurably(path: string, content: string, mode: number): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const temporary = `${path}.neutrino-new`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(folder);
}

/** Removes a file for good. */
export async function removeDurably(path: string): Promise<void> {
  await orMissing(unlink(path));
  await orMissing(syncFolder(dirname(path)));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Phases in which there is nothing left to do. */
export const settled: ReadonlySet<Phase> = new Set(['confirmed', 'undone']);

/** Where the journals of a state folder are. */
export function nicFolder(stateDir: string): string {
  return join(stateDir, 'nic');
}

function pathOf(folder: string, bridge: string): string {
  return join(folder, `${bridge}.json`);
}

/** The journal of the bridge, or undefined. */
export async function readJournal(folder: string, bridge: string): Promise<Journal | undefined> {
  const text = await orMissing(readFile(pathOf(folder, bridge), 'utf8'));
  return text === undefined ? undefined : (JSON.parse(text) as Journal);
}

/** All journals. */
export async function readJournals(folder: string): Promise<Journal[]> {
  const names = ((await orMissing(readdir(folder))) ?? []).filter((name) => name.endsWith('.json')).sort();
  const journals = await Promise.all(names.map((name) => readJournal(folder, name.slice(0, -'.json'.length))));
  return journals.filter((journal) => journal !== undefined);
}

/** All adoptions that are in force. */
export function readAdoptions(folder: string): Promise<Journal[]> {
  return readJournals(join(folder, 'adopted'));
}

/** Keeps a journal, in place of the one before it. */
export function writeJournal(folder: string, journal: Journal): Promise<void> {
  return writeDurably(pathOf(folder, journal.move.bridge), `${JSON.stringify(journal, null, 1)}\n`, 0o600);
}

const adoptedPath = (folder: string, bridge: string): string => join(folder, 'adopted', `${bridge}.json`);

/** Remembers a confirmed adoption, with the files as they were before it; a confirmed release forgets it. */
export function keepAdoption(folder: string, journal: Journal): Promise<void> {
  const path = adoptedPath(folder, journal.move.bridge);
  if (journal.move.kind === 'release') return removeDurably(path);
  return writeDurably(path, `${JSON.stringify(journal, null, 1)}\n`, 0o600);
}

/** The adoption of the bridge that is in force, or undefined. */
export async function readAdoption(folder: string, bridge: string): Promise<Journal | undefined> {
  const text = await orMissing(readFile(adoptedPath(folder, bridge), 'utf8'));
  return text === undefined ? undefined : (JSON.parse(text) as Journal);
}

/** What one process has at a time. */
export interface Lock {
  release(): void;
}

/** Takes the lock; undefined: another process acts. */
export function takeLock(folder: string): Lock | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch {
    database.close();
    return undefined;
  }
  return { release: () => database.close() };
}
