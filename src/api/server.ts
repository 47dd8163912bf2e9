/** The API as one Fastify instance: Networking, Identity, the agents' paths, health. The caller listens. */
import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { Turns } from '../lib/turns.ts';
import { busy, malformedBody, notFound, unauthorized } from '../model/faults.ts';
import { resources } from '../model/index.ts';
import { syncDefaultRanges } from '../operations/network-segment-range.ts';
import type { NetworkingSettings } from '../rules/settings.ts';
import type { Store } from '../store/store.ts';
import type { Access } from './access/access.ts';
import { agentCaller, agentRoutes, type HostOperations } from './agent/routes.ts';
import { urlTooLong } from './faults.ts';
import { createIdentity, headerToken, requireSession } from './identity/identity.ts';
import { identityRoutes } from './identity/routes.ts';
import { createSessions, type Sessions } from './identity/sessions.ts';
import { exposeModel, type OperationsByName } from './networking/exposure.ts';
import { networkingRoutes, versionRoutes } from './networking/routes.ts';
import { administratorRoutes } from './operator/administrator.ts';
import { operatorRoutes } from './operator/routes.ts';
import type { Services } from './services.ts';
import { refuseConnection } from './wire/connection-errors.ts';
import { bodyLimit, sendError } from './wire/errors.ts';

/** What the API is composed of. */
export interface ApiOptions {
  readonly store: Store;
  readonly settings: NetworkingSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** The operations of each resource, by its name (operations/index.ts). */
  readonly operations: OperationsByName;
  /** What agents report and are told (operations/agent.ts, operations/host-view.ts). */
  readonly hosts: HostOperations;
  readonly identity?: {
    /** How long a token is good for; default one hour. */
    readonly tokenLifetimeSeconds?: number;
  };
  /** How callers are known where it is not by the embedded Identity, which is then not served. */
  readonly access?: Access;
  /** The version of the program, as the OpenAPI document shows it. */
  readonly version?: string;
  readonly log: FastifyBaseLogger | false;
  /** Where clients reach this server, without a final slash. Asked with each answer: the port may be known late. */
  readonly publicUrl: () => string;
}

/** Bytes of a URL. */
const urlLimit = 32 * 1024;

/** Two, so that the connections to the database that are left answer everything else. */
const longListLimits = { turns: 2, waiting: 1000, waitMs: 30_000, refusal: () => busy('The API') };

function newInstance(log: FastifyBaseLogger | false): FastifyInstance {
  const common = {
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    genReqId: () => `req-${randomUUID()}`,
    requestIdHeader: false as const,
    http: { maxHeaderSize: 64 * 1024 },
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (_error: unknown, request: unknown, reply: unknown) => {
      const fault = malformedBody('The URL is not percent-encoded UTF-8');
      sendError(fault, request as FastifyRequest, reply as FastifyReply);
    },
    clientErrorHandler: refuseConnection,
    forceCloseConnections: true,
  };
  const app = log === false ? Fastify({ ...common, logger: false }) : Fastify({ ...common, loggerInstance: log });
  return app as unknown as FastifyInstance;
}

/** Bodies are taken as bytes; what reads them is strict (wire/json-body.ts). */
function takeBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function checkUrl(url: string): void {
  if (url.length > urlLimit) throw urlTooLong(urlLimit);
  if (/%00/.test(url)) throw malformedBody('The URL has a NUL character');
}

/** Callers by the tokens of the embedded Identity. */
function embeddedAccess(sessions: Sessions, publicUrl: () => string): Access {
  return {
    isProven: true,
    challenge: () => `Keystone uri="${publicUrl()}/identity"`,
    callerOf: async (request) => (await requireSession(sessions, request)).caller,
  };
}

/** The agents' paths are for the agents' secret, and for administrators with a token. */
async function authenticateAgent(sessions: Sessions, access: Access, request: FastifyRequest): Promise<void> {
  const text = headerToken(request, 'x-auth-token');
  if (text === '') throw unauthorized();
  if (await sessions.isAgentSecret(text)) {
    request.caller = agentCaller;
    return;
  }
  if (!access.isProven) throw unauthorized();
  request.caller = await access.callerOf(request);
  if (!request.caller.isAdmin) throw unauthorized();
}

function logAnswers(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const [path] = request.url.split('?', 1);
    const line = { method: request.method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    // Clients look a name up as if it were an id first, so a 404 to a reader is everyday.
    const everyday = reply.statusCode < 400 || (reply.statusCode === 404 && request.method === 'GET');
    if (everyday) request.log.debug(line, 'answered');
    else request.log.info(line, 'answered');
  });
}

/** The API over a store. */
export function createApi(options: ApiOptions): FastifyInstance {
  const { store, settings, clock, random, publicUrl, operations, hosts } = options;
  const services: Services = { store, settings, clock, random, publicUrl, longLists: new Turns(longListLimits) };
  const exposure = exposeModel(resources, operations, settings);
  const sessions = createSessions(store, clock);
  const app = newInstance(options.log);
  takeBytes(app);
  app.decorateRequest('caller', null);
  const access = options.access ?? embeddedAccess(sessions, publicUrl);
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, access.challenge));
  app.setNotFoundHandler((request, reply) => sendError(notFound(), request, reply));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-openstack-request-id', request.id);
    checkUrl(request.url);
  });
  logAnswers(app);
  app.addHook('onReady', () => store.transact((t) => syncDefaultRanges({ t, settings, random })));
  versionRoutes(app, services);
  if (!options.access)
    identityRoutes(app, createIdentity(services, sessions, options.identity?.tokenLifetimeSeconds ?? 3600));
  operatorRoutes(app, services, exposure, options.version ?? '0.1.0');
  app.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      request.caller = await access.callerOf(request);
    });
    networkingRoutes(scope, services, exposure);
    administratorRoutes(scope, services);
  });
  app.register(async (scope) => {
    scope.addHook('onRequest', (request) => authenticateAgent(sessions, access, request));
    const endWatches = agentRoutes(scope, services, hosts);
    scope.addHook('preClose', async () => endWatches());
  });
  return app;
}
