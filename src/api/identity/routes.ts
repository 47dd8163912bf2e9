/** The paths of the Identity API, version 3. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { jsonBody, paramOf, route } from '../wire/router.ts';
import { changePassword, projectsOf } from './accounts.ts';
import { applicationCredentialRoutes } from './application-credentials.ts';
import { assignmentRoutes } from './assignments.ts';
import { projectKind } from './directory.ts';
import { directoryRoutes } from './directory-routes.ts';
import { identityForbidden, identityNotFound } from './faults.ts';
import { discoveryRoutes, fixedRoutes } from './fixed-routes.ts';
import { headerToken, type Identity, requireSession } from './identity.ts';
import { logIn } from './log-in.ts';
import { assignedInSystem } from './roles.ts';
import type { Session } from './sessions.ts';
import { catalog, tokenBody } from './token-body.ts';

const wantsCatalog = (request: FastifyRequest) => !/[?&]nocatalog\b/.test(request.url);

/** The session that X-Subject-Token names, where the caller may know of it. */
async function subjectSession(identity: Identity, request: FastifyRequest): Promise<Session> {
  const asking = await requireSession(identity.sessions, request);
  const text = headerToken(request, 'x-subject-token');
  const subject = text === '' ? undefined : await identity.sessions.read(text);
  if (!subject) throw identityNotFound('token', 'the one in X-Subject-Token');
  const isOwn = subject.user.id === asking.user.id;
  if (!isOwn && !asking.isAdmin) throw identityForbidden('identity:validate_token');
  return subject;
}

function tokenRoutes(app: FastifyInstance, identity: Identity): void {
  const { sessions, services } = identity;
  route(app, '/identity/v3/auth/tokens', {
    POST: async (request, reply) => {
      const { session, token } = await logIn(identity.logIn, jsonBody(request));
      reply.header('x-subject-token', token).header('vary', 'X-Auth-Token');
      return tokenBody(session, services.publicUrl(), wantsCatalog(request));
    },
    GET: async (request, reply) => {
      const subject = await subjectSession(identity, request);
      reply.header('x-subject-token', headerToken(request, 'x-subject-token')).header('vary', 'X-Auth-Token');
      return tokenBody(subject, services.publicUrl(), wantsCatalog(request));
    },
    DELETE: async (request) => {
      await subjectSession(identity, request);
      await sessions.revoke(headerToken(request, 'x-subject-token'));
    },
  });
  route(app, '/identity/v3/auth/catalog', {
    GET: async (request) => {
      await requireSession(sessions, request);
      return { catalog: catalog(services.publicUrl()), links: {} };
    },
  });
}

async function shownProjects(identity: Identity, userId: string): Promise<unknown> {
  const { store, publicUrl } = identity.services;
  const rows = await store.read((r) => projectsOf(r, userId));
  return { projects: rows.map((row) => projectKind.show(row as never, publicUrl())), links: {} };
}

function accountRoutes(app: FastifyInstance, identity: Identity): void {
  const { sessions } = identity;
  route(app, '/identity/v3/auth/projects', {
    GET: async (request) => shownProjects(identity, (await requireSession(sessions, request)).user.id),
  });
  route(app, '/identity/v3/auth/system', {
    GET: async (request) => {
      const session = await requireSession(sessions, request);
      const roles = await identity.services.store.read((r) => assignedInSystem(r, session.user.id));
      return { system: roles.length > 0 ? [{ all: true }] : [], links: {} };
    },
  });
  route(app, '/identity/v3/users/:id/projects', {
    GET: async (request) => {
      const session = await requireSession(sessions, request);
      const id = paramOf(request, 'id');
      if (session.user.id !== id && !session.isAdmin) throw identityForbidden('identity:list_user_projects');
      return shownProjects(identity, id);
    },
  });
  route(app, '/identity/v3/users/:id/password', {
    POST: (request) => changePassword(identity, paramOf(request, 'id'), jsonBody(request)),
  });
}

/** Registers everything under /identity. */
export function identityRoutes(app: FastifyInstance, identity: Identity): void {
  discoveryRoutes(app, identity.services);
  tokenRoutes(app, identity);
  accountRoutes(app, identity);
  directoryRoutes(app, identity);
  assignmentRoutes(app, identity);
  applicationCredentialRoutes(app, identity);
  fixedRoutes(app, identity);
}
