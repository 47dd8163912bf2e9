/** The Networking API v2.0 as a typed client. Paths, names and types come from the model; nothing is listed here twice. */
import {
  agent,
  floatingip,
  network,
  port,
  portForwarding,
  router,
  securityGroup,
  securityGroupRule,
  subnet,
} from '../model/index.ts';
import type { Draft, Resource, Row } from '../model/language.ts';
import { ClientError } from './errors.ts';
import { type Call, type Connections, jsonOf, openConnections, send, type Tls } from './http.ts';

/** Filters and options of a list as the API takes them: `{ name: 'blue', fields: ['id'], sort_key: 'name' }`. */
export type Query = Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[]>>;

/** One collection of the API. Every call throws `ClientError`. */
export interface Collection<R extends Resource> {
  /** All rows that match, page by page where the server cuts the list. */
  list(query?: Query): Promise<Row<R>[]>;
  show(id: string): Promise<Row<R>>;
  create(draft: Draft<R>): Promise<Row<R>>;
  /** Many at once: all or none. */
  createMany(drafts: readonly Draft<R>[]): Promise<Row<R>[]>;
  /** `ifRevision`: only where the row still has this revision, else 412. */
  update(id: string, changes: Partial<Row<R>>, options?: { readonly ifRevision?: number }): Promise<Row<R>>;
  remove(id: string): Promise<void>;
  /** `PUT …/{id}/{name}`, for example `add_router_interface`. */
  action(id: string, name: string, body: unknown): Promise<unknown>;
  /** Replaces the tags of a row. */
  setTags(id: string, tags: readonly string[]): Promise<void>;
}

/** The typed client. */
export interface NetworkingClient {
  readonly networks: Collection<typeof network>;
  readonly subnets: Collection<typeof subnet>;
  readonly ports: Collection<typeof port>;
  readonly routers: Collection<typeof router>;
  readonly floatingIps: Collection<typeof floatingip>;
  readonly securityGroups: Collection<typeof securityGroup>;
  readonly securityGroupRules: Collection<typeof securityGroupRule>;
  readonly agents: Collection<typeof agent>;
  /** The forwardings of a floating IP. */
  portForwardings(floatingIpId: string): Collection<typeof portForwarding>;
  /** Any collection of the model; `parentId` where its path has a parent. */
  of<R extends Resource>(resource: R, parentId?: string): Collection<R>;
  /** The aliases of the extensions that are on. */
  extensions(): Promise<string[]>;
  /** Any call below /v2.0, as it is: `request('GET', '/quotas')`. */
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  /** What the server tells administrators of itself, below /operator/v1: `operator('/mtu')`. */
  operator(path: string): Promise<unknown>;
  close(): void;
}

export interface NetworkingOptions {
  /** The server, with or without the final /v2.0. */
  readonly url: string;
  readonly token: string;
  /** Called after a 401, once for each call: a new token, or a rejection. */
  readonly renew?: () => Promise<string>;
  readonly tls?: Tls;
  readonly connections?: Connections;
  /** Deadline of one call, milliseconds; default 30 s. */
  readonly deadlineMs?: number;
}

type Request = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<unknown>;

function requester(options: NetworkingOptions, connections: Connections): Request {
  const root = options.url.replace(/\/+$/, '').replace(/\/v2\.0$/, '');
  let token = options.token;
  let renewing: Promise<string> | undefined;
  const renewed = (renew: () => Promise<string>) => {
    renewing ??= renew().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
  return async (method, path, body, headers) => {
    const attempt = async () => {
      const url = new URL(`${root}${path}`);
      const auth = { 'x-auth-token': token, ...headers };
      const call: Call = { method, url, body, headers: auth, deadlineMs: options.deadlineMs ?? 30_000 };
      return jsonOf(call, await send(connections, call));
    };
    const used = token;
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ClientError) || error.status !== 401 || !options.renew) throw error;
      if (token === used) token = await renewed(options.renew);
      return attempt();
    }
  };
}

