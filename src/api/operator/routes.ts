/** What operators' tools ask: health. */
import type { FastifyInstance } from 'fastify';
import type { Exposure } from '../networking/exposure.ts';
import type { Services } from '../services.ts';
import { route } from '../wire/router.ts';

/** Registers the paths of operators' tools; they need no token and show no names. */
export function operatorRoutes(app: FastifyInstance, services: Services, _exposure: Exposure): void {
  route(app, '/healthz', {
    GET: async () => ({ status: 'ok', revision: await services.store.read((r) => r.head()) }),
  });
}
