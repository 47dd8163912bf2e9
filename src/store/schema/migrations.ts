/**
 * The schema's versions, oldest first. Migrations go forward only, run at start, each in a transaction of its own, and are never
 * edited after a release. A changed model has a migration that leads there; a test compares both.
 */
import { version1 } from './version-1.ts';

/** One step of the schema, as SQL for each database. */
export interface Migration {
  /** What it does, for the log. */
  readonly title: string;
  readonly sqlite: string;
  readonly postgres: string;
}

/** Entry n leads from version n to version n + 1. */
export const migrations: readonly Migration[] = [{ title: 'the first schema', ...version1 }];
