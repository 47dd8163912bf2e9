/** What the routes of the Identity service share: its services, and who asks. */
import type { FastifyRequest } from 'fastify';
import { unauthorized } from '../../model/faults.ts';
import type { Services } from '../services.ts';
import { identityForbidden } from './faults.ts';
import type { LogInServices } from './log-in.ts';
import { createPasswordChecker } from './passwords.ts';
import type { Session, Sessions } from './sessions.ts';

/** What the routes of Identity work with. */
export interface Identity {
  readonly services: Services;
  readonly sessions: Sessions;
  readonly logIn: LogInServices;
}

/** Composes Identity over a store. `tokenLifetimeSeconds`: how long a token is good for. */
export function createIdentity(services: Services, sessions: Sessions, tokenLifetimeSeconds: number): Identity {
  const { store, clock } = services;
  const logIn: LogInServices = {
    sessions,
    passwords: createPasswordChecker(),
    read: (work) => store.read(work),
    transact: (work) => store.transact(work),
    now: () => clock.now(),
    lifetimeMs: tokenLifetimeSeconds * 1000,
  };
  return { services, sessions, logIn };
}

/** Characters of a token; those of a Keystone can be long. */
const maxTokenLength = 8192;

/** The token in a header; '' where there is none. */
export function headerToken(
  request: FastifyRequest,
  name: 'x-auth-token' | 'x-subject-token' | 'x-service-token',
): string {
  const value = request.headers[name];
  return typeof value === 'string' && value.length <= maxTokenLength ? value.trim() : '';
}

/** Who asks; throws 401. */
export async function requireSession(sessions: Sessions, request: FastifyRequest): Promise<Session> {
  const text = headerToken(request, 'x-auth-token');
  const session = text === '' ? undefined : await sessions.read(text);
  if (!session) throw unauthorized();
  return session;
}

/** Who asks, an administrator; throws 401 or 403. */
export async function requireAdmin(identity: Identity, request: FastifyRequest, action: string): Promise<Session> {
  const session = await requireSession(identity.sessions, request);
  if (!session.isAdmin) throw identityForbidden(`identity:${action}`);
  return session;
}
