/** What a client hears whose bytes are no HTTP request. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';

interface ParserError {
  readonly code?: string;
}

function statusOf(code: string | undefined): [status: number, reason: string, message: string] {
  if (code === 'HPE_HEADER_OVERFLOW')
    return [431, 'Request Header Fields Too Large', 'The request line and headers are too large.'];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'Request Timeout', 'The request did not arrive in time.'];
  return [400, 'Bad Request', 'The request is not HTTP.'];
}

/** Answers a request that could not be parsed, and closes the connection. */
export function refuseConnection(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, reason, message] = statusOf(error.code);
  const body = JSON.stringify({ NeutronError: { type: 'HTTPBadRequest', message, detail: '' } });
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Openstack-Request-Id: req-${randomUUID()}`,
    'Connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
