/** The OpenAPI 3.1 document of the Networking API, derived from the model as this server serves it. */
import type { Field } from '../../model/language.ts';
import type { JsonSchema } from '../../model/types.ts';
import type { Exposed, Exposure } from '../networking/exposure.ts';

type Json = Record<string, unknown>;

const jsonBody = (schema: JsonSchema) => ({ content: { 'application/json': { schema } }, required: true });

const answer = (description: string, schema?: JsonSchema) => ({
  description,
  ...(schema ? { content: { 'application/json': { schema } } } : {}),
});

const faults = {
  '4XX': answer('The request is refused; the body says why.', { $ref: '#/components/schemas/NeutronError' }),
  '5XX': answer('The server failed.', { $ref: '#/components/schemas/NeutronError' }),
};

/** The name of a schema: `port`, `port_create`, `port_update`. */
const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

const wrapped = (name: string, schema: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { [name]: schema },
  required: [name],
});

const listOf = (name: string, schema: JsonSchema): JsonSchema => wrapped(name, { type: 'array', items: schema });

function fieldSchema(field: Field<unknown>): Json {
  const fallback = field.default === undefined ? {} : { default: field.default };
  return { ...field.type.schema, description: field.doc, ...fallback };
}

function properties(exposed: Exposed, keep: (field: Field<unknown>) => boolean): Json {
  const kept = [...exposed.fields].filter(([, field]) => keep(field));
  return Object.fromEntries(kept.map(([name, field]) => [name, fieldSchema(field)]));
}

function schemasOf(exposed: Exposed): Json {
  const { resource, fields } = exposed;
  const required = [...fields].filter(([, field]) => field.required).map(([name]) => name);
  const closed = { type: 'object', additionalProperties: false };
  return {
    [resource.name]: {
      type: 'object',
      description: resource.doc,
      properties: properties(exposed, (field) => !field.writeOnly),
    },
    ...(resource.policy.create
      ? {
          [`${resource.name}_create`]: {
            ...closed,
            properties: properties(exposed, (field) => field.post !== undefined),
            ...(required.length > 0 ? { required } : {}),
          },
        }
      : {}),
    ...(resource.policy.update
      ? {
          [`${resource.name}_update`]: {
            ...closed,
            properties: properties(exposed, (field) => field.put !== undefined),
          },
        }
      : {}),
  };
}

const queryParameter = (name: string, description: string, schema: JsonSchema = { type: 'string' }) => ({
  name,
  in: 'query',
  description,
  schema: { type: 'array', items: schema },
  explode: true,
});

function listParameters(exposed: Exposed): unknown[] {
  const sortable = [...exposed.fields].filter(([, field]) => field.sort).map(([name]) => name);
  const filters = [...exposed.fields]
    .filter(([, field]) => field.filter)
    .map(([name, field]) => queryParameter(name, field.doc, field.type.schema));
  const special = exposed.resource.specialFilters.map((name) => queryParameter(name, 'A filter that is no field.'));
  return [
    ...filters,
    ...special,
    queryParameter('fields', 'The fields to show.'),
    queryParameter('sort_key', 'Sort by this field.', { type: 'string', enum: sortable }),
    queryParameter('sort_dir', 'asc or desc, one for each sort_key.', { type: 'string', enum: ['asc', 'desc'] }),
    { name: 'limit', in: 'query', description: 'Rows of a page.', schema: { type: 'integer', minimum: 0 } },
    { name: 'marker', in: 'query', description: 'The id after which the page starts.', schema: { type: 'string' } },
    { name: 'page_reverse', in: 'query', description: 'The page before the marker.', schema: { type: 'boolean' } },
  ];
}

function collectionPath({ resource, ...exposed }: Exposed): Json {
  const { name, plural, policy } = resource;
  const create: JsonSchema = { oneOf: [wrapped(name, ref(`${name}_create`)), listOf(plural, ref(`${name}_create`))] };
  const created: JsonSchema = { oneOf: [wrapped(name, ref(name)), listOf(plural, ref(name))] };
  return {
    get: {
      operationId: `list_${plural}`,
      summary: `Lists ${plural}.`,
      parameters: listParameters({ resource, ...exposed }),
      responses: { 200: answer('The rows.', listOf(plural, ref(name))), ...faults },
    },
    ...(policy.create
      ? {
          post: {
            operationId: `create_${name}`,
            summary: `Creates one ${name}, or several at once: all of them, or none.`,
            requestBody: jsonBody(create),
            responses: { 201: answer('What was created.', created), ...faults },
          },
        }
      : {}),
  };
}

function rowPath({ resource }: Exposed): Json {
  const { name, policy } = resource;
  const shown = { 200: answer('The row.', wrapped(name, ref(name))), ...faults };
  const update = jsonBody(wrapped(name, ref(`${name}_update`)));
  return {
    get: { operationId: `show_${name}`, summary: `Shows one ${name}.`, responses: shown },
    ...(policy.update
      ? {
          put: {
            operationId: `update_${name}`,
            summary: `Changes one ${name}.`,
            requestBody: update,
            responses: shown,
          },
        }
      : {}),
    ...(policy.delete
      ? {
          delete: {
            operationId: `delete_${name}`,
            summary: `Deletes one ${name}.`,
            responses: { 204: answer('It is gone.'), ...faults },
          },
        }
      : {}),
  };
}

/** The parameters that a path names. */
function pathParameters(path: string): { parameters?: unknown[] } {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  if (names.length === 0) return {};
  return { parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })) };
}

function pathsOf(exposed: Exposed): Json {
  const { resource } = exposed;
  const base = `/v2.0${resource.path}`;
  const row = `${base}/{${resource.namedBy}}`;
  const paths: Json = {
    [base]: { ...pathParameters(base), ...collectionPath(exposed) },
    [row]: { ...pathParameters(row), ...rowPath(exposed) },
  };
  for (const action of resource.actions) {
    if (action.alias !== undefined && !exposed.aliases.has(action.alias)) continue;
    const verb = {
      operationId: action.name,
      summary: action.doc,
      ...(action.shows || action.bodyless ? {} : { requestBody: jsonBody({ type: 'object' }) }),
      responses: { 200: answer('The outcome.', { type: 'object' }), ...faults },
    };
    paths[`${row}/${action.name}`] = { ...pathParameters(row), [action.shows ? 'get' : 'put']: verb };
  }
  return paths;
}

const neutronError: JsonSchema = {
  type: 'object',
  properties: {
    NeutronError: {
      type: 'object',
      properties: { type: { type: 'string' }, message: { type: 'string' }, detail: { type: 'string' } },
      required: ['type', 'message', 'detail'],
    },
  },
  required: ['NeutronError'],
};

/** The document. `url` is where clients reach the server. */
export function openApiDocument(exposure: Exposure, url: string, version: string): Json {
  const all = [...exposure.values()];
  return {
    openapi: '3.1.0',
    info: { title: 'Neutrino Networking API', version, description: 'The OpenStack Networking API v2.0.' },
    servers: [{ url }],
    security: [{ token: [] }],
    paths: Object.assign({}, ...all.map(pathsOf)),
    components: {
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
      schemas: Object.assign({ NeutronError: neutronError }, ...all.map(schemasOf)),
    },
  };
}
