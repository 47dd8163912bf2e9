/** Turning whatever is thrown into an answer: a fault as it is, everything else without detail. */
import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault, malformedBody } from '../../model/faults.ts';
import { ConstraintError } from '../../store/store.ts';
import { bodyTooLarge, internalError, rowExists, rowInUse, unsupportedMediaType } from '../faults.ts';

/** Bytes of a body. */
export const bodyLimit = 1024 * 1024;

interface FrameworkError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
}

function ofFramework(error: FrameworkError, request: FastifyRequest): Fault | undefined {
  const status = error.statusCode;
  if (typeof error.code !== 'string' || !error.code.startsWith('FST_') || typeof status !== 'number') return undefined;
  if (status === 413) return bodyTooLarge(bodyLimit);
  if (status === 415) return unsupportedMediaType(String(request.headers['content-type']).slice(0, 80));
  return status >= 400 && status < 500 ? malformedBody(String(error.message).slice(0, 200)) : undefined;
}

/** The fault that stands for an error; `undefined` where the error is none that a client should hear of. */
export function asFault(error: unknown, request: FastifyRequest): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof ConstraintError)
    return error.constraint === 'unique' ? rowExists(error.record, error.columns.join(', ')) : rowInUse(error.record);
  return typeof error === 'object' && error !== null ? ofFramework(error as FrameworkError, request) : undefined;
}

/**
 * A fault in the form of the service that the path belongs to: Identity has Keystone's, everything else Neutron's. That a request
 * needs a token is said in Keystone's form everywhere, as keystonemiddleware does in front of Neutron.
 */
export function faultBody(fault: Fault, path: string): string {
  if (path.startsWith('/identity') || fault.status === 401) {
    const title = STATUS_CODES[fault.status] ?? 'Error';
    return JSON.stringify({ error: { code: fault.status, message: fault.message, title } });
  }
  return JSON.stringify({ NeutronError: { type: fault.type, message: fault.message, detail: fault.detail } });
}

/** Answers with an error; what is unexpected goes to the log under the request's id. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  challenge: () => string = () => 'Keystone',
): FastifyReply {
  const known = asFault(error, request);
  if (!known) request.log.error({ err: error }, 'a request failed unexpectedly');
  const fault = known ?? internalError();
  if (fault.status === 401) reply.header('www-authenticate', challenge());
  if (fault.status === 503) reply.header('retry-after', '1');
  return reply
    .code(fault.status)
    .header('content-type', 'application/json')
    .header('x-openstack-request-id', request.id)
    .send(faultBody(fault, request.url));
}
