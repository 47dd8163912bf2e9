/**
 * Runs in a guest: starts the commands that come over its virtio port, and sends back what they print and how they end. A message is
 * a line of JSON in either direction.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { open, readdir, readFile } from 'node:fs/promises';
import type { FromGuest, ToGuest } from './messages.ts';
import { lines } from './messages.ts';

async function portDevice(): Promise<string> {
  const folder = '/sys/class/virtio-ports';
  for (const port of await readdir(folder))
    if ((await readFile(`${folder}/${port}/name`, 'utf8').catch(() => '')).trim() === 'agent') return `/dev/${port}`;
  throw new Error(`no port of ${folder} is named agent`);
}

const port = await open(await portDevice(), 'r+');
let sending = Promise.resolve();
const send = (message: FromGuest): void => {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  sending = sending.then(async () => {
    for (let at = 0; at < line.length; ) at += (await port.write(line, at)).bytesWritten;
  });
};

const children = new Map<number, ChildProcess>();

function start(id: number, argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd: '/', env, stdio: 'pipe' });
  children.set(id, child);
  child.stdout.on('data', (data: Buffer) => send({ id, out: data.toString('base64') }));
  child.stderr.on('data', (data: Buffer) => send({ id, err: data.toString('base64') }));
  child.stdin.on('error', () => undefined);
  child.once('error', (error) => {
    children.delete(id);
    send({ id, err: Buffer.from(`${error.message}\n`).toString('base64') });
    send({ id, code: 127 });
  });
  child.once('close', (code, signal) => {
    if (!children.delete(id)) return;
    send(signal === null ? { id, code: code ?? 255 } : { id, signal });
  });
}

function hear(message: ToGuest): void {
  const { id } = message;
  const child = children.get(id);
  if ('argv' in message) start(id, message.argv, { ...message.env, PATH: process.env.PATH });
  else if ('signal' in message) child?.kill(message.signal);
  else if (message.input === null) child?.stdin?.end();
  else child?.stdin?.write(Buffer.from(message.input, 'base64'));
}

const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
// The line before may have been cut off by a restart.
await port.write('\n');
send({ boot });
const take = lines((line) => hear(JSON.parse(line) as ToGuest));
const buffer = Buffer.alloc(1 << 16);
for (;;) {
  const { bytesRead } = await port.read(buffer, 0, buffer.length, null);
  if (bytesRead > 0) take(buffer.subarray(0, bytesRead));
  // Nobody is at the other end just now.
  else await new Promise((wake) => setTimeout(wake, 50));
}