function queryText(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    for (const each of Array.isArray(value) ? value : [value]) params.append(name, String(each));
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function member(answer: unknown, name: string, call: string): unknown {
  const value = (answer as Record<string, unknown> | undefined)?.[name];
  if (value === undefined) throw new ClientError(call, 200, 'InvalidResponse', `${call}: the answer has no ${name}`);
  return value;
}

/** The path of the next page below /v2.0, from the answer's `<plural>_links`. */
function nextPage(answer: unknown, plural: string): string | undefined {
  const links = (answer as Record<string, unknown>)[`${plural}_links`];
  if (!Array.isArray(links)) return undefined;
  const href = (links as { rel?: string; href?: string }[]).find((link) => link.rel === 'next')?.href;
  return href === undefined ? undefined : href.slice(href.indexOf('/v2.0') + '/v2.0'.length);
}

function collectionPath(resource: Resource, parentId: string | undefined): string {
  if (!resource.parent) return resource.path;
  if (parentId === undefined)
    throw new TypeError(`${resource.plural} are asked for below a ${resource.parent.resource}`);
  return resource.path.replace(/\{[^}]*\}/, encodeURIComponent(parentId));
}

function collection<R extends Resource>(resource: R, path: string, request: Request): Collection<R> {
  const { name, plural } = resource;
  const at = (id: string) => `${path}/${encodeURIComponent(id)}`;
  const one = async (method: string, where: string, body?: unknown, headers?: Record<string, string>) =>
    member(await request(method, where, body, headers), name, `${method} /v2.0${where}`) as Row<R>;
  return {
    async list(query) {
      const rows: Row<R>[] = [];
      let where: string | undefined = path + queryText(query);
      while (where !== undefined) {
        const answer = await request('GET', where);
        rows.push(...(member(answer, plural, `GET /v2.0${path}`) as Row<R>[]));
        // A limit that the caller gave is the caller's: only what the server cuts by itself is put together here.
        where = query?.limit === undefined ? nextPage(answer, plural) : undefined;
      }
      return rows;
    },
    show: (id) => one('GET', at(id)),
    create: (draft) => one('POST', path, { [name]: draft }),
    createMany: async (drafts) =>
      member(await request('POST', path, { [plural]: drafts }), plural, `POST /v2.0${path}`) as Row<R>[],
    update: (id, changes, options) =>
      one(
        'PUT',
        at(id),
        { [name]: changes },
        options?.ifRevision === undefined ? undefined : { 'if-match': `revision_number=${options.ifRevision}` },
      ),
    remove: async (id) => void (await request('DELETE', at(id))),
    action: (id, verb, body) => request('PUT', `${at(id)}/${encodeURIComponent(verb)}`, body),
    setTags: async (id, tags) => void (await request('PUT', `${at(id)}/tags`, { tags })),
  };
}

/** A client of the Networking API at `url`. */
export function networkingClient(options: NetworkingOptions): NetworkingClient {
  const connections = options.connections ?? openConnections(options.tls);
  const call = requester(options, connections);
  const request: Request = (method, path, body, headers) => call(method, `/v2.0${path}`, body, headers);
  const of = <R extends Resource>(resource: R, parentId?: string) =>
    collection(resource, collectionPath(resource, parentId), request);
  return {
    networks: of(network),
    subnets: of(subnet),
    ports: of(port),
    routers: of(router),
    floatingIps: of(floatingip),
    securityGroups: of(securityGroup),
    securityGroupRules: of(securityGroupRule),
    agents: of(agent),
    portForwardings: (floatingIpId) => of(portForwarding, floatingIpId),
    of,
    async extensions() {
      const answer = member(await request('GET', '/extensions'), 'extensions', 'GET /v2.0/extensions');
      return (answer as { alias: string }[]).map((extension) => extension.alias);
    },
    request: (method, path, body) => request(method, path, body),
    operator: (path) => call('GET', `/operator/v1${path}`),
    close: () => connections.close(),
  };
}
