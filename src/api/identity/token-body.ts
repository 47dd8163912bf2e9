/** How the Identity service shows a session: the token document, and the catalog of services. */
import { createHash } from 'node:crypto';
import { defaultDomain } from './bootstrap.ts';
import type { Session } from './sessions.ts';

/** The region of every endpoint. */
export const region = 'RegionOne';

const interfaces = ['public', 'internal', 'admin'] as const;

// Endpoints and services have no rows: their ids are derived from their names, the same on every server.
const idOf = (text: string) => createHash('sha256').update(`neutrino ${text}`).digest('hex').slice(0, 32);

/** A service of the catalog. */
export interface Service {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly { readonly id: string; readonly interface: string; readonly url: string }[];
}

/** The services of this server. `publicUrl` is without a final slash. */
export function services(publicUrl: string): Service[] {
  const service = (type: string, name: string, url: string): Service => ({
    id: idOf(type),
    type,
    name,
    endpoints: interfaces.map((one) => ({ id: idOf(`${type} ${one}`), interface: one, url })),
  });
  return [service('network', 'neutron', publicUrl), service('identity', 'keystone', `${publicUrl}/identity/v3`)];
}

/** The catalog, as tokens and `GET /auth/catalog` have it. */
export function catalog(publicUrl: string): unknown[] {
  return services(publicUrl).map((service) => ({
    ...service,
    endpoints: service.endpoints.map((endpoint) => ({ ...endpoint, region, region_id: region })),
  }));
}

const keystoneTime = (ms: number) => new Date(ms).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');

/** The document of a token. An unscoped one has no project, roles and catalog. */
export function tokenBody(session: Session, publicUrl: string, withCatalog = true): unknown {
  const scope = session.project && {
    project: { id: session.project.id, name: session.project.name, domain: defaultDomain },
    is_domain: false,
    roles: session.roles.map(({ id, name }) => ({ id, name })),
    ...(withCatalog ? { catalog: catalog(publicUrl) } : {}),
  };
  return {
    token: {
      methods: ['password'],
      user: { id: session.user.id, name: session.user.name, domain: defaultDomain, password_expires_at: null },
      audit_ids: [session.auditId],
      issued_at: keystoneTime(session.issuedMs),
      expires_at: keystoneTime(session.expiresMs),
      ...(scope ?? {}),
    },
  };
}
