/** Values of OVSDB as its protocol writes them (RFC 7047, 5.1), and as we do. */

/** A row by its columns, as the protocol has them. */
export type Columns = Readonly<Record<string, unknown>>;

/** A reference to a row: there already, or made in the same transaction. */
export type Reference = readonly ['uuid' | 'named-uuid', string];

/** The elements of a set; a set of one is written as its element. */
export function elementsOf(value: unknown): unknown[] {
  if (Array.isArray(value) && value[0] === 'set') return value[1] as unknown[];
  return value === undefined ? [] : [value];
}

/** The only element of a set of at most one. */
export function optional(value: unknown): unknown {
  return elementsOf(value)[0];
}

/** The uuids that a column refers to. */
export function uuidsOf(value: unknown): string[] {
  return elementsOf(value).map((element) => String((element as Reference)[1]));
}

/** A map of strings. */
export function recordOf(value: unknown): Record<string, string> {
  if (!Array.isArray(value) || value[0] !== 'map') return {};
  return Object.fromEntries(value[1] as [string, string][]);
}

/** A map as the protocol has it. */
export function mapOf(record: Readonly<Record<string, string>>): unknown {
  return ['map', Object.entries(record)];
}

/** A set as the protocol has it. */
export function setOf(elements: readonly unknown[]): unknown {
  return ['set', elements];
}
