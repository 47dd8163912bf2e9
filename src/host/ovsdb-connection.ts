/** One connection to the database of Open vSwitch: JSON-RPC as RFC 7047 has it. */
import { connect, type Socket } from 'node:net';
import { jsonStream } from './json-stream.ts';

/** A connection. */
export interface OvsdbConnection {
  /** Asks, and gives the result. Rejects with what the database says, or when the connection ends, or at the deadline. */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
  close(): void;
}

/** Who hears of what comes unasked. */
export interface OvsdbListener {
  update(tables: unknown): void;
  closed(why: string): void;
}

const deadlineMs = 10_000;
/** Characters of one message: the first update of a host with tens of thousands of ports stays below it. */
const messageLimit = 256 * 1024 * 1024;

interface Message {
  readonly id: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** `unix:PATH` or `tcp:HOST:PORT`. */
function open(where: string): Socket {
  const [, path] = /^unix:(.+)$/.exec(where) ?? [];
  if (path !== undefined) return connect({ path });
  const [, host, port] = /^tcp:\[?(.+?)\]?:(\d+)$/.exec(where) ?? [];
  if (host === undefined) throw new Error(`not a connection to OVSDB: ${where} (unix:PATH or tcp:HOST:PORT)`);
  return connect({ host, port: Number(port) });
}

/** Connects. Rejects when nobody listens there. */
export async function connectOvsdb(where: string, listener: OvsdbListener): Promise<OvsdbConnection> {
  const socket = open(where);
  const waiting = new Map<number, Waiting>();
  let last = 0;

  const send = (message: object) => socket.write(JSON.stringify(message));
  /** While nothing is asked, the connection does not keep this process alive. */
  const hold = () => (waiting.size > 0 ? socket.ref() : socket.unref());
  const end = (why: string) => {
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new Error(`${where}: ${why}`));
    }
    waiting.clear();
  };
  const settle = (message: Message) => {
    const asked = waiting.get(Number(message.id));
    if (!asked) return;
    waiting.delete(Number(message.id));
    clearTimeout(asked.timer);
    hold();
    if (message.error == null) asked.resolve(message.result);
    else asked.reject(new Error(`${where}: ${JSON.stringify(message.error)}`));
  };
  const hear = (message: Message) => {
    if (message.method === undefined) settle(message);
    else if (message.method === 'echo') send({ id: message.id, result: message.params, error: null });
    else if (message.method === 'update') listener.update(message.params?.[1]);
  };
  const cut = jsonStream(messageLimit);
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    try {
      for (const message of cut(chunk)) hear(message as Message);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });

  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.removeAllListeners('error');
  let why = 'the connection ended';
  socket.on('error', (error) => {
    why = error.message;
  });
  socket.once('close', () => {
    end(why);
    listener.closed(why);
  });
  hold();
  return {
    request(method, params) {
      last += 1;
      const id = last;
      return new Promise((resolve, reject) => {
        const late = () => socket.destroy(new Error(`no answer to ${method} within ${deadlineMs} ms`));
        waiting.set(id, { resolve, reject, timer: setTimeout(late, deadlineMs) });
        hold();
        if (socket.destroyed) end(why);
        else send({ method, params, id });
      });
    },
    close: () => socket.destroy(),
  };
}
