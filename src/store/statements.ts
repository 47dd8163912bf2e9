/** Compiled statements, kept by their shape: a statement is compiled once, then only its parameters change. */
import { isDeepStrictEqual } from 'node:util';
import type { CompiledQuery } from 'kysely';
import type { Parameter, Statement } from './dialect/dialect.ts';

/** What Kysely can compile. */
export interface Compilable {
  compile(): CompiledQuery<unknown>;
}

/** Statements by shape. `fixed` shapes are as many as the code has; `loose` ones come from clients and are the most recent ones. */
export class Statements {
  readonly #fixed = new Map<string, Statement>();
  readonly #loose = new Map<string, Statement>();
  readonly #looseLimit: number;

  constructor(looseLimit = 500) {
    this.#looseLimit = looseLimit;
  }

  /** The statement of a shape that the code determines. */
  fixed(shape: string, parameters: readonly Parameter[], build: () => Compilable): Statement {
    let statement = this.#fixed.get(shape);
    if (!statement) {
      statement = { sql: compile(shape, parameters, build), name: `s${this.#fixed.size}` };
      this.#fixed.set(shape, statement);
    }
    return statement;
  }

  /** The statement of a shape that a client's request determines. */
  loose(shape: string, parameters: readonly Parameter[], build: () => Compilable): Statement {
    let statement = this.#loose.get(shape);
    if (statement) this.#loose.delete(shape);
    else statement = { sql: compile(shape, parameters, build) };
    this.#loose.set(shape, statement);
    if (this.#loose.size > this.#looseLimit) this.#loose.delete(this.#loose.keys().next().value as string);
    return statement;
  }
}

// Parameters are bound apart from compiling; here is the one place where both meet, so here they are compared.
function compile(shape: string, parameters: readonly Parameter[], build: () => Compilable): string {
  const query = build().compile();
  if (!isDeepStrictEqual([...query.parameters], [...parameters])) {
    throw new Error(`The statement ${shape} was bound to other parameters than it was compiled with: ${query.sql}`);
  }
  return query.sql;
}
