/**
 * Reading a JSON body strictly: UTF-8, one object, bounded nesting, no key twice, no `__proto__`. What a lenient reader would
 * let through (the last of two equal keys wins) is a mistake that the sender wants to hear of.
 */
import { type Fault, malformedBody } from '../../model/faults.ts';

/** How deep lists and objects may be nested. */
export const maxDepth = 32;

const decoder = new TextDecoder('utf-8', { fatal: true });

const malformed = (reason: string): Fault => malformedBody(`Malformed request body: ${reason}.`);

/** The end (one past the quote) of the string that starts at `start`, in text that is valid JSON. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** A key as an error may show it. */
const shown = (key: string) => JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key);

/** Why valid JSON text is refused all the same; `undefined` where it is not. */
function objection(text: string): string | undefined {
  // For each open object the keys seen so far, for each open list `undefined`.
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; ) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (expectsKey && keys) {
        const key = JSON.parse(text.slice(at, end)) as string;
        if (key === '__proto__') return 'the key "__proto__" is not allowed';
        if (keys.has(key)) return `the key ${shown(key)} stands twice in one object`;
        keys.add(key);
      }
      expectsKey = false;
      at = end;
      continue;
    }
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined);
      if (open.length > maxDepth) return `it is nested more than ${maxDepth} levels deep`;
      expectsKey = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      expectsKey = false;
    } else if (char === ',') expectsKey = open.at(-1) !== undefined;
    at++;
  }
  return undefined;
}

/** The nesting of text that need not be valid, counted before it is parsed: a deep one is refused without recursion. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at++;
      while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** Why text is no JSON, without the piece of it that V8 shows: it may be a password. */
function reasonOf(error: unknown): string {
  const why = error instanceof Error ? error.message : 'unreadable';
  return why.replace(/, (\.\.\.|").*$/s, '').slice(0, 160);
}

/** Reads the bytes of a body; throws a 400 fault that says what is wrong with them. No bytes are `undefined`. */
export function readJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw malformed('it is not UTF-8');
  }
  if (isTooDeep(text)) throw malformed(`it is nested more than ${maxDepth} levels deep`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`it is not JSON (${reasonOf(error)})`);
  }
  const reason = objection(text);
  if (reason) throw malformed(reason);
  return value;
}

/** Whether a value is an object (no list, no null). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of a body's one object with this name, itself an object: `{"port": {…}}`. */
export function bodyMember(body: unknown, name: string): Record<string, unknown> {
  if (body === undefined) throw malformedBody('Resource body required');
  if (!isObject(body)) throw malformed('it is not an object');
  const member = Object.hasOwn(body, name) ? body[name] : undefined;
  if (member === undefined) throw malformedBody(`Unable to find '${name}' in request body`);
  if (!isObject(member)) throw malformed(`'${name}' is not an object`);
  return member;
}
