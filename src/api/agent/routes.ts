/** The paths of the agents: sign of life, states, watch. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { busy, malformedBody } from '../../model/faults.ts';
import type { AgentReport, MeteringReport, StatusReport } from '../../model/host-objects.ts';
import type { Caller, Context } from '../../operations/context.ts';
import { type Services, writeContext } from '../services.ts';
import { readQuery } from '../wire/query-string.ts';
import { jsonBody, paramOf, route } from '../wire/router.ts';
import { lineSink } from './line-stream.ts';
import { readHost, readMetering, readReport, readStatuses } from './reports.ts';
import { type HostView, watchHost } from './watch.ts';

/** What the server does with what agents say, and what it tells them (operations/agent.ts, operations/host-view.ts). */
export interface HostOperations extends HostView {
  applyAgentReport(c: Context, host: string, report: AgentReport): Promise<unknown>;
  applyStatuses(c: Context, host: string, report: StatusReport): Promise<unknown>;
  applyMetering(c: Context, host: string, report: MeteringReport): Promise<unknown>;
}

/** Who acts when an agent does. */
export const agentCaller: Caller = { userId: 'agent', projectId: '', roles: ['admin'], isAdmin: true };

/** Watches that may be open at once. */
const maxWatches = 4096;

function readSince(request: FastifyRequest): number | undefined {
  const text = readQuery(request.url).get('since')?.at(-1);
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw malformedBody('since must be a revision: an integer from 0');
  return Number(text);
}

/** Registers the agents' paths, for callers with the agents' secret. Returns how to end all watches. */
export function agentRoutes(app: FastifyInstance, services: Services, hosts: HostOperations): () => void {
  const watches = new Set<AbortController>();
  const path = '/agent/v1/hosts/:host';
  const act = (work: (c: Context) => Promise<unknown>) =>
    services.store.transact((t) => work(writeContext(services, t, agentCaller)));
  route(app, path, {
    POST: async (request, reply) => {
      const [host, report] = [readHost(paramOf(request, 'host')), readReport(jsonBody(request))];
      await act((c) => hosts.applyAgentReport(c, host, report));
      return reply.code(204).send();
    },
  });
  route(app, `${path}/status`, {
    POST: async (request, reply) => {
      const [host, report] = [readHost(paramOf(request, 'host')), readStatuses(jsonBody(request))];
      if (report.statuses.length > 0) await act((c) => hosts.applyStatuses(c, host, report));
      return reply.code(204).send();
    },
  });
  route(app, `${path}/metering`, {
    POST: async (request, reply) => {
      const [host, report] = [readHost(paramOf(request, 'host')), readMetering(jsonBody(request))];
      await act((c) => hosts.applyMetering(c, host, report));
      return reply.code(204).send();
    },
  });
  route(app, `${path}/watch`, {
    GET: (request, reply) => {
      const [host, since] = [readHost(paramOf(request, 'host')), readSince(request)];
      if (watches.size >= maxWatches) throw busy('The watch');
      startWatch(services, hosts, host, since, request, reply, watches);
      return undefined;
    },
  });
  return () => {
    for (const watch of watches) watch.abort();
  };
}

function startWatch(
  services: Services,
  view: HostView,
  host: string,
  since: number | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
  watches: Set<AbortController>,
): void {
  const ending = new AbortController();
  watches.add(ending);
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-openstack-request-id': request.id });
  response.flushHeaders();
  response.once('close', () => ending.abort());
  response.once('error', () => ending.abort());
  const { store, settings } = services;
  watchHost({ store, settings, view, host, since, sink: lineSink(response), signal: ending.signal })
    .catch((error: unknown) => {
      if (!ending.signal.aborted) request.log.warn({ err: error, host }, 'a watch ended');
    })
    .finally(() => {
      watches.delete(ending);
      // `end` would wait for a reader that takes nothing.
      if (ending.signal.aborted && !response.destroyed) response.end();
      else response.destroy();
    });
}
