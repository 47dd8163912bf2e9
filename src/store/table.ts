/** What the model says of a record, as the store needs it: columns, key, constraints, and the way of a row to cells and back. */
import type { Record_, Resource, Row } from '../model/language.ts';
import type { Column as ColumnType } from '../model/types.ts';

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Its text is JSON once it stands between quotes. */
  readonly isPlain: boolean;
  /** The value of a row that leaves the field out; `undefined`: there is none. */
  readonly fallback: unknown;
  readonly references?: { readonly record: string; readonly onDelete: 'restrict' | 'cascade' };
}

/** A table, derived from a record. */
export interface Table {
  /** The record's name. */
  readonly record: string;
  /** The table's name in SQL. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly byName: ReadonlyMap<string, Column>;
  readonly key: readonly string[];
  readonly unique: readonly (readonly string[])[];
  /** The model's indexes and one for each reference that no other index serves, each followed by the key. */
  readonly indexes: readonly (readonly string[])[];
  /** Whether times and revision are the store's. */
  readonly standard: boolean;
  /** Fields that the model computes: they are passed over where a row has them. */
  readonly computed: ReadonlySet<string>;
  /** The rows that it has from the start. */
  readonly initial: readonly Readonly<Record<string, unknown>>[];
}

const tables = new WeakMap<Record_, Table>();

/** The table of a record; the same object each time. */
export function tableOf(record: Record_): Table {
  let table = tables.get(record);
  if (!table) {
    table = derive(record);
    tables.set(record, table);
  }
  return table;
}

function derive(record: Record_): Table {
  const fields = Object.entries(record.fields);
  const columns = fields
    .filter(([, field]) => field.stored !== false)
    .map(
      ([name, { type, references, ...field }]): Column => ({
        name,
        type: type.column,
        nullable: type.nullable,
        isPlain: type.isPlain,
        fallback: 'default' in field ? field.default : type.nullable ? null : undefined,
        ...(references ? { references } : {}),
      }),
    );
  return {
    record: record.name,
    name: record.plural,
    columns,
    byName: new Map(columns.map((column) => [column.name, column])),
    key: record.key,
    unique: record.unique,
    indexes: indexesOf(record, columns),
    standard: (record as Partial<Resource>).standard === true,
    computed: new Set(fields.filter(([, field]) => field.stored === false).map(([name]) => name)),
    initial: record.initial ?? [],
  };
}

// Without an index for a reference, deleting a row reads every row of the tables that reference it. With the key behind its
// columns, an index gives the rows of one project, or one network, in the order of pages: a page is read without a sort.
function indexesOf(record: Record_, columns: readonly Column[]): (readonly string[])[] {
  const indexes = [...record.indexes];
  for (const column of columns) {
    const served = [record.key, ...record.unique, ...indexes].some((index) => index[0] === column.name);
    if (column.references && !served) indexes.push([column.name]);
  }
  return indexes.map((index) => [...new Set([...index, ...record.key])]);
}

/** The column of that name; throws where the record has none, so that no other name reaches SQL. */
export function columnOf(table: Table, name: string): Column {
  const column = table.byName.get(name);
  if (!column) throw new Error(`The record ${table.record} has no column ${JSON.stringify(name.slice(0, 64))}.`);
  return column;
}

/** A value as a driver gives and takes it. JSON columns are text. */
export type Cell = string | number | boolean | null;

/** How a database keeps booleans. */
export type BooleanCells = 'native' | 'integer';

/** The cell of a value that is stored in a column. */
export function toCell(table: Table, column: Column, value: unknown, booleans: BooleanCells): Cell {
  if (value === null) {
    if (column.nullable) return null;
    throw new Error(`${table.record}.${column.name} is null, where a value is expected.`);
  }
  switch (column.type) {
    case 'json':
      return JSON.stringify(value);
    case 'boolean':
      if (typeof value === 'boolean') return booleans === 'native' ? value : value ? 1 : 0;
      break;
    case 'integer':
      if (Number.isSafeInteger(value)) return value as number;
      break;
    case 'text':
      if (typeof value === 'string') return value;
  }
  throw new Error(`${table.record}.${column.name} is a ${typeof value}, where ${column.type} is expected.`);
}

/** The cells of a whole row, in the order of the columns; what the row leaves out has the model's default. */
export function toCells(table: Table, row: Readonly<Record<string, unknown>>, booleans: BooleanCells): Cell[] {
  return table.columns.map((column) => {
    const given = row[column.name];
    const value = given === undefined ? column.fallback : given;
    if (value === undefined) throw new Error(`${table.record}.${column.name} is missing in a row to insert.`);
    return toCell(table, column, value, booleans);
  });
}

/** The value that a cell of a column stands for. */
export function fromCell({ type }: Column, cell: Cell): unknown {
  if (cell === null || type === 'text' || type === 'integer') return cell;
  return type === 'boolean' ? cell === true || cell === 1 : JSON.parse(cell as string);
}

/** The row that cells stand for, its fields in the order of the model. */
export function toRow<R extends Record_>(table: Table, cells: readonly Cell[]): Row<R> {
  const row: Record<string, unknown> = {};
  const { columns } = table;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as Column;
    row[column.name] = fromCell(column, cells[i] as Cell);
  }
  return row as Row<R>;
}
