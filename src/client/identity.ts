/** Identity v3 as a client: a token by password, and where the Networking API is. */
import { ClientError } from './errors.ts';
import { type Call, type Connections, callName, jsonOf, openConnections, send, type Tls } from './http.ts';

/** Who logs in, where, for which project. */
export interface Credentials {
  /** Where Identity is, with or without the final /v3. */
  readonly authUrl: string;
  /** The user's name (in `domain`) or, without a name, `userId`. */
  readonly username?: string;
  readonly userId?: string;
  readonly password: string;
  /** The project's name (in `projectDomain`); without project and `projectId` the token is unscoped. */
  readonly project?: string;
  readonly projectId?: string;
  /** The name of the user's domain; default `Default`. */
  readonly domain?: string;
  readonly domainId?: string;
  /** The name of the project's domain; default: the user's. */
  readonly projectDomain?: string;
  readonly projectDomainId?: string;
  /** The region whose endpoint is taken from the catalog; default: the first. */
  readonly region?: string;
  /** public, internal or admin; default public. */
  readonly interface?: string;
  readonly tls?: Tls;
  /** Milliseconds; default 10 s. */
  readonly deadlineMs?: number;
}

/** A login that worked. */
export interface Login {
  readonly token: string;
  /** API time after which the token is refused. */
  readonly expiresAt: string;
  readonly projectId: string | null;
  readonly userId: string;
  readonly roles: readonly string[];
  /** The network endpoint of the catalog, or null where there is none (an unscoped token). */
  readonly networkUrl: string | null;
  /** The identity endpoint of the catalog, or null. */
  readonly identityUrl: string | null;
}

interface TokenBody {
  readonly token?: {
    readonly expires_at?: string;
    readonly user?: { readonly id?: string };
    readonly project?: { readonly id?: string };
    readonly roles?: readonly { readonly name?: string }[];
    readonly catalog?: readonly {
      readonly type?: string;
      readonly endpoints?: readonly { interface?: string; region?: string; region_id?: string; url?: string }[];
    }[];
  };
}

const domainOf = (id: string | undefined, name: string | undefined) => (id ? { id } : { name: name ?? 'Default' });

function loginBody(who: Credentials): unknown {
  const domain = domainOf(who.domainId, who.domain);
  const user = who.userId ? { id: who.userId } : { name: who.username ?? '', domain };
  const projectDomain =
    who.projectDomainId || who.projectDomain ? domainOf(who.projectDomainId, who.projectDomain) : domain;
  const project = who.projectId
    ? { id: who.projectId }
    : who.project
      ? { name: who.project, domain: projectDomain }
      : null;
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { ...user, password: who.password } } },
      ...(project ? { scope: { project } } : {}),
    },
  };
}

function endpointUrl(type: string, body: TokenBody, who: Credentials): string | null {
  const wanted = who.interface?.replace(/URL$/, '') ?? 'public';
  const endpoints = body.token?.catalog?.find((service) => service.type === type)?.endpoints ?? [];
  const inRegion = endpoints.filter((e) => !who.region || e.region_id === who.region || e.region === who.region);
  return inRegion.find((endpoint) => endpoint.interface === wanted)?.url ?? null;
}

/** The URL of Identity v3 itself. */
export function identityUrl(authUrl: string): string {
  const trimmed = authUrl.replace(/\/+$/, '');
  return trimmed.endsWith('/v3') ? trimmed : `${trimmed}/v3`;
}

/** Gets a token by password. Throws `ClientError`: 401 where user, password or project are wrong. */
export async function login(who: Credentials, shared?: Connections): Promise<Login> {
  const connections = shared ?? openConnections(who.tls);
  const call: Call = {
    method: 'POST',
    url: new URL(`${identityUrl(who.authUrl)}/auth/tokens`),
    body: loginBody(who),
    deadlineMs: who.deadlineMs ?? 10_000,
  };
  try {
    const answer = await send(connections, call);
    const body = (jsonOf(call, answer) ?? {}) as TokenBody;
    const token = answer.headers['x-subject-token'];
    if (typeof token !== 'string' || !body.token)
      throw new ClientError(callName(call), answer.status, 'InvalidResponse', 'The answer to the login has no token.');
    return {
      token,
      expiresAt: body.token.expires_at ?? '',
      projectId: body.token.project?.id ?? null,
      userId: body.token.user?.id ?? '',
      roles: (body.token.roles ?? []).map((role) => role.name ?? ''),
      networkUrl: endpointUrl('network', body, who),
      identityUrl: endpointUrl('identity', body, who),
    };
  } finally {
    if (!shared) connections.close();
  }
}
