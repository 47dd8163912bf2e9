/** A Keystone asked, with a service user, what tokens of others stand for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError } from './errors.ts';
import { type Call, type Connections, callName, jsonOf, openConnections, send } from './http.ts';
import { type Credentials, identityUrl, type Login, login } from './identity.ts';

/** What a token stands for. */
export interface VerifiedToken {
  readonly userId: string;
  /** '' for a token without a project: unscoped, or of a domain or the system. */
  readonly projectId: string;
  /** In lower case. */
  readonly roles: readonly string[];
  readonly expiresMs: number;
}

/**
 * Asks what a token stands for; `undefined`: it is good for nothing. Throws where Keystone cannot be asked. `allowExpired`: one
 * that has ended is good still.
 */
export type TokenVerifier = (
  token: string,
  how: { readonly allowExpired: boolean },
) => Promise<VerifiedToken | undefined>;

/** The service user, and how patient to be. */
export interface KeystoneOptions extends Credentials {
  /** How often a connection that fails is tried again. */
  readonly retries?: number;
}

/** A Keystone to ask. */
export interface Keystone {
  readonly verify: TokenVerifier;
  /** Logs in, to see whether that works; throws a ClientError. */
  check(): Promise<void>;
  close(): void;
}

interface TokenDocument {
  readonly expires_at?: unknown;
  readonly user?: { readonly id?: unknown };
  readonly project?: { readonly id?: unknown };
  readonly roles?: readonly { readonly name?: unknown }[];
  readonly application_credential?: { readonly access_rules?: unknown };
}

function verifiedFrom(call: Call, body: unknown): VerifiedToken | undefined {
  const token = (body as { token?: TokenDocument } | undefined)?.token;
  const expiresMs = Date.parse(String(token?.expires_at));
  const userId = token?.user?.id;
  if (typeof userId !== 'string' || Number.isNaN(expiresMs)) {
    const message = `${callName(call)}: the answer is no token`;
    throw new ClientError(callName(call), 200, 'InvalidResponse', message);
  }
  // Rules about single requests are not judged here, so what is under such rules is not let in.
  if (token?.application_credential?.access_rules) return undefined;
  const roles = (token?.roles ?? []).map((role) => String(role.name).toLowerCase());
  const project = token?.project?.id;
  return { userId, projectId: typeof project === 'string' ? project : '', roles, expiresMs };
}

/** The service user's token, got once for all who ask at a time, and anew a minute before it ends. */
function serviceLogin(options: KeystoneOptions, connections: Connections) {
  let current: Login | undefined;
  let underWay: Promise<Login> | undefined;
  const isGood = (one: Login) => Date.parse(one.expiresAt) - Date.now() > 60_000;
  return {
    async get(): Promise<Login> {
      if (current && isGood(current)) return current;
      underWay ??= login(options, connections).finally(() => {
        underWay = undefined;
      });
      current = await underWay;
      return current;
    },
    drop(token: string): void {
      if (current?.token === token) current = undefined;
    },
  };
}

async function retried<T>(retries: number, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isTransient = error instanceof ClientError && error.type === 'ConnectionFailed';
      if (!isTransient || attempt >= retries) throw error;
      await sleep(100 * 2 ** attempt);
    }
  }
}

const isStatus = (error: unknown, status: number) => error instanceof ClientError && error.status === status;

/** Opens connections to a Keystone; nothing is asked yet. */
export function openKeystone(options: KeystoneOptions): Keystone {
  const connections = openConnections(options.tls);
  const service = serviceLogin(options, connections);
  const ask = async (token: string, allowExpired: boolean, mayRenew: boolean): Promise<VerifiedToken | undefined> => {
    const asking = await service.get();
    const url = new URL(`${identityUrl(asking.identityUrl ?? options.authUrl)}/auth/tokens`);
    url.search = allowExpired ? 'nocatalog&allow_expired=1' : 'nocatalog';
    const headers = { 'x-auth-token': asking.token, 'x-subject-token': token };
    const call: Call = { method: 'GET', url, headers, deadlineMs: options.deadlineMs ?? 10_000 };
    try {
      return verifiedFrom(call, jsonOf(call, await send(connections, call)));
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      if (!isStatus(error, 401) || !mayRenew) throw error;
      // The service user's own token was ended before its time.
      service.drop(asking.token);
      return ask(token, allowExpired, false);
    }
  };
  return {
    // What a header cannot carry is no token.
    verify: async (token, { allowExpired }) =>
      /^[\x21-\x7e]+$/.test(token) ? retried(options.retries ?? 3, () => ask(token, allowExpired, true)) : undefined,
    check: async () => void (await service.get()),
    close: () => connections.close(),
  };
}
