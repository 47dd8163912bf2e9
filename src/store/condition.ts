/** Conditions to SQL: one walk gives the shape, the parameters, and on demand the expression. */
import { type Expression, type SqlBool, sql } from 'kysely';
import type { Record_ } from '../model/language.ts';
import type { Dialect, Parameter } from './dialect/dialect.ts';
import type { Condition, Scalar } from './query.ts';
import { type Cell, type Column, columnOf, type Table, tableOf } from './table.ts';

/** A condition, bound: equal shapes have equal SQL. */
export interface Clause {
  readonly shape: string;
  readonly expression: () => Expression<SqlBool>;
}

/** What binding needs to know; parameters are appended to `parameters` in the order in which the SQL has them. */
export interface Binding {
  readonly dialect: Dialect;
  readonly parameters: Parameter[];
  /** The definition of a record by its name, for `among`. */
  readonly recordNamed: (name: string) => Record_;
}

const always: Clause = { shape: 'T', expression: () => sql<SqlBool>`true` };
const never: Clause = { shape: 'F', expression: () => sql<SqlBool>`false` };

/**
 * Binds a condition. Its meaning has two values: a comparison with null in the column is false, and `not` of it is true.
 * A value of another type than the column's, or that no database stores, equals nothing.
 */
export function bindCondition(binding: Binding, table: Table, condition: Condition): Clause {
  switch (condition.op) {
    case 'and':
    case 'or':
      return combine(
        condition.op,
        condition.of.map((part) => bindCondition(binding, table, part)),
      );
    case 'not': {
      const inner = bindCondition(binding, table, condition.of);
      return { shape: `!(${inner.shape})`, expression: () => sql<SqlBool>`(${inner.expression()}) is not true` };
    }
    case 'in':
      return bindIn(binding, table, columnOf(table, condition.column), condition.values);
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return bindComparison(binding, table, condition.column, condition.op, condition.value);
    case 'contains':
      return bindContains(binding, table, condition.column, condition.value);
    case 'has_all':
    case 'has_any':
      return bindHolds(binding, table, condition.column, condition.op, condition.values);
    case 'among':
      return bindAmong(binding, table, condition);
  }
}

function combine(op: 'and' | 'or', parts: readonly Clause[]): Clause {
  if (parts.length === 0) return op === 'and' ? always : never;
  if (parts.length === 1) return parts[0] as Clause;
  const glue = op === 'and' ? sql` and ` : sql` or `;
  return {
    shape: `${op}(${parts.map((part) => part.shape).join(' ')})`,
    expression: () =>
      sql<SqlBool>`(${sql.join(
        parts.map((part) => part.expression()),
        glue,
      )})`,
  };
}

/** The column, with its table, so that it is not taken for a column of a function or a subquery. */
export function reference(table: Table, column: string): Expression<unknown> {
  return sql`${sql.table(table.name)}.${sql.id(column)}`;
}

function storable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** The cell that a value is compared as; null, which equals nothing, where no cell of the column can equal it. */
export function comparable(dialect: Dialect, column: Column, value: Scalar): Cell {
  switch (column.type) {
    case 'text':
      return typeof value === 'string' && storable(value) ? value : null;
    case 'integer':
      return Number.isSafeInteger(value) ? value : null;
    case 'boolean':
      return typeof value !== 'boolean' ? null : dialect.booleans === 'native' ? value : Number(value);
    case 'json':
      throw new Error(`The column ${column.name} is JSON and cannot be compared; use has_all or has_any.`);
  }
}

function bindIn(binding: Binding, table: Table, column: Column, values: readonly Scalar[]): Clause {
  const { dialect, parameters } = binding;
  const { name } = column;
  const isNull: Clause = { shape: `${name}?`, expression: () => sql<SqlBool>`${reference(table, name)} is null` };
  const given = values.filter((value) => value !== null);
  const cells = given.map((value) => comparable(dialect, column, value));
  const nulls = given.length < values.length;
  if (cells.length === 0) return nulls ? isNull : never;
  const parameter = cells.length === 1 ? (cells[0] as Cell) : dialect.list(cells);
  parameters.push(parameter);
  const equals: Clause =
    cells.length === 1
      ? { shape: `${name}=`, expression: () => sql<SqlBool>`${reference(table, name)} = ${parameter}` }
      : { shape: `${name}~`, expression: () => dialect.anyOf(reference(table, name), parameter) };
  return nulls ? combine('or', [equals, isNull]) : equals;
}

const operators = { eq: sql`=`, lt: sql`<`, le: sql`<=`, gt: sql`>`, ge: sql`>=` } as const;

/** Binds `column op value`; a null on either side is false. */
export function bindComparison(
  { dialect, parameters }: Binding,
  table: Table,
  name: string,
  op: keyof typeof operators,
  value: Scalar,
): Clause {
  const cell = comparable(dialect, columnOf(table, name), value);
  parameters.push(cell);
  return {
    shape: `${name} ${op}`,
    expression: () => sql<SqlBool>`${reference(table, name)} ${operators[op]} ${cell}`,
  };
}

function bindContains({ dialect, parameters }: Binding, table: Table, name: string, value: string): Clause {
  const column = columnOf(table, name);
  if (column.type !== 'text') throw new Error(`The column ${name} is no text and contains nothing.`);
  const text = comparable(dialect, column, value);
  parameters.push(text);
  return { shape: `${name} contains`, expression: () => dialect.contains(reference(table, name), text) };
}

function bindHolds(
  { dialect, parameters }: Binding,
  table: Table,
  name: string,
  op: 'has_all' | 'has_any',
  values: readonly string[],
): Clause {
  if (columnOf(table, name).type !== 'json') throw new Error(`The column ${name} is no JSON list.`);
  const texts = values.filter(storable);
  if (op === 'has_all' && texts.length < values.length) return never;
  if (texts.length === 0) return op === 'has_all' ? always : never;
  const list = dialect.list(texts);
  parameters.push(list);
  const holds = op === 'has_all' ? dialect.holdsAll : dialect.holdsAny;
  return { shape: `${name} ${op}`, expression: () => holds(reference(table, name), list) };
}

function bindAmong(binding: Binding, table: Table, condition: Extract<Condition, { op: 'among' }>): Clause {
  const { name } = columnOf(table, condition.column);
  const other = tableOf(binding.recordNamed(condition.record));
  const { name: select } = columnOf(other, condition.select);
  const where = bindCondition(binding, other, condition.where);
  return {
    shape: `${name} among ${other.name}.${select}(${where.shape})`,
    expression: () =>
      sql<SqlBool>`${reference(table, name)} in (select ${reference(other, select)} from ${sql.table(other.name)} where ${where.expression()})`,
  };
}
