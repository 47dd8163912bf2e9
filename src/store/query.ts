/** Conditions and pages as data: what the API asks of a list, before it is SQL. */

export type Scalar = string | number | boolean | null;

export type Condition =
  | { readonly op: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly op: 'not'; readonly of: Condition }
  /** The column is one of the values (null among them is IS NULL). */
  | { readonly op: 'in'; readonly column: string; readonly values: readonly Scalar[] }
  /** The column compared with a value. */
  | { readonly op: 'lt' | 'le' | 'gt' | 'ge'; readonly column: string; readonly value: Scalar }
  /** The column's text holds the value somewhere. */
  | { readonly op: 'contains'; readonly column: string; readonly value: string }
  /** A JSON list column holds all, or any, of the values. */
  | { readonly op: 'has_all' | 'has_any'; readonly column: string; readonly values: readonly string[] }
  /** The column is among a column of the rows of another record that satisfy a condition. */
  | {
      readonly op: 'among';
      readonly column: string;
      readonly record: string;
      readonly select: string;
      readonly where: Condition;
    };

/** Order and extent of a list. `id` is always the last sort key, so the order is total. */
export interface Page {
  readonly sort?: readonly { readonly column: string; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  /** Start after the row with this id, in the order of `sort`. */
  readonly marker?: string;
  /** The page before the marker instead of after it; rows still come in the order of `sort`. */
  readonly reverse?: boolean;
}
