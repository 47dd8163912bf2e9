/**
 * One keep-alive connection that asks one thing at a time, over a plain socket. The generator shares the machine with the server:
 * what it spends on parsing is missing there. It reads the status, the length and the body, and refuses what it cannot read.
 */
import { connect, type Socket } from 'node:net';

/** An answer: status and body. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Milliseconds until an answer must be there. */
const ANSWER_MS = 60_000;
const headEnd = Buffer.from('\r\n\r\n');

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Where the body starts and ends in what was received; `undefined` while the head is not whole. */
function frameOf(received: Buffer): { status: number; start: number; end: number } | undefined {
  const at = received.indexOf(headEnd);
  if (at < 0) return undefined;
  const head = received.toString('latin1', 0, at);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 ') || (length === undefined && status !== 204))
    throw new Error(`an answer without a length: ${head.slice(0, 200)}`);
  return { status, start: at + 4, end: at + 4 + Number(length ?? 0) };
}

/** A connection to a server. */
export class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  /** Bytes of the answer that is under way; 0 while its head is not whole. */
  #parts: Buffer[] = [];
  #size = 0;
  #wanted = 0;
  #waiting: Waiting | undefined;
  #broken: Error | undefined;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setTimeout(ANSWER_MS, () => this.#break(new Error(`no answer within ${ANSWER_MS} ms`)));
    this.#socket.on('data', (part: Buffer) => this.#receive(part));
    this.#socket.on('error', (error) => this.#break(error));
    this.#socket.on('close', () => this.#break(new Error('the server closed the connection')));
  }

  /** Whether another request may be sent. */
  get isUsable(): boolean {
    return this.#broken === undefined;
  }

  /** Sends a request with a token and waits for its answer; `text` is the body, JSON. */
  ask(token: string, method: string, path: string, text: string | undefined): Promise<Answer> {
    if (this.#broken) return Promise.reject(this.#broken);
    const body =
      text === undefined
        ? '\r\n'
        : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(`${method} ${path} HTTP/1.1\r\nHost: bench\r\nX-Auth-Token: ${token}\r\n${body}`);
    });
  }

  /** Ends the connection. */
  close(): void {
    this.#broken ??= new Error('the connection is closed');
    this.#socket.destroy();
  }

  #receive(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#size < this.#wanted) return;
    try {
      this.#received = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
      this.#parts = [this.#received];
      const frame = frameOf(this.#received);
      this.#wanted = frame?.end ?? 0;
      if (!frame || this.#size < frame.end) return;
      this.#finish({ status: frame.status, body: this.#received.toString('utf8', frame.start, frame.end) });
    } catch (error) {
      this.#break(error as Error);
    }
  }

  #finish(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#parts = [];
    this.#size = 0;
    this.#wanted = 0;
    waiting?.resolve(answer);
  }

  #break(error: Error): void {
    this.#broken ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
