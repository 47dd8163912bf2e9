/**
 * Runs one command in a guest: `node client.ts SOCKET PROGRAM ARGUMENT…`. Its input, output, environment, signals and exit code are the
 * command's; when it is killed, so is the command.
 */
import { connect } from 'node:net';
import { constants } from 'node:os';
import { type FromGuest, lines, type ToGuest } from './messages.ts';

const [socketPath = '', ...argv] = process.argv.slice(2);
const socket = connect(socketPath);
// The far side gives the command its number.
const send = (message: ToGuest): void => void socket.write(`${JSON.stringify(message)}\n`);
const id = 0;

// What names a file of the machine that the guest may not have, or tells a test runner what it is part of.
const { TMPDIR: _, NODE_EXTRA_CA_CERTS: __, NODE_TEST_CONTEXT: ___, ...env } = process.env;
send({ id, argv, env });
process.stdin.on('data', (data: Buffer) => send({ id, input: data.toString('base64') }));
process.stdin.on('end', () => send({ id, input: null }));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const)
  process.on(signal, () => send({ id, signal }));

function end(code: number): void {
  socket.destroy();
  process.stdin.destroy();
  process.exitCode = code;
}

socket.on('error', (error) => {
  process.stderr.write(`the guest is not there: ${error.message}\n`);
  end(255);
});
socket.on('end', () => {
  process.stderr.write('the guest ended or was restarted\n');
  end(255);
});
socket.on(
  'data',
  lines((line) => {
    const message = JSON.parse(line) as FromGuest;
    if ('out' in message) process.stdout.write(Buffer.from(message.out, 'base64'));
    else if ('err' in message) process.stderr.write(Buffer.from(message.err, 'base64'));
    else if ('code' in message) end(message.code);
    else if ('signal' in message) end(128 + constants.signals[message.signal]);
  }),
);
