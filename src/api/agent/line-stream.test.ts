import assert from 'node:assert/strict';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { lineSink } from './line-stream.ts';

/** A response whose reader has taken its head, and the reader's end. */
async function exchange(): Promise<{ response: ServerResponse; reader: IncomingMessage; close: () => void }> {
  const server = createServer();
  const response = new Promise<ServerResponse>((resolve) => {
    server.once('request', (_request, reply) => {
      reply.writeHead(200).flushHeaders();
      resolve(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reader = await new Promise<IncomingMessage>((resolve) => get({ host: '127.0.0.1', port }, resolve));
  const close = () => {
    reader.destroy();
    server.close();
    server.closeAllConnections();
  };
  return { response: await response, reader, close };
}

const piece = 'x'.repeat(512 * 1024);

test('a reader that takes nothing is dropped before much waits for it', async () => {
  const { response, close } = await exchange();
  const sink = lineSink(response, 50);
  const fill = async () => {
    for (let pieces = 0; pieces < 200; pieces++) await sink.write(piece);
  };
  await assert.rejects(fill, /the reader (took nothing|left)/);
  assert.ok(response.writableLength < 8 * 1024 * 1024);
  close();
});

test('a reader that keeps up gets everything', async () => {
  const { response, reader, close } = await exchange();
  let taken = 0;
  reader.on('data', (part: Buffer) => {
    taken += part.length;
  });
  const sink = lineSink(response);
  for (let pieces = 0; pieces < 20; pieces++) await sink.write(piece);
  await new Promise<void>((resolve) => response.end(resolve));
  await new Promise<void>((resolve) => (reader.readableEnded ? resolve() : reader.once('end', resolve)));
  assert.equal(taken, 20 * piece.length);
  close();
});

test('a reader that is gone is said to be', async () => {
  const { response, reader, close } = await exchange();
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  reader.destroy();
  await closed;
  await assert.rejects(lineSink(response).write(piece), /the reader is gone/);
  close();
});
