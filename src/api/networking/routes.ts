/** The paths of the Networking API: derived from the model for resources, by hand for what is no resource. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { extensionNotFound } from '../../model/faults.ts';
import { resources } from '../../model/index.ts';
import { type Extension, publishedAliases, publishedExtensions } from '../../rules/extensions.ts';
import type { Services } from '../services.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, type Handler, type Handlers, jsonBody, paramOf, route } from '../wire/router.ts';
import { agentSchedulingRoutes } from './agent-scheduling.ts';
import { autoAllocatedTopologyRoutes } from './auto-allocated-topology.ts';
import { availabilityZoneRoutes } from './availability-zones.ts';
import { actOnRow, createRows, deleteRow, listRows, lookAtRow, type Request, showRow, updateRow } from './engine.ts';
import type { Exposed, Exposure } from './exposure.ts';
import { flavorRoutes, serviceProviderRoutes } from './flavors.ts';
import { floatingIpPoolRoutes } from './floatingip-pools.ts';
import { readIfMatch } from './lookup.ts';
import { qosRuleTypeRoutes } from './qos-rule-types.ts';
import { quotaRoutes } from './quotas.ts';
import { changeTags, readTags, requireTag, tagsInBody, withoutTag, withTags } from './tags.ts';

function requestOf(exposed: Exposed, request: FastifyRequest): Request {
  return {
    caller: callerOf(request),
    query: readQuery(request.url),
    parentId: exposed.resource.parent ? paramOf(request, exposed.resource.parent.field) : undefined,
    path: request.url.split('?', 1)[0] ?? '',
    body: jsonBody(request),
    revision: readIfMatch(request.headers['if-match']),
  };
}

function resourceRoutes(app: FastifyInstance, services: Services, exposed: Exposed): void {
  const { resource } = exposed;
  const path = `/v2.0${resource.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
  const asked = (request: FastifyRequest) => requestOf(exposed, request);
  const id = (request: FastifyRequest) => paramOf(request, 'id');
  const { policy } = resource;
  const collection: Handlers = {
    GET: (request) => listRows(services, exposed, asked(request)),
    ...(policy.create ? { POST: (request) => createRows(services, exposed, asked(request)) } : {}),
  };
  const one: Handlers = {
    GET: (request) => showRow(services, exposed, asked(request), id(request)),
    ...(policy.update ? { PUT: (request) => updateRow(services, exposed, asked(request), id(request)) } : {}),
    ...(policy.delete ? { DELETE: (request) => deleteRow(services, exposed, asked(request), id(request)) } : {}),
  };
  route(app, path, collection);
  route(app, `${path}/:id`, one);
  for (const action of resource.actions) {
    if (action.alias !== undefined && !exposed.aliases.has(action.alias)) continue;
    const perform = action.shows ? lookAtRow : actOnRow;
    const handler: Handler = (request) => perform(services, exposed, asked(request), id(request), action);
    route(app, `${path}/:id/${action.name}`, action.shows ? { GET: handler } : { PUT: handler });
  }
  if (!exposed.fields.has('tags')) return;
  tagRoutes(app, services, exposed, path);
  // Neutron's tags are under the collection's own name, without what may stand in front: /policies, not /qos/policies.
  const bare = `/v2.0${path.slice(path.lastIndexOf('/'))}`;
  if (bare !== path) tagRoutes(app, services, exposed, bare);
}

function tagRoutes(app: FastifyInstance, services: Services, exposed: Exposed, path: string): void {
  const change = (request: FastifyRequest, by: (tags: readonly string[]) => unknown) =>
    changeTags(services, exposed, requestOf(exposed, request), paramOf(request, 'id'), by);
  route(app, `${path}/:id/tags`, {
    GET: async (request) => ({
      tags: await readTags(services, exposed, requestOf(exposed, request), paramOf(request, 'id')),
    }),
    PUT: async (request) => {
      const wanted = tagsInBody(jsonBody(request));
      return { tags: await change(request, () => wanted) };
    },
    // Neutron (tag-creation) answers with the tags that were given.
    POST: async (request) => {
      const added = tagsInBody(jsonBody(request));
      await change(request, (tags) => withTags(tags, added));
      return { tags: added };
    },
    DELETE: async (request) => void (await change(request, () => [])),
  });
  route(app, `${path}/:id/tags/:tag`, {
    GET: (request) =>
      requireTag(services, exposed, requestOf(exposed, request), paramOf(request, 'id'), paramOf(request, 'tag')),
    PUT: async (request, reply) => {
      const tag = paramOf(request, 'tag');
      await change(request, (tags) => (tags.includes(tag) ? tags : [...tags, tag]));
      return reply.code(201).send();
    },
    DELETE: async (request) => {
      const tag = paramOf(request, 'tag');
      await change(request, (tags) => withoutTag(tags, tag));
      return undefined;
    },
  });
}

const shownExtension = ({ alias, name, description, updated }: Extension) => ({
  alias,
  name,
  description,
  updated,
  links: [],
});

function extensionRoutes(app: FastifyInstance, services: Services): void {
  const published = publishedExtensions(services.settings);
  route(app, '/v2.0/extensions', { GET: () => ({ extensions: published.map(shownExtension) }) });
  route(app, '/v2.0/extensions/:alias', {
    GET: (request) => {
      const alias = paramOf(request, 'alias');
      const found = published.find((extension) => extension.alias === alias);
      if (!found) throw extensionNotFound(alias);
      return { extension: shownExtension(found) };
    },
  });
}

/** Registers what is under /v2.0, for callers with a token. */
export function networkingRoutes(app: FastifyInstance, services: Services, exposure: Exposure): void {
  for (const exposed of exposure.values()) resourceRoutes(app, services, exposed);
  extensionRoutes(app, services);
  quotaRoutes(app, route, services);
  if (exposure.has('policy')) qosRuleTypeRoutes(app, services);
  const aliases = publishedAliases(services.settings);
  agentSchedulingRoutes(app, services, exposure, aliases);
  if (aliases.has('auto-allocated-topology')) autoAllocatedTopologyRoutes(app, services);
  if (aliases.has('availability_zone')) availabilityZoneRoutes(app, services);
  if (aliases.has('flavors')) flavorRoutes(app, services);
  if (aliases.has('service-type')) serviceProviderRoutes(app);
  if (aliases.has('floatingip-pools')) floatingIpPoolRoutes(app, services);
}

/** Registers the version documents, which need no token: clients discover the API by them. */
export function versionRoutes(app: FastifyInstance, services: Services): void {
  const versions = () => ({
    versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${services.publicUrl()}/v2.0/` }] }],
  });
  route(app, '/', { GET: versions });
  // Neutron lists its core resources here; the version is beside them for clients that discover by this path.
  const core = resources.filter(({ name }) => ['network', 'subnet', 'subnetpool', 'port'].includes(name));
  const layout = core.map(({ name, plural }) => ({
    name,
    collection: plural,
    links: [{ rel: 'self', href: `${services.publicUrl()}/v2.0/${plural}` }],
  }));
  for (const path of ['/v2.0', '/v2.0/']) route(app, path, { GET: () => ({ ...versions(), resources: layout }) });
}
