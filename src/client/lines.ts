/** Lines of a byte stream, with a bound on the length of a line and on the silence between two chunks. */
import type { Readable } from 'node:stream';

export interface LineLimits {
  /** Characters. */
  readonly maxLine: number;
  /** Milliseconds without a byte after which the stream counts as broken. */
  readonly idleMs: number;
}

/** The stream broke one of its limits. */
export class LineError extends Error {}

/**
 * The lines of a stream, without their ends; empty ones are left out. A last line without an end is dropped: it is cut off. Throws
 * `LineError` on a line that is too long and on silence. The stream is destroyed when the loop over the lines ends.
 */
export async function* readLines(stream: Readable, limits: LineLimits): AsyncGenerator<string, void, void> {
  const silent = () => stream.destroy(new LineError(`nothing came for ${limits.idleMs} ms`));
  let timer = setTimeout(silent, limits.idleMs);
  let parts: string[] = [];
  let length = 0;
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      clearTimeout(timer);
      let start = 0;
      for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
        const line = parts.length > 0 ? parts.join('') + chunk.slice(start, end) : chunk.slice(start, end);
        if (line.length > limits.maxLine) throw new LineError(`a line is longer than ${limits.maxLine} characters`);
        parts = [];
        length = 0;
        start = end + 1;
        if (line.trim() !== '') yield line;
      }
      if (start < chunk.length) parts.push(start === 0 ? chunk : chunk.slice(start));
      length += chunk.length - start;
      if (length > limits.maxLine) throw new LineError(`a line is longer than ${limits.maxLine} characters`);
      timer = setTimeout(silent, limits.idleMs);
    }
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}
