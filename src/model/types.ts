/**
 * The value types that fields are made of: each says in words what it expects, reads a value from a request, and gives its
 * JSON schema and its column.
 *
 * Reading is lenient where Neutron is: "true", "1" and 1 are booleans, "80" is an integer. It never throws.
 */
import { canonicalIp, formatCidr, parseCidr } from '../lib/ip.ts';

/** Why a value was refused: where (a path inside the field, '' for the field itself), what was expected, what was found. */
export class Problem {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
  constructor(expected: string, found: unknown, path = '') {
    this.path = path;
    this.expected = expected;
    this.found = typeof found === 'string' && found.startsWith('\u0000') ? found.slice(1) : describe(found);
  }
  /** The same problem, one level further out. */
  at(outer: string): Problem {
    return new Problem(this.expected, `\u0000${this.found}`, `${outer}${this.path}`);
  }
}

/** A value as an error message shows it: JSON, cut to 80 characters. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** How a value lies in the database. `json` columns hold JSON text. */
export type Column = 'text' | 'integer' | 'boolean' | 'json';

/** A JSON schema (the 2020-12 dialect, as OpenAPI 3.1 uses it). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A type of values: its expectation in words, its reading, its schema, its column. */
export interface Type<T> {
  /** The expectation, as the end of a sentence: `a string of at most 255 characters`. */
  readonly expected: string;
  readonly schema: JsonSchema;
  readonly column: Column;
  readonly nullable: boolean;
  /** Its text has no character that JSON would escape: between quotes it is JSON. */
  readonly isPlain: boolean;
  parse(value: unknown): T | Problem;
}

/** The values of a type. */
export type ValueOf<X> = X extends Type<infer T> ? T : never;

function type<T>(
  expected: string,
  schema: JsonSchema,
  column: Column,
  read: (value: unknown) => T | undefined,
  isPlain = false,
): Type<T> {
  return {
    expected,
    schema,
    column,
    nullable: false,
    isPlain,
    parse(value) {
      const result = read(value);
      return result === undefined ? new Problem(expected, value) : result;
    },
  };
}

/** As `type`, of text in which nothing is ever to be escaped. */
function plain<T>(expected: string, schema: JsonSchema, read: (value: unknown) => T | undefined): Type<T> {
  return type(expected, schema, 'text', read, true);
}

// Lone surrogates and NUL cannot be stored by PostgreSQL, and no client means to send them.
const storable = (text: string) => text.isWellFormed() && !text.includes('\u0000');

