/** Brings a database to the schema of this program. */
import type { Dialect } from '../dialect/dialect.ts';
import { type Migration, migrations } from './migrations.ts';

/** What migrating needs of a connection. */
export interface MigrationTarget {
  readonly dialect: Dialect['name'];
  /** Runs a script of several statements. */
  script(sql: string): void | Promise<void>;
  /** Begins a transaction that excludes every other migration of the database. */
  begin(): void | Promise<void>;
  /** The number that a query gives. */
  number(sql: string): number | Promise<number>;
}

/**
 * Runs the migrations that the database lacks, each in its own transaction.
 * @throws where the database is of a later version than this program knows; nothing is changed then.
 */
export async function migrate(target: MigrationTarget, steps: readonly Migration[] = migrations): Promise<void> {
  await inTransaction(target, () =>
    target.script(`create table if not exists schema_version (version integer not null);
insert into schema_version (version) select 0 where not exists (select 1 from schema_version);`),
  );
  for (;;) {
    const done = await inTransaction(target, async () => {
      const version = await target.number('select max(version) from schema_version');
      if (version > steps.length) {
        throw new Error(
          `The database has schema version ${version}, this program knows versions up to ${steps.length}: start a newer release of the program.`,
        );
      }
      const step = steps[version];
      if (!step) return true;
      await target.script(step[target.dialect]);
      await target.script(`update schema_version set version = ${version + 1};`);
      return false;
    });
    if (done) return;
  }
}

async function inTransaction<T>(target: MigrationTarget, work: () => T | Promise<T>): Promise<T> {
  await target.begin();
  try {
    const result = await work();
    await target.script('commit');
    return result;
  } catch (error) {
    await target.script('rollback');
    throw error;
  }
}
