/** A response as a sink of lines: what the reader does not take in time ends the connection. */
import type { ServerResponse } from 'node:http';
import type { LineSink } from './watch.ts';

/** Bytes that may wait in the socket before the writer waits for the reader. */
const highWater = 1024 * 1024;
/** Bytes beyond which the reader is dropped at once. */
const maxBuffered = 4 * 1024 * 1024;
/** Milliseconds that a reader may take to make room. */
const defaultDrainMs = 30_000;

/** Sends lines on a response whose head is sent. A piece of text is at most one batch of objects. */
export function lineSink(response: ServerResponse, drainMs = defaultDrainMs): LineSink {
  const roomMade = () =>
    new Promise<void>((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        response.off('drain', onDrain);
        response.off('close', onClose);
        if (error) reject(error);
        else resolve();
      };
      const onDrain = () => finish();
      const onClose = () => finish(new Error('the reader is gone'));
      const timer = setTimeout(() => finish(new Error(`the reader took nothing for ${drainMs} ms`)), drainMs);
      response.once('drain', onDrain);
      response.once('close', onClose);
    });
  return {
    async write(text) {
      if (response.destroyed || response.writableEnded) throw new Error('the reader is gone');
      if (response.writableLength > maxBuffered) throw new Error(`the reader left ${response.writableLength} bytes`);
      const hasRoom = response.write(text);
      if (!hasRoom && response.writableLength > highWater) await roomMade();
    },
  };
}
