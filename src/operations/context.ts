/**
 * What every operation is given, and what every resource offers. An operation reads through the transactor, decides by rules,
 * and writes; it knows no HTTP and touches nothing but the transactor.
 */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Fault } from '../model/faults.ts';
import type { Draft, Resource, Row } from '../model/language.ts';
import type { NetworkingSettings } from '../rules/settings.ts';
import type { Reader, Transactor } from '../store/store.ts';

/** Who asks. */
export interface Caller {
  readonly userId: string;
  /** '' for an unscoped or a system caller. */
  readonly projectId: string;
  readonly roles: readonly string[];
  readonly isAdmin: boolean;
}

/** What is asked inside one transaction. */
export interface Context {
  readonly t: Transactor;
  readonly caller: Caller;
  readonly settings: NetworkingSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** What a list is filtered by, where something is made for it. */
  readonly filters?: ReadonlyMap<string, readonly string[]>;
}

/** What decides without writing: a list, a view. */
export interface ReadContext extends Omit<Context, 't' | 'random'> {
  readonly r: Reader;
  /** What a list is filtered by, as it was asked for; absent where no list is. */
  readonly filters?: ReadonlyMap<string, readonly string[]>;
}

/**
 * The operations of one resource. `draft` and `changes` are checked against the model already: types, who may set what, unknown
 * fields; `draft` holds what was given and the model's defaults.
 */
export interface Operations<R extends Resource> {
  readonly resource: R;
  /** The fault for a row that is not there; `parentId` is the id that the path names in front. */
  readonly notFound: (id: string, parentId?: string) => Fault;
  /** `parent` is the row that the path names in front (the floating IP of a forwarding). */
  readonly create?: (c: Context, draft: Draft<R>, parent?: Row<Resource>) => Promise<Row<R>>;
  readonly update?: (c: Context, row: Row<R>, changes: Partial<Row<R>>, parent?: Row<Resource>) => Promise<Row<R>>;
  readonly remove?: (c: Context, row: Row<R>, parent?: Row<Resource>) => Promise<void>;
  /** By name: `add_router_interface`. The body is as it came (an object); the operation checks it. */
  readonly actions?: Readonly<
    Record<string, (c: Context, row: Row<R>, body: Record<string, unknown>) => Promise<unknown>>
  >;
  /** What a list finds made: `isThere` looks before it, and `make` makes it where it is not. */
  readonly beforeList?: {
    readonly isThere: (c: ReadContext) => Promise<boolean>;
    readonly make: (c: Context) => Promise<unknown>;
  };
  /** The rows under a parent, in their order, where they are few and not those of the table alone. */
  readonly rows?: (r: Reader, parentId: string) => Promise<readonly Row<R>[]>;
  /** The computed fields (`stored: false`) of these rows, in their order, with a bounded number of queries. */
  readonly compute?: (c: ReadContext, rows: readonly Row<R>[]) => Promise<Partial<Row<R>>[]>;
  /**
   * All the columns that `compute` looks at, where it gives computed fields alone: lists then hand it rows of these columns, and
   * leave the others to the database. Absent: it is given whole rows.
   */
  readonly computesFrom?: readonly (keyof R['fields'] & string)[];
}
