/** Registering routes: a path with its handlers by method; a method that it does not have is a 405 that says so. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ByteList } from '../../lib/byte-list.ts';
import { methodNotAllowed, unauthorized } from '../../model/faults.ts';
import type { Caller } from '../../operations/context.ts';
import { readJson } from './json-body.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null where the path needs no token. */
    caller: Caller | null;
  }
}

/** Bodies shorter than this are copied. */
const COPIED_BYTES = 256 * 1024;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Sends JSON that is written already. A long one goes out as it is, its blocks are given back when the client has it or is gone; a
 * short one is copied, so that a slow client keeps no block.
 */
function sendBytes(reply: FastifyReply, body: ByteList): FastifyReply {
  if (body.bytes < COPIED_BYTES) {
    const copy = Buffer.concat(body.parts(), body.bytes);
    body.free();
    return reply.send(copy);
  }
  reply.raw.once('close', () => body.free());
  return reply.header('content-length', body.bytes).send(Readable.from(body.parts(), { objectMode: false }));
}

/** Answers a request; the value returned is the JSON body (a `ByteList` is JSON already), `undefined` is an empty answer. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** The handlers of a path. */
export type Handlers = Partial<Record<Method, Handler>>;

/** Registers a path. */
export type Router = (app: FastifyInstance, path: string, handlers: Handlers) => void;

const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * The path, and what clients call it too: as in Neutron, `-` and `_` are one in the names of collections
 * (neutron/manager.py, get_controller_for_resource).
 */
function spellings(path: string): Set<string> {
  if (!path.startsWith('/v2.0/')) return new Set([path]);
  const spelt = (by: (segment: string) => string) =>
    path
      .split('/')
      .map((segment) => (segment.startsWith(':') ? segment : by(segment)))
      .join('/');
  return new Set([path, spelt((name) => name.replaceAll('_', '-')), spelt((name) => name.replaceAll('-', '_'))]);
}

/** Registers a path with its handlers. POST answers 201, an empty answer is a 204, everything else 200, unless a handler says. */
export const route: Router = (app, path, handlers) => {
  for (const url of spellings(path)) routeOne(app, url, handlers);
};

const routeOne: Router = (app, path, handlers) => {
  const allowed = methods.filter((method) => handlers[method]);
  for (const method of methods) {
    const handler = handlers[method];
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        if (!handler) {
          reply.header('allow', allowed.join(', '));
          throw methodNotAllowed(method);
        }
        if (method === 'POST') reply.code(201);
        const body = await handler(request, reply);
        if (reply.sent) return reply;
        if (body === undefined)
          return reply.code(reply.statusCode === 200 || reply.statusCode === 201 ? 204 : reply.statusCode).send();
        reply.header('content-type', 'application/json');
        return body instanceof ByteList ? sendBytes(reply, body) : reply.send(JSON.stringify(body));
      },
    });
  }
};

/** Who asks. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw unauthorized();
  return request.caller;
}

/** A part of the path. */
export function paramOf(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? '';
}

/** The body, read strictly; `undefined` where there is none. */
export function jsonBody(request: FastifyRequest): unknown {
  return Buffer.isBuffer(request.body) ? readJson(request.body) : undefined;
}
