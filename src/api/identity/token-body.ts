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

/** A time as Keystone writes it: with microseconds, UTC. */
export const keystoneTime = (ms: number): string => new Date(ms).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');

/** What a token is scoped to; an unscoped one has no project, roles and catalog. */
function scopeOf({ project, isSystem }: Session): Record<string, unknown> | undefined {
  if (isSystem) return { system: { all: true } };
  return project
    ? { project: { id: project.id, name: project.name, domain: defaultDomain }, is_domain: false }
    : undefined;
}

/** The document of a token. */
export function tokenBody(session: Session, publicUrl: string, withCatalog = true): unknown {
  const scope = scopeOf(session);
  const { user, credential } = session;
  return {
    token: {
      methods: session.methods,
      user: { id: user.id, name: user.name, domain: defaultDomain, password_expires_at: null },
      audit_ids: [session.auditId],
      issued_at: keystoneTime(session.issuedMs),
      expires_at: keystoneTime(session.expiresMs),
      ...scope,
      ...(scope ? { roles: session.roles.map(({ id, name }) => ({ id, name })) } : {}),
      ...(scope && withCatalog ? { catalog: catalog(publicUrl) } : {}),
      ...(credential
        ? {
            application_credential: {
              id: credential.id,
              name: credential.name,
              restricted: !credential.unrestricted,
            },
          }
        : {}),
    },
  };
}
