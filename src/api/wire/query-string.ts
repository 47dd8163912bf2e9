/** Reading the part of a URL behind the `?`. */
import { malformedBody } from '../../model/faults.ts';

/** The values of each parameter, in the order given. */
export type Query = ReadonlyMap<string, readonly string[]>;

function decode(text: string): string {
  let value: string;
  try {
    value = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformedBody('The query string is not percent-encoded UTF-8');
  }
  if (value.includes('\u0000')) throw malformedBody('The query string has a NUL character');
  return value;
}

/** The parameters of a URL; throws a 400 fault where they cannot be read. */
export function readQuery(url: string): Query {
  const query = new Map<string, string[]>();
  const start = url.indexOf('?');
  if (start < 0) return query;
  for (const part of url.slice(start + 1).split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : decode(part.slice(equals + 1));
    const values = query.get(name);
    if (values) values.push(value);
    else query.set(name, [value]);
  }
  return query;
}
