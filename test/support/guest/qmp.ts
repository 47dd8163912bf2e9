/** QEMU's own control: one command, one answer, over its socket. */
import { connect } from 'node:net';
import { lines } from './messages.ts';

interface Said {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** Opens QEMU's control socket; what it gives runs a command and throws with QEMU's own words when it fails. */
export async function openQmp(path: string): Promise<(command: string, args?: object) => Promise<void>> {
  const socket = connect(path);
  socket.unref();
  socket.on('error', () => undefined);
  const answers: ((said: Said) => void)[] = [];
  socket.on(
    'data',
    lines((line) => {
      const said = JSON.parse(line) as Said;
      if ('return' in said || 'error' in said) answers.shift()?.(said);
    }),
  );
  const run = (command: string, args: object = {}) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`QEMU did not answer ${command} within 10 s`)), 10_000);
      answers.push(({ error }) => {
        clearTimeout(timer);
        if (error) reject(new Error(`${command}: ${error.desc}`));
        else resolve();
      });
      socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  await run('qmp_capabilities');
  return run;
}
