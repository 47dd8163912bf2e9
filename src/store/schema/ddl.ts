/** The schema that the model asks for, as SQL: what version 1 was frozen from, and what all migrations together must come to. */
import { createHash } from 'node:crypto';
import { type ColumnDefinitionBuilder, type CreateTableBuilder, sql } from 'kysely';
import { records } from '../../model/index.ts';
import type { Dialect } from '../dialect/dialect.ts';
import { type Column, type Table, tableOf, toCells } from '../table.ts';

const MAX_IDENTIFIER = 63;

/** The name of a constraint or index; names too long for PostgreSQL end in a digest of what was cut off. */
export function constraintName(table: string, columns: readonly string[], suffix: string): string {
  const name = `${table}_${columns.join('_')}_${suffix}`;
  if (name.length <= MAX_IDENTIFIER) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, MAX_IDENTIFIER - digest.length - suffix.length - 2)}_${digest}_${suffix}`;
}

/** The statements that create every table of the model, the journal with them. */
export function derivedSchema(dialect: Dialect): string[] {
  const tables = records.map(tableOf);
  const byRecord = new Map(tables.map((table) => [table.record, table]));
  return [
    ...tables.flatMap((table) => [
      createTable(dialect, table, byRecord),
      ...createIndexes(dialect, table),
      ...table.initial.map((row) => insertRow(dialect, table, row)),
    ]),
    createJournal(dialect),
  ];
}

function createTable(dialect: Dialect, table: Table, byRecord: ReadonlyMap<string, Table>): string {
  let create: CreateTableBuilder<string, string> = dialect.db.schema.createTable(table.name);
  for (const column of table.columns) {
    create = create.addColumn(column.name, sql.raw(dialect.columnType(column)), (built) => constrain(built, column));
  }
  create = create.addPrimaryKeyConstraint(`${table.name}_pkey`, [...table.key]);
  for (const columns of table.unique) {
    create = create.addUniqueConstraint(constraintName(table.name, columns, 'key'), [...columns]);
  }
  for (const { name, references } of table.columns) {
    if (!references) continue;
    const target = byRecord.get(references.record);
    if (!target) throw new Error(`${table.record}.${name} references ${references.record}, which is no record.`);
    create = create.addForeignKeyConstraint(
      constraintName(table.name, [name], 'fkey'),
      [name],
      target.name,
      [...target.key],
      (key) => key.onDelete(references.onDelete),
    );
  }
  return create.compile().sql;
}

function constrain(built: ColumnDefinitionBuilder, column: Column): ColumnDefinitionBuilder {
  return column.nullable ? built : built.notNull();
}

function createIndexes(dialect: Dialect, table: Table): string[] {
  return table.indexes.map(
    (columns) =>
      dialect.db.schema
        .createIndex(constraintName(table.name, columns, 'idx'))
        .on(table.name)
        .columns([...columns])
        .compile().sql,
  );
}

function insertRow(dialect: Dialect, table: Table, row: Readonly<Record<string, unknown>>): string {
  const names = table.columns.map((column) => `"${column.name}"`).join(', ');
  const cells = toCells(table, row, dialect.booleans).map((cell) =>
    typeof cell === 'string' ? `'${cell.replaceAll("'", "''")}'` : String(cell),
  );
  return `insert into "${table.name}" (${names}) values (${cells.join(', ')})`;
}

// `rev` never repeats, also when every entry was removed: AUTOINCREMENT, IDENTITY.
function createJournal(dialect: Dialect): string {
  const rev =
    dialect.name === 'sqlite' ? 'integer primary key autoincrement' : 'bigint generated always as identity primary key';
  return `create table "journal" ("rev" ${rev}, "keys" text not null, "created_ms" bigint not null)`;
}
