/** The paths of what Identity has without keeping it: versions, the one domain, the one region, services and endpoints. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Services } from '../services.ts';
import { type Query, readQuery } from '../wire/query-string.ts';
import { type Handlers, paramOf, route } from '../wire/router.ts';
import { defaultDomain } from './bootstrap.ts';
import { identityNotFound, identityNotImplemented } from './faults.ts';
import { type Identity, requireAdmin, requireSession } from './identity.ts';
import { services as catalogServices, region } from './token-body.ts';

type Json = { readonly id: string } & Record<string, unknown>;

/** Registers the version documents, which need no token. */
export function discoveryRoutes(app: FastifyInstance, services: Services): void {
  const version = () => ({
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${services.publicUrl()}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  });
  const all: Handlers = {
    GET: (_request, reply) => {
      reply.code(300);
      return { versions: { values: [version()] } };
    },
  };
  const one: Handlers = { GET: () => ({ version: version() }) };
  for (const path of ['/identity', '/identity/']) route(app, path, all);
  for (const path of ['/identity/v3', '/identity/v3/']) route(app, path, one);
}

function fixedLists(
  publicUrl: string,
): Readonly<Record<string, { readonly name: string; readonly rows: readonly Json[] }>> {
  const known = catalogServices(publicUrl);
  const endpoints = known.flatMap((service) =>
    service.endpoints.map((endpoint) => ({
      ...endpoint,
      service_id: service.id,
      region,
      region_id: region,
      enabled: true,
    })),
  );
  return {
    domains: {
      name: 'domain',
      rows: [{ ...defaultDomain, description: 'The one domain.', enabled: true, options: {}, tags: [] }],
    },
    regions: { name: 'region', rows: [{ id: region, description: '', parent_region_id: null }] },
    services: {
      name: 'service',
      rows: known.map(({ endpoints: _none, ...service }) => ({ ...service, enabled: true })),
    },
    endpoints: { name: 'endpoint', rows: endpoints },
  };
}

/** Rows whose members equal what the query asks for; a parameter that no row has is not a filter. */
function matching(rows: readonly Json[], query: Query): Json[] {
  return rows.filter((row) =>
    [...query].every(([name, values]) => {
      const value = Object.hasOwn(row, name) ? row[name] : undefined;
      return value === undefined || values.some((text) => text.toLowerCase() === String(value).toLowerCase());
    }),
  );
}

/** Groups, of which there are none, and what else is asked for and never there. */
function emptyRoutes(app: FastifyInstance, identity: Identity): void {
  const refuse = async (request: FastifyRequest) => {
    await requireAdmin(identity, request, 'create_group');
    throw identityNotImplemented();
  };
  const none = (plural: string) => async (request: FastifyRequest) => {
    await requireSession(identity.sessions, request);
    return { [plural]: [], links: { next: null, previous: null } };
  };
  route(app, '/identity/v3/groups', { GET: none('groups'), POST: refuse });
  route(app, '/identity/v3/groups/:id', {
    GET: async (request) => {
      await requireAdmin(identity, request, 'get_group');
      throw identityNotFound('group', paramOf(request, 'id').slice(0, 255));
    },
  });
  route(app, '/identity/v3/users/:id/groups', { GET: none('groups') });
  route(app, '/identity/v3/credentials', { GET: none('credentials'), POST: refuse });
  route(app, '/identity/v3/auth/domains', { GET: none('domains') });
}

/** Registers domains, regions, services and endpoints. */
export function fixedRoutes(app: FastifyInstance, identity: Identity): void {
  emptyRoutes(app, identity);
  const lists = () => fixedLists(identity.services.publicUrl());
  for (const plural of Object.keys(lists())) {
    const current = () => lists()[plural] ?? { name: plural, rows: [] };
    route(app, `/identity/v3/${plural}`, {
      GET: async (request) => {
        await requireAdmin(identity, request, `list_${plural}`);
        return { [plural]: matching(current().rows, readQuery(request.url)), links: {} };
      },
    });
    route(app, `/identity/v3/${plural}/:id`, {
      GET: async (request) => {
        const { name, rows } = current();
        // Whoever is in a domain may look at it.
        if (name === 'domain') await requireSession(identity.sessions, request);
        else await requireAdmin(identity, request, `get_${name}`);
        const id = paramOf(request, 'id');
        const found = rows.find((row) => row.id === id);
        if (!found) throw identityNotFound(name, id.slice(0, 255));
        return { [name]: found };
      },
    });
  }
}
