/** What operators' tools ask: health, the description of the API, measurements. */
import type { FastifyInstance } from 'fastify';
import { meteringTotal } from '../../model/index.ts';
import type { Exposure } from '../networking/exposure.ts';
import { openApiDocument } from '../reference/openapi.ts';
import type { Services } from '../services.ts';
import { route } from '../wire/router.ts';
import { createMetrics } from './metrics.ts';

/** Registers the paths of operators' tools; they need no token, show no names, and tell of projects only where that is asked for. */
export function operatorRoutes(app: FastifyInstance, services: Services, exposure: Exposure, version: string): void {
  const head = () => services.store.read((r) => r.head());
  route(app, '/healthz', { GET: async () => ({ status: 'ok', revision: await head() }) });
  route(app, '/openapi.json', { GET: () => openApiDocument(exposure, services.publicUrl(), version) });
  const metrics = createMetrics();
  app.addHook('onResponse', async (request, reply) => {
    const path = request.routeOptions.url ?? 'none';
    metrics.count(request.method, path, reply.statusCode, reply.elapsedTime / 1000);
  });
  route(app, '/metrics', {
    GET: async (_request, reply) => {
      const text = await services.store.read(async (r) => {
        const metered = services.settings.meteringMetrics ? await r.find(meteringTotal) : undefined;
        return metrics.text(await r.head(), metered);
      });
      return reply.header('content-type', 'text/plain; version=0.0.4').send(text);
    },
  });
}
