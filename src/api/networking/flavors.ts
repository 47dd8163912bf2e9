/** The profiles of flavors, who provides the next service of one, and `/service-providers`. Neutron: extensions/flavors.py. */
import type { FastifyInstance } from 'fastify';
import { forbidden } from '../../model/faults.ts';
import { Problem, uuid } from '../../model/types.ts';
import type { Caller } from '../../operations/context.ts';
import { addProfile, nextProvider, requireProfile, takeProfile } from '../../operations/flavor.ts';
import { isReader } from '../../rules/policy.ts';
import { serviceProviders } from '../../rules/service-providers.ts';
import { invalidField } from '../faults.ts';
import { type Services, writeContext } from '../services.ts';
import { bodyMember } from '../wire/json-body.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, jsonBody, paramOf, route } from '../wire/router.ts';
import { computedList } from './computed-list.ts';

function requireAdmin(caller: Caller, rule: string): Caller {
  if (!caller.isAdmin) throw forbidden(`rule:${rule}`);
  return caller;
}

/** Registers the paths under /flavors that are no resource. */
export function flavorRoutes(app: FastifyInstance, services: Services): void {
  route(app, '/v2.0/flavors/:flavor/service_profiles', {
    POST: async (request) => {
      const caller = requireAdmin(callerOf(request), 'create_flavor_service_profile');
      const id = uuid().parse(bodyMember(jsonBody(request), 'service_profile').id);
      if (id instanceof Problem) throw invalidField('id', id);
      await services.store.transact((t) =>
        addProfile(writeContext(services, t, caller), paramOf(request, 'flavor'), id),
      );
      return { service_profile: { id } };
    },
  });
  route(app, '/v2.0/flavors/:flavor/service_profiles/:id', {
    GET: async (request) => {
      requireAdmin(callerOf(request), 'get_flavor_service_profile');
      const [flavorId, id] = [paramOf(request, 'flavor'), paramOf(request, 'id')];
      await services.store.read((r) => requireProfile(r, flavorId, id));
      return { service_profile: { id } };
    },
    DELETE: async (request) => {
      const caller = requireAdmin(callerOf(request), 'delete_flavor_service_profile');
      const [flavorId, id] = [paramOf(request, 'flavor'), paramOf(request, 'id')];
      await services.store.transact((t) => takeProfile(writeContext(services, t, caller), flavorId, id));
      return undefined;
    },
  });
  route(app, '/v2.0/flavors/:flavor/next_providers', {
    GET: async (request) => {
      callerOf(request);
      const next = await services.store.read((r) => nextProvider(r, paramOf(request, 'flavor')));
      return { next_providers: computedList([next], readQuery(request.url), []) };
    },
  });
}

/** Registers `/service-providers`. */
export function serviceProviderRoutes(app: FastifyInstance): void {
  route(app, '/v2.0/service-providers', {
    GET: (request) => {
      const rows = isReader(callerOf(request)) ? serviceProviders : [];
      const shown = rows.map(({ service_type, name, default: isDefault }) => ({
        service_type,
        name,
        default: isDefault,
      }));
      return { service_providers: computedList(shown, readQuery(request.url), ['service_type', 'name', 'default']) };
    },
  });
}
