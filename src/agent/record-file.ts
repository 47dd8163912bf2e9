/**
 * A file of records that is only appended to, and now and then written anew as a whole.
 *
 * Each line is the CRC-32 of the JSON in eight hexadecimal digits, a blank, the JSON. What a crash cut off, or what was damaged,
 * is recognised by that. Appending is a plain write: it survives the death of the process; after a power loss the tail may miss.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** Records are handed over as JSON texts. */
export interface RecordFile {
  /** Bytes that lie in the file. */
  readonly bytes: number;
  /** Appends records with one write: all, or none and it throws what the file system says (no space left, for example). */
  append(records: Iterable<string>): void;
  /** Replaces the whole content, atomically; returns its size in bytes. */
  rewrite(records: Iterable<string>): void;
  close(): void;
}

/** What was read from a record file. */
export interface Contents {
  readonly records: readonly unknown[];
  /** Records are missing: a line in the middle was damaged. A cut last line is no damage. */
  readonly damaged: boolean;
}

function line(json: string): string {
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

function parseLine(text: string): unknown {
  const json = text.slice(9);
  if (text[8] !== ' ' || Number.parseInt(text.slice(0, 8), 16) !== crc32(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Reads the good records of a file; a file that is not there has none. */
export function readRecords(path: string): Contents {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { records: [], damaged: false };
    throw error;
  }
  const lines = text.split('\n');
  const cut = lines.pop() !== '';
  const all = lines.map(parseLine);
  const records = all.filter((record) => record !== undefined);
  // A line that is bad and last is what a crash left, like one without an end.
  const bad = all.length - records.length;
  const badAtEnd = !cut && bad > 0 && all.at(-1) === undefined ? 1 : 0;
  return { records, damaged: bad - badAtEnd > 0 };
}

function writeAll(fd: number, text: string): number {
  const buffer = Buffer.from(text, 'utf8');
  for (let written = 0; written < buffer.length; ) written += writeSync(fd, buffer, written, buffer.length - written);
  return buffer.length;
}

const { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY, O_NOFOLLOW } = constants;

/**
 * Opens a file for appending, with `records` as its content: it is written anew at once, so that nothing damaged stays in it. File
 * mode 0600, folder mode 0700.
 */
export function openRecordFile(path: string, records: Iterable<string>): RecordFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700);
  let fd = -1;
  let bytes = 0;
  const rewrite = (content: Iterable<string>) => {
    const temporary = `${path}.new`;
    rmSync(temporary, { force: true });
    const next = openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600);
    try {
      fchmodSync(next, 0o600);
      bytes = writeAll(next, Array.from(content, line).join(''));
      renameSync(temporary, path);
    } catch (error) {
      closeSync(next);
      throw error;
    }
    if (fd >= 0) closeSync(fd);
    fd = next;
  };
  rewrite(records);
  return {
    get bytes() {
      return bytes;
    },
    append(added) {
      const text = Array.from(added, line).join('');
      if (text === '') return;
      try {
        bytes += writeAll(fd, text);
      } catch (error) {
        // Half a line would spoil the next one.
        ftruncateSync(fd, bytes);
        throw error;
      }
    },
    rewrite,
    close() {
      if (fd >= 0) closeSync(fd);
      fd = -1;
    },
  };
}
