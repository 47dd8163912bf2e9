/** The agent's side of the agents' endpoints: reports, statuses, and the watch stream. */
import {
  type AgentReport,
  hostObjectKinds,
  type MeteringReport,
  type StatusReport,
  type WatchLine,
} from '../model/host-objects.ts';
import { ClientError } from './errors.ts';
import { type Call, openConnections, openStream, send, type Tls } from './http.ts';
import { LineError, readLines } from './lines.ts';

/** What an agent says to the server and hears from it. */
export interface AgentClient {
  /** A sign of life. */
  report(report: AgentReport, signal?: AbortSignal): Promise<void>;
  /** What came of objects. */
  status(report: StatusReport, signal?: AbortSignal): Promise<void>;
  /** What the counters of metering labels came to. */
  metering(report: MeteringReport, signal?: AbortSignal): Promise<void>;
  /**
   * What changed after revision `since` (0: everything), as it changes. Ends when the server ends it; throws `ClientError` when
   * the connection breaks, is silent too long, or says what cannot be read. To connect again is the caller's business.
   */
  watch(since: number, signal?: AbortSignal): AsyncIterable<WatchLine>;
  /** Closes its connections. */
  close(): void;
}

export interface AgentClientOptions {
  /** The server: http://127.0.0.1:9696. */
  readonly url: string;
  /** The long-lived secret of `DIR/agent-token`. */
  readonly secret: string;
  /** The name of this host. */
  readonly host: string;
  readonly tls?: Tls;
  /** Deadline of one call, milliseconds; default 10 s. */
  readonly deadlineMs?: number;
  /** Silence after which a watch counts as broken, milliseconds; default 45 s. The server sends a bookmark more often. */
  readonly idleMs?: number;
  /** The longest line of a watch, characters; default 32 Mi. */
  readonly maxLine?: number;
}

/** A line of the watch stream, read; undefined for a line of a type that this version does not know. Throws on anything else. */
export function parseWatchLine(text: string): WatchLine | undefined {
  const line = JSON.parse(text) as Partial<Record<string, unknown>> | null;
  switch (line?.type) {
    case 'snapshot':
      return { type: 'snapshot' };
    case 'object': {
      const object = line.object as { kind?: unknown; id?: unknown } | null | undefined;
      if (typeof object?.kind !== 'string' || typeof object.id !== 'string')
        throw new Error('an object without kind or id');
      return hostObjectKinds.has(object.kind) ? (line as unknown as WatchLine) : undefined;
    }
    case 'gone':
      if (typeof line.key !== 'string' || !line.key.includes('/')) throw new Error('a key that is not kind/id');
      return line as unknown as WatchLine;
    case 'bookmark':
      if (!Number.isSafeInteger(line.rev)) throw new Error('a bookmark whose rev is no integer');
      return line as unknown as WatchLine;
    default:
      if (typeof line?.type !== 'string') throw new Error('a line without a type');
      return undefined;
  }
}

/** The client of one host's agent. */
export function agentClient(options: AgentClientOptions): AgentClient {
  const connections = openConnections(options.tls);
  const base = new URL(`${options.url.replace(/\/+$/, '')}/agent/v1/hosts/${encodeURIComponent(options.host)}`);
  const limits = { maxLine: options.maxLine ?? 32 * 1024 * 1024, idleMs: options.idleMs ?? 45_000 };
  const call = (method: string, tail: string, body: unknown, signal?: AbortSignal): Call => ({
    method,
    url: new URL(`${base.href}${tail}`),
    headers: { 'x-auth-token': options.secret },
    deadlineMs: options.deadlineMs ?? 10_000,
    ...(body === undefined ? {} : { body }),
    ...(signal ? { signal } : {}),
  });
  async function* watch(since: number, signal?: AbortSignal): AsyncGenerator<WatchLine, void, void> {
    const request = call('GET', `/watch?since=${since}`, undefined, signal);
    const name = `GET ${base.pathname}/watch`;
    const stream = await openStream(connections, request);
    const abort = () => stream.destroy(new Error('cancelled'));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    try {
      for await (const text of readLines(stream, limits)) {
        const line = parseWatchLine(text);
        if (line) yield line;
      }
    } catch (error) {
      if (signal?.aborted) throw new ClientError(name, 0, 'Cancelled', 'The watch was cancelled.');
      const broken = error instanceof LineError || (error as NodeJS.ErrnoException).code !== undefined;
      const message = `${name}: the stream broke: ${(error as Error).message}`;
      throw new ClientError(name, 0, broken ? 'ConnectionFailed' : 'InvalidResponse', message, '', { cause: error });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
  return {
    async report(report, signal) {
      await send(connections, call('POST', '', report, signal));
    },
    async status(report, signal) {
      await send(connections, call('POST', '/status', report, signal));
    },
    async metering(report, signal) {
      await send(connections, call('POST', '/metering', report, signal));
    },
    watch,
    close: () => connections.close(),
  };
}