/** Text of at most `max` characters, and at least `min`. */
export function string(max = 255, min = 0): Type<string> {
  const expected = min > 0 ? `a string of ${min} to ${max} characters` : `a string of at most ${max} characters`;
  const schema = { type: 'string', maxLength: max, ...(min > 0 ? { minLength: min } : {}) };
  return type(expected, schema, 'text', (value) =>
    typeof value === 'string' && value.length >= min && value.length <= max && storable(value) ? value : undefined,
  );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID in its usual text; capital letters are read and made small. */
export function uuid(): Type<string> {
  return plain('a UUID', { type: 'string', format: 'uuid' }, (value) =>
    typeof value === 'string' && UUID.test(value.toLowerCase()) ? value.toLowerCase() : undefined,
  );
}

/** A UUID, or one word that stands for something. */
export function uuidOr(word: string): Type<string> {
  const schema = { anyOf: [{ type: 'string', format: 'uuid' }, { const: word }] };
  return type(`a UUID, or ${word}`, schema, 'text', (value) => {
    if (value === word) return word;
    return typeof value === 'string' && UUID.test(value.toLowerCase()) ? value.toLowerCase() : undefined;
  });
}

/** true or false; also "true", "false", "1", "0", 1, 0 in any case, as Neutron reads them. */
export function boolean(): Type<boolean> {
  return type('true or false', { type: 'boolean' }, 'boolean', (value) => {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    const text = String(value).toLowerCase();
    if (text === 'true' || text === '1') return true;
    return text === 'false' || text === '0' ? false : undefined;
  });
}

/** A whole number in [min, max]; also as decimal text. */
export function integer(min: number, max: number): Type<number> {
  const schema = { type: 'integer', minimum: min, maximum: max };
  return type(`an integer from ${min} to ${max}`, schema, 'integer', (value) => {
    const n = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof n === 'number' && Number.isInteger(n) && n >= min && n <= max ? n : undefined;
  });
}

/** One of the given whole numbers; also as decimal text. */
export function oneNumberOf(...numbers: number[]): Type<number> {
  return type(`one of ${numbers.join(', ')}`, { type: 'integer', enum: numbers }, 'integer', (value) =>
    numbers.find((number) => number === value || String(number) === value),
  );
}

/** One of the given words. */
export function oneOf<const T extends string>(...words: T[]): Type<T> {
  const isPlain = words.every((word) => JSON.stringify(word) === `"${word}"`);
  const read = (value: unknown) => words.find((word) => word === value);
  return type(`one of ${words.join(', ')}`, { type: 'string', enum: words }, 'text', read, isPlain);
}

/** An IPv4 or IPv6 address, kept in canonical text. */
export function ip(): Type<string> {
  return plain('an IP address', { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }, (value) =>
    typeof value === 'string' ? canonicalIp(value) : undefined,
  );
}

/** A prefix such as 10.0.0.0/24, kept in canonical text with its host bits cleared; a bare address is a full-length prefix. */
export function cidr(): Type<string> {
  return plain('a prefix such as 10.0.0.0/24', { type: 'string', examples: ['10.0.0.0/24'] }, (value) => {
    const parsed = typeof value === 'string' ? parseCidr(value) : undefined;
    return parsed && formatCidr(parsed);
  });
}

/** A prefix with its length, kept in canonical text with its host bits cleared (neutron_lib: type:subnet). */
export function prefix(): Type<string> {
  const inner = cidr();
  return type('a prefix with its length, such as 10.0.0.0/24', inner.schema, 'text', (value) => {
    const parsed = typeof value === 'string' && value.includes('/') ? inner.parse(value) : undefined;
    return parsed instanceof Problem ? undefined : parsed;
  });
}

/** A prefix that a route leads to: without host bits, and no loopback (neutron_lib: validate_route_cidr). */
export function destination(): Type<string> {
  const inner = prefix();
  const expected = 'a prefix without host bits, such as 10.0.0.0/24';
  return type(expected, inner.schema, 'text', (value) => {
    const parsed = inner.parse(value);
    if (parsed instanceof Problem || /^(127\.|::1\/)/.test(parsed)) return undefined;
    const [address = ''] = String(value).split('/');
    return canonicalIp(address) === parsed.split('/')[0] ? parsed : undefined;
  });
}

/** An address with the length of a prefix, such as 10.0.0.5/24, its host bits kept; a bare address has its full length. */
export function ipPrefix(): Type<string> {
  return plain('a prefix such as 10.0.0.0/24', { type: 'string', examples: ['10.0.0.0/24'] }, (value) => {
    const parsed = typeof value === 'string' ? parseCidr(value) : undefined;
    const address = typeof value === 'string' ? canonicalIp(value.split('/', 1)[0] ?? '') : undefined;
    return parsed && address && `${address}/${parsed.length}`;
  });
}

/** A unicast MAC address, kept in small letters with colons. */
export function mac(): Type<string> {
  const pattern = '^([0-9a-f]{2}:){5}[0-9a-f]{2}$';
  return plain('a unicast MAC address such as fa:16:3e:00:00:01', { type: 'string', pattern }, (value) => {
    const text = typeof value === 'string' ? value.toLowerCase().replaceAll('-', ':') : '';
    if (!new RegExp(pattern).test(text) || text === '00:00:00:00:00:00') return undefined;
    return (Number.parseInt(text.slice(0, 2), 16) & 1) === 0 ? text : undefined;
  });
}

/** A time as the API writes it. */
export function timestamp(): Type<string> {
  return plain('a time such as 2026-01-01T00:00:00Z', { type: 'string', format: 'date-time' }, (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?$/.test(value) ? value : undefined,
  );
}

/** "a" or "a:b" with 1 ≤ a ≤ b ≤ 65535, kept as "a:b". */
export function portRange(): Type<string> {
  const expected = 'a port "a" or a range "a:b" with 1 <= a <= b <= 65535';
  return plain(expected, { type: 'string', pattern: '^\\d{1,5}(:\\d{1,5})?$' }, (value) => {
    const text = typeof value === 'number' ? String(value) : value;
    const match = typeof text === 'string' ? /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) : null;
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    return first >= 1 && first <= last && last <= 65535 ? `${first}:${last}` : undefined;
  });
}

/** A JSON object with members of any shape, of at most `maxBytes` characters of JSON. */
export function anyObject(maxBytes = 4096): Type<Record<string, unknown>> {
  return type('an object', { type: 'object' }, 'json', (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const text = JSON.stringify(value);
    return text.length <= maxBytes && storable(text) && !text.includes('\\u0000')
      ? (value as Record<string, unknown>)
      : undefined;
  });
}

/** The same type, where `null` is a value too. */
export function nullable<T>(inner: Type<T>): Type<T | null> {
  const expected = `${inner.expected}, or null`;
  return {
    expected,
    schema: { anyOf: [inner.schema, { type: 'null' }] },
    column: inner.column,
    nullable: true,
    isPlain: inner.isPlain,
    parse(value) {
      if (value === null) return null;
      const result = inner.parse(value);
      return result instanceof Problem && result.path === '' ? new Problem(expected, value) : result;
    },
  };
}

/** The same type, where null is read as `value`: what clients send to unset a field that always has a value. */
export function orNull<T>(inner: Type<T>, value: T): Type<T> {
  return {
    ...inner,
    schema: { anyOf: [inner.schema, { type: 'null' }] },
    parse: (given) => inner.parse(given === null ? structuredClone(value) : given),
  };
}

/** The same type, where `{}` is read as null: what clients send to clear an object. */
export function orEmpty<T>(inner: Type<T | null>): Type<T | null> {
  const isEmpty = (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
  return { ...inner, parse: (value) => inner.parse(isEmpty(value) ? null : value) };
}

/** A list of at most `max` values; `unique` refuses one that stands twice. */
export function list<T>(of: Type<T>, options: { max?: number; unique?: boolean } = {}): Type<T[]> {
  const max = options.max ?? 1000;
  const expected = `a list of at most ${max}, each ${of.expected}`;
  return {
    expected,
    schema: { type: 'array', items: of.schema, maxItems: max, ...(options.unique ? { uniqueItems: true } : {}) },
    column: 'json',
    nullable: false,
    isPlain: false,
    parse(value) {
      if (!Array.isArray(value) || value.length > max) return new Problem(expected, value);
      const items: T[] = [];
      const seen = new Set<string>();
      for (const [index, entry] of value.entries()) {
        const item = of.parse(entry);
        if (item instanceof Problem) return item.at(`[${index}]`);
        const text = JSON.stringify(item);
        if (options.unique && seen.has(text)) return new Problem('a value that stands once', entry, `[${index}]`);
        seen.add(text);
        items.push(item);
      }
      return items;
    },
  };
}

type Members = Record<string, Type<unknown>>;
type ObjectOf<R extends Members, O extends Members> = { [K in keyof R]: ValueOf<R[K]> } & {
  [K in keyof O]?: ValueOf<O[K]>;
};

/** An object with the members named, those in `optional` may be absent; an unknown member is refused. */
export function object<R extends Members, O extends Members = Record<never, never>>(
  required: R,
  optional: O = {} as O,
): Type<ObjectOf<R, O>> {
  const members: Members = { ...required, ...optional };
  const expected = `an object with ${Object.keys(members).join(', ')}`;
  return {
    expected,
    schema: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(members).map(([name, member]) => [name, member.schema])),
      required: Object.keys(required),
      additionalProperties: false,
    },
    column: 'json',
    nullable: false,
    isPlain: false,
    parse(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Problem(expected, value);
      const given = value as Record<string, unknown>;
      for (const name of Object.keys(given)) {
        if (!Object.hasOwn(members, name))
          return new Problem(`no member ${describe(name)}`, given[name], `.${name.slice(0, 64)}`);
      }
      const result: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(members)) {
        if (!Object.hasOwn(given, name)) {
          if (Object.hasOwn(required, name)) return new Problem(member.expected, undefined, `.${name}`);
          continue;
        }
        const parsed = member.parse(given[name]);
        if (parsed instanceof Problem) return parsed.at(`.${name}`);
        result[name] = parsed;
      }
      return result as ObjectOf<R, O>;
    },
  };
}
