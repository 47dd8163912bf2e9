/** The frozen schema and its migrations come to what the model asks for; newer databases are refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { ManualClock } from '../../src/lib/clock.ts';
import { records } from '../../src/model/index.ts';
import { postgresDialect } from '../../src/store/dialect/postgres.ts';
import { sqliteDialect } from '../../src/store/dialect/sqlite.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { constraintName, derivedSchema } from '../../src/store/schema/ddl.ts';
import { type MigrationTarget, migrate } from '../../src/store/schema/migrate.ts';
import { type Migration, migrations } from '../../src/store/schema/migrations.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts';

const clock = new ManualClock();
const hint =
  'The model and the schema differ. Before the first release: node src/store/schema/generate.ts; afterwards: add a migration.';

function sqliteTarget(database: DatabaseSync): MigrationTarget {
  return {
    dialect: 'sqlite',
    script: (sql) => database.exec(sql),
    begin: () => database.exec('begin immediate'),
    number: (sql) => Number(Object.values(database.prepare(sql).get() ?? {})[0]),
  };
}

// Columns are compared by name: a migration appends what the model may have in the middle.
function describeSqlite(database: DatabaseSync): string[] {
  const lines: string[] = [];
  const ask = (sql: string, ...names: string[]) => database.prepare(sql).all(...names) as Record<string, unknown>[];
  for (const { name: table } of ask(
    "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
  )) {
    if (table === 'schema_version') continue;
    const add = (kind: string, row: object) => lines.push(`${table} ${kind} ${JSON.stringify(row)}`);
    for (const row of ask('select name, type, "notnull", dflt_value, pk from pragma_table_xinfo(?)', String(table)))
      add('column', row);
    const keys = 'select "table", "from", "to", on_delete from pragma_foreign_key_list(?)';
    for (const row of ask(keys, String(table))) add('references', row);
    for (const { name, unique, origin } of ask(
      'select name, "unique", origin from pragma_index_list(?)',
      String(table),
    ))
      add('index', {
        unique,
        origin,
        columns: ask('select name from pragma_index_info(?)', String(name)).map((column) => column.name),
      });
  }
  return lines.sort();
}

describe('schema on SQLite', () => {
  it('is what the model asks for', async () => {
    const migrated = new DatabaseSync(':memory:');
    await migrate(sqliteTarget(migrated));
    const derived = new DatabaseSync(':memory:');
    derived.exec(derivedSchema(sqliteDialect).join(';\n'));
    assert.deepEqual(describeSqlite(migrated), describeSqlite(derived), hint);
    assert(describeSqlite(derived).length > records.length);
  });

  it('is reached step by step, and a step that fails leaves the one before', async () => {
    const database = new DatabaseSync(':memory:');
    const broken = 'create table extra (a text); create table extra (a text)';
    const steps: Migration[] = [...migrations, { title: 'broken', sqlite: broken, postgres: broken }];
    await assert.rejects(migrate(sqliteTarget(database), steps), /already exists/);
    assert.equal(database.prepare('select version from schema_version').get()?.version, migrations.length);
    assert.throws(() => database.prepare('select * from extra'), /no such table/);
    const whole = 'create table extra (a text)';
    await migrate(sqliteTarget(database), [...migrations, { title: 'whole', sqlite: whole, postgres: whole }]);
    await migrate(sqliteTarget(database), [...migrations, { title: 'whole', sqlite: whole, postgres: whole }]);
    assert.equal(database.prepare('select version from schema_version').get()?.version, migrations.length + 1);
  });

  it('of a later version is refused and left alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'neutrino-store-'));
    try {
      const path = join(folder, 'db');
      await (await openSqlite({ path, clock })).close();
      const database = new DatabaseSync(path);
      database.exec('update schema_version set version = 99');
      database.close();
      const refused = /has schema version 99, this program knows versions up to \d+: start a newer release/;
      await assert.rejects(openSqlite({ path, clock }), refused);
      await assert.rejects(openSqlite({ path, clock }), refused);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has an index for each reference, so that no delete reads a whole table', () => {
    const database = new DatabaseSync(':memory:');
    database.exec(derivedSchema(sqliteDialect).join(';\n'));
    for (const record of records) {
      for (const [column, { references }] of Object.entries(record.fields)) {
        if (!references) continue;
        const plan = database
          .prepare(`explain query plan select 1 from "${record.plural}" where "${column}" = ?`)
          .all('x');
        assert.match(JSON.stringify(plan), /SEARCH/, `${record.plural}.${column}`);
      }
    }
  });

  it('has names that PostgreSQL does not cut', () => {
    const long = constraintName('port_forwardings', ['internal_port_id', 'protocol', 'internal_ip_address'], 'key');
    assert(long.length <= 63 && long.endsWith('_key'), long);
    assert.notEqual(
      long,
      constraintName('port_forwardings', ['internal_port_id', 'protocol', 'internal_ip_adress'], 'key'),
    );
  });
});

const missing = postgresMissing();

describe('schema on PostgreSQL', { skip: missing ?? false }, () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());

  const ask = async (url: string, ...scripts: string[]) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      let rows: Record<string, unknown>[] = [];
      for (const sql of scripts) rows = (await client.query(sql)).rows;
      return rows;
    } finally {
      await client.end();
    }
  };
  const description = `
    select json_build_array(c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
      (select collname from pg_collation where oid = a.attcollation))::text as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and c.relname <> 'schema_version'
    union all select json_build_array(conrelid::regclass, conname, pg_get_constraintdef(oid))::text
    from pg_constraint where connamespace = 'public'::regnamespace
    union all select indexdef from pg_indexes where schemaname = 'public' order by 1`;

  it('is what the model asks for', async () => {
    const [migrated, derived] = [await postgres.freshDatabase(), await postgres.freshDatabase()];
    await (await openPostgres({ url: migrated, clock })).close();
    await ask(derived, derivedSchema(postgresDialect).join(';\n'));
    const lines = async (url: string) => (await ask(url, description)).map(({ line }) => line);
    const expected = await lines(derived);
    assert.deepEqual(await lines(migrated), expected, hint);
    assert(expected.length > records.length);
  });

  it('of a later version is refused and left alone', async () => {
    const url = await postgres.freshDatabase();
    await (await openPostgres({ url, clock })).close();
    await ask(url, 'update schema_version set version = 99');
    await assert.rejects(openPostgres({ url, clock }), /has schema version 99/);
    assert.equal((await ask(url, 'select version from schema_version'))[0]?.version, 99);
  });
});
