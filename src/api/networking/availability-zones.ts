/** `/availability_zones`: the zones that agents are in. */
import type { FastifyInstance } from 'fastify';
import { listZones } from '../../operations/zones.ts';
import { isReader } from '../../rules/policy.ts';
import type { Services } from '../services.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, route } from '../wire/router.ts';
import { computedList } from './computed-list.ts';

/** Registers the path. */
export function availabilityZoneRoutes(app: FastifyInstance, services: Services): void {
  route(app, '/v2.0/availability_zones', {
    GET: async (request) => {
      const zones = isReader(callerOf(request)) ? await services.store.read((r) => listZones(r)) : [];
      return { availability_zones: computedList(zones, readQuery(request.url), ['name', 'resource', 'state']) };
    },
  });
}
