/** How the Networking API knows who asks: by its own Identity, by a Keystone, or not at all. */
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../operations/context.ts';

/** Tells who asks. */
export interface Access {
  /** Throws 401 for somebody unknown, 503 where whoever knows cannot be asked: what is not known to be allowed is refused. */
  callerOf(request: FastifyRequest): Promise<Caller>;
  /** Whether callers show who they are; where they do not, agents show their secret all the same. */
  readonly isProven: boolean;
  /** What a 401 says in WWW-Authenticate. */
  readonly challenge: () => string;
}
