/**
 * A way from this process to a TCP port inside an emulated host: 127.0.0.1 here, a UNIX socket in a private folder between (the
 * file system is shared, the networks are not), and the host's own loopback there.
 */
import type { ChildProcess } from 'node:child_process';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { LabHost } from './host.ts';

const farEnd = `
const [path, port] = process.argv.slice(1);
const net = require('net');
net.createServer((near) => {
  const far = net.connect({ host: '127.0.0.1', port: Number(port) });
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
}).listen(path, () => console.log('ready'));
`;

/** A relay that runs. */
export interface Relay {
  /** The port on 127.0.0.1 of the machine. */
  readonly port: number;
  close(): void;
}

async function ready(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)));
  });
}

function nearEnd(path: string): Promise<Server> {
  const server = createServer((near) => {
    const far = connect({ path });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** Opens a relay to `port` on the loopback of `host`; its socket lies in `folder`, which only its owner may enter. */
export async function openRelay(host: LabHost, port: number, folder: string): Promise<Relay> {
  const path = join(folder, `relay-${port}`);
  const child = host.start([process.execPath, '-e', farEnd, path, String(port)]);
  await ready(child);
  const server = await nearEnd(path);
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      host.kill(child);
    },
  };
}
