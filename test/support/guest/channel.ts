/**
 * The way to a guest's agent: one virtio port for all commands. Clients (`client.ts`) connect to a socket here; each of their commands
 * gets a number of its own on the port.
 */
import { connect, createServer, type Socket } from 'node:net';
import { type FromGuest, lines, type ToGuest } from './messages.ts';

/** A channel that is open. */
export interface Channel {
  /** Where clients connect. */
  readonly path: string;
  /** Resolves when an agent other than that of `boot` has said that it is there; gives its boot's id. */
  untilBoot(other: string | undefined, deadlineMs: number): Promise<string>;
  close(): void;
}

/** Connects to QEMU's end of the port at `portPath` and listens for clients at `path`. */
export async function openChannel(portPath: string, path: string): Promise<Channel> {
  const clients = new Map<number, Socket>();
  const booted = new Set<() => void>();
  let boot: string | undefined;
  let last = 0;
  let waiting: string[] = [];
  const port = connect(portPath);
  await new Promise<void>((resolve, reject) => port.once('connect', resolve).once('error', reject));
  port.on('error', () => undefined);
  // Before its first word an agent is not there, and what is sent is lost.
  const send = (message: ToGuest) => {
    const line = `${JSON.stringify(message)}\n`;
    if (boot === undefined) waiting.push(line);
    else port.write(line);
  };
  const hear = (line: string) => {
    const message = parse(line);
    if (message === undefined) return;
    if ('boot' in message) {
      if (boot !== undefined) for (const client of clients.values()) client.end();
      boot = message.boot;
      for (const text of waiting.splice(0)) port.write(text);
      for (const wake of booted) wake();
    } else clients.get(message.id)?.write(`${line}\n`);
  };
  port.on('data', lines(hear));
  const server = createServer((client) => {
    last += 1;
    const id = last;
    clients.set(id, client);
    client.on('error', () => undefined);
    client.on(
      'data',
      lines((line) => send({ ...(JSON.parse(line) as ToGuest), id })),
    );
    client.on('close', () => {
      clients.delete(id);
      send({ id, signal: 'SIGKILL' });
    });
  });
  await new Promise<void>((resolve, reject) => server.listen(path, resolve).once('error', reject));
  server.unref();
  return {
    path,
    untilBoot: (other, deadlineMs) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (boot === undefined || boot === other) return;
          booted.delete(look);
          clearTimeout(timer);
          resolve(boot);
        };
        const timer = setTimeout(() => {
          booted.delete(look);
          reject(new Error(`it did not come up within ${deadlineMs / 1000} s`));
        }, deadlineMs);
        booted.add(look);
        look();
      }),
    close() {
      waiting = [];
      port.destroy();
      server.close();
      for (const client of clients.values()) client.destroy();
    },
  };
}

/** A message; undefined where a restart cut a line in two. */
function parse(line: string): FromGuest | undefined {
  try {
    return JSON.parse(line) as FromGuest;
  } catch {
    return undefined;
  }
}
