/** One HTTP call, with a deadline, over kept-alive connections. */
import * as http from 'node:http';
import * as https from 'node:https';
import { ClientError, errorOfAnswer } from './errors.ts';

/** What an `https:` server is checked against. */
export interface Tls {
  /** PEM text of the authorities to trust instead of the built-in ones. */
  readonly ca?: string;
  /** Take any certificate. */
  readonly insecure?: boolean;
}

/** The connections of a client: kept alive, at most 32 at a time to one server. */
export interface Connections {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** Closes the connections that are open; calls that are under way fail. */
  close(): void;
}

/** Makes the connections of a client. */
export function openConnections(tls: Tls = {}): Connections {
  const options = { keepAlive: true, maxSockets: 32, scheduling: 'lifo' } as const;
  const plain = new http.Agent(options);
  const secure = new https.Agent({
    ...options,
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  });
  return {
    http: plain,
    https: secure,
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** One request. */
export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Milliseconds until the whole answer (for `openStream`: its head) must have come. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** The largest answer that `send` reads. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** A call as errors name it: no query and no user, which may hold secrets. */
export function callName(call: Pick<Call, 'method' | 'url'>): string {
  return `${call.method} ${call.url.origin}${call.url.pathname}`;
}

function startRequest(connections: Connections, call: Call, payload: string | undefined): http.ClientRequest {
  const secure = call.url.protocol === 'https:';
  const headers: Record<string, string | number> = { accept: 'application/json', ...call.headers };
  if (payload !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = Buffer.byteLength(payload);
  }
  const options = { method: call.method, headers, agent: secure ? connections.https : connections.http };
  const request = secure ? https.request(call.url, options) : http.request(call.url, options);
  request.setNoDelay(true);
  request.end(payload);
  return request;
}

function transportError(call: Call, cause: NodeJS.ErrnoException): ClientError {
  if (call.signal?.aborted) return new ClientError(callName(call), 0, 'Cancelled', 'The call was cancelled.');
  const message = `${callName(call)}: no answer: ${cause.message || cause.code || 'the connection broke'}`;
  return new ClientError(callName(call), 0, 'ConnectionFailed', message, '', { cause });
}

function deadlineError(call: Call): ClientError {
  const message = `${callName(call)}: no answer within ${call.deadlineMs} ms`;
  return new ClientError(callName(call), 0, 'DeadlineExceeded', message);
}

/**
 * Starts a call and resolves with its answer's head; the caller reads the body. A kept-alive connection that the server closed
 * just before is replaced once: the server cannot have seen that request.
 */
function head(connections: Connections, call: Call, mayRetry = true): Promise<http.IncomingMessage> {
  const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    if (call.signal?.aborted) return reject(transportError(call, new Error('cancelled')));
    const request = startRequest(connections, call, payload);
    const late = setTimeout(() => request.destroy(deadlineError(call)), call.deadlineMs);
    const abort = () => request.destroy(new Error('cancelled'));
    call.signal?.addEventListener('abort', abort, { once: true });
    const done = () => {
      clearTimeout(late);
      call.signal?.removeEventListener('abort', abort);
    };
    request.once('response', (response) => {
      done();
      resolve(response);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      done();
      const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (stale && mayRetry && !call.signal?.aborted) resolve(head(connections, call, false));
      else reject(error instanceof ClientError ? error : transportError(call, error));
    });
  });
}

async function readAll(response: http.IncomingMessage, call: Call): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes)
      throw new ClientError(callName(call), response.statusCode ?? 0, 'InvalidResponse', 'The answer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Sends a call and reads its whole answer. An answer with a status from 400 on is thrown as a `ClientError`. */
export async function send(connections: Connections, call: Call): Promise<Answer> {
  const started = performance.now();
  const response = await head(connections, call);
  const left = Math.max(1, call.deadlineMs - (performance.now() - started));
  const late = setTimeout(() => response.destroy(deadlineError(call)), left);
  const abort = () => response.destroy(new Error('cancelled'));
  call.signal?.addEventListener('abort', abort, { once: true });
  try {
    const text = await readAll(response, call);
    const status = response.statusCode ?? 0;
    if (status >= 400) throw errorOfAnswer(callName(call), status, text);
    return { status, headers: response.headers, text };
  } catch (error) {
    throw error instanceof ClientError ? error : transportError(call, error as NodeJS.ErrnoException);
  } finally {
    clearTimeout(late);
    call.signal?.removeEventListener('abort', abort);
  }
}

/** The JSON of an answer; undefined where it has no body. */
export function jsonOf(call: Call, answer: Answer): unknown {
  if (answer.text === '') return undefined;
  try {
    return JSON.parse(answer.text);
  } catch {
    const found = JSON.stringify(answer.text.slice(0, 80));
    const message = `${callName(call)}: expected JSON, found ${found}`;
    throw new ClientError(callName(call), answer.status, 'InvalidResponse', message);
  }
}

/** Starts a call whose answer is read as it comes. The caller destroys the response when done. */
export async function openStream(connections: Connections, call: Call): Promise<http.IncomingMessage> {
  const response = await head(connections, call);
  const status = response.statusCode ?? 0;
  if (status < 400) return response;
  const late = setTimeout(() => response.destroy(deadlineError(call)), call.deadlineMs);
  try {
    throw errorOfAnswer(callName(call), status, await readAll(response, call));
  } finally {
    clearTimeout(late);
  }
}
