/** Real traffic: small programs that run in a namespace of an emulated host and say what they saw. */
import type { ChildProcess } from 'node:child_process';
import { type CommandHost, patient } from './host.ts';

const node = process.execPath;

/** How an attempt to reach a TCP service ended. */
export type Reached =
  | { readonly reached: true; readonly text: string }
  | { readonly reached: false; readonly why: string };

const fetchScript = `
const [host, port, ms] = process.argv.slice(1);
const socket = require('net').connect({ host, port: Number(port) });
let text = '';
const end = (code, out) => { process.stdout.write(out); process.exit(code); };
setTimeout(() => end(1, 'no answer within ' + ms + ' ms'), Number(ms));
socket.on('connect', () => socket.write('GET / HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n'));
socket.on('data', (d) => { text += d; });
socket.on('end', () => end(0, text.split('\\r\\n\\r\\n').slice(1).join('')));
socket.on('error', (e) => end(1, e.code));
`;

/** From where, and for how long at most (milliseconds), something is tried. */
export interface Attempt {
  /** A named namespace of the host; left out: the host's own. */
  readonly netns?: string;
  readonly ms?: number;
}

/** Runs a script that prints what it got and ends with 0, or why not and ends with another code. */
async function attempt(
  host: CommandHost,
  script: string,
  target: readonly string[],
  how: Attempt,
  ms: number,
): Promise<Reached> {
  const [address = '', port = '', ...more] = target;
  const argv = [node, '-e', script, address, port, String(ms), ...more];
  const place = how.netns ? { netns: how.netns } : {};
  const { code, stdout, stderr } = await host.run(argv, { ...place, timeoutMs: ms + 5000, mayFail: true });
  return code === 0 ? { reached: true, text: stdout } : { reached: false, why: stdout || stderr };
}

/** Fetches `http://address:port/` from a namespace, within 3 s unless said otherwise. */
export function fetchPage(host: CommandHost, address: string, port: number, how: Attempt = {}): Promise<Reached> {
  return attempt(host, fetchScript, [address, String(port)], how, how.ms ?? 3000);
}

const udpScript = `
const [host, port, ms, text] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
const end = (code, out) => { process.stdout.write(out); process.exit(code); };
setTimeout(() => end(1, 'no answer within ' + ms + ' ms'), Number(ms));
socket.on('message', (d) => end(0, String(d)));
socket.on('error', (e) => end(1, e.code));
socket.send(text, Number(port), host);
`;

/** Sends a datagram and waits for the answer of an echo, 2 s unless said otherwise. */
export function askUdp(
  host: CommandHost,
  address: string,
  port: number,
  text: string,
  how: Attempt = {},
): Promise<Reached> {
  return attempt(host, udpScript, [address, String(port), text], how, how.ms ?? 2000);
}

const serveScript = `
const [name, tcp, udp] = process.argv.slice(1);
const list = (text) => text.split(',').filter(Boolean).map(Number);
for (const port of list(tcp)) {
  require('http').createServer((q, r) => {
    r.setHeader('x-peer', q.socket.remoteAddress);
    if (q.url === '/stream') { r.write('open\\n'); const timer = setInterval(() => r.write('tick\\n'), 50); r.on('close', () => clearInterval(timer)); return; }
    r.end('hello from ' + name + ' port ' + port + ' to ' + q.socket.remoteAddress.replace('::ffff:', '') + '\\n');
  }).listen(port, '0.0.0.0');
}
for (const port of list(udp)) {
  const socket = require('dgram').createSocket('udp4');
  socket.on('message', (d, from) => socket.send('echo ' + port + ' ' + d, from.port, from.address));
  socket.bind(port, '0.0.0.0');
}
console.log('serving');
`;

/** Starts an HTTP server on each of `tcp` and a UDP echo on each of `udp`; resolves when they listen. */
export async function serve(
  host: CommandHost,
  name: string,
  ports: { tcp?: number[]; udp?: number[] },
  netns: string,
): Promise<ChildProcess> {
  const argv = [node, '-e', serveScript, name, (ports.tcp ?? []).join(), (ports.udp ?? []).join()];
  const child = host.start(argv, { netns });
  let errors = '';
  child.stderr?.on('data', (data) => {
    errors += data;
  });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the servers of ${name} did not start in time: ${errors}`)),
      patient(10_000),
    );
    child.stdout?.once('data', () => {
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`the servers of ${name} ended: ${errors}`));
    });
  });
  return child;
}

/** An open TCP connection over which the far end ticks every 50 ms; or a ping that goes on. */
export interface HeldConnection {
  /** Milliseconds since the last tick. */
  silence(): number;
  /** Resolves when no tick has come for `ms` milliseconds or the connection ended, or rejects after `deadlineMs`. */
  untilCut(ms: number, deadlineMs: number): Promise<void>;
  /** Resolves at the next tick, or rejects after `deadlineMs`. */
  nextTick(deadlineMs: number): Promise<void>;
  close(): void;
}

const holdScript = `
const [host, port, localAddress] = process.argv.slice(1);
const socket = require('net').connect({ host, port: Number(port), localAddress });
socket.on('connect', () => socket.write('GET /stream HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'));
socket.on('data', (d) => process.stdout.write(d));
socket.on('close', () => process.exit(0));
socket.on('error', () => process.exit(1));
`;

/** What a program prints, as ticks. */
function held(host: CommandHost, child: ChildProcess): HeldConnection {
  let last = 0;
  let ended = false;
  child.stdout?.on('data', () => {
    last = Date.now();
  });
  child.once('exit', () => {
    ended = true;
  });
  const until = async (done: () => boolean, what: string, deadlineMs: number) => {
    const end = Date.now() + patient(deadlineMs);
    while (!done()) {
      if (Date.now() > end) throw new Error(`${what} within ${deadlineMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return {
    silence: () => Date.now() - last,
    untilCut: (ms, deadlineMs) =>
      until(() => ended || Date.now() - last > ms, 'the connection was not cut', deadlineMs),
    nextTick: (deadlineMs) => {
      const from = Date.now();
      return until(() => last > from, 'nothing came over the connection', deadlineMs);
    },
    close: () => host.kill(child),
  };
}

/** Waits for its first ticks; without them it is ended. */
async function ticking(connection: HeldConnection, ticks: number): Promise<HeldConnection> {
  try {
    for (let tick = 0; tick < ticks; tick++) await connection.nextTick(5000);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Opens a connection to a server of `serve` and holds it. `from`: the address that it is to come from. */
export async function holdConnection(
  host: CommandHost,
  address: string,
  port: number,
  netns?: string,
  from?: string,
): Promise<HeldConnection> {
  const argv = [node, '-e', holdScript, address, String(port), ...(from ? [from] : [])];
  return ticking(held(host, host.start(argv, netns ? { netns } : {})), 1);
}

/** Pings every 100 ms: each answer is a tick. */
export async function holdPing(host: CommandHost, address: string, netns: string): Promise<HeldConnection> {
  // The first line is no answer.
  return ticking(held(host, host.start(['ping', '-n', '-i', '0.1', address], { netns })), 2);
}
