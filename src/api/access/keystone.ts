/**
 * Callers by the tokens of a Keystone, as keystonemiddleware's auth_token has it: a token is shown to Keystone, what it says is
 * remembered for `token_cache_time`, and while Keystone is away nobody new comes in.
 */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { TokenVerifier, VerifiedToken } from '../../client/keystone.ts';
import type { Clock } from '../../lib/clock.ts';
import { busy, Fault, unauthorized } from '../../model/faults.ts';
import type { Caller } from '../../operations/context.ts';
import { keystoneAway } from '../identity/faults.ts';
import { headerToken } from '../identity/identity.ts';
import { memory } from '../wire/memory.ts';
import type { Access } from './access.ts';

/** What it takes to ask a Keystone. */
export interface KeystoneAccessOptions {
  readonly verify: TokenVerifier;
  /** How long an answer is remembered, seconds; below 0: not at all. A token revoked meanwhile is good until then. */
  readonly cacheSeconds: number;
  /** A token in X-Service-Token with one of these roles lets a token in that has ended. */
  readonly serviceRoles: readonly string[];
  /** Whether a service token without such a role is refused. */
  readonly serviceRolesRequired: boolean;
  /** Where clients log in, for 401s; '' where that is not known. */
  readonly publicAuthUrl: string;
  /** Told, in words without secrets, why Keystone could not be asked. */
  readonly warn: (sentence: string) => void;
  readonly clock: Clock;
}

/** How many tokens may be asked about at a time. */
const maxUnderWay = 256;
const remembered = 10_000;

/** Asks about each token once at a time, and again when the answer is old. */
export function rememberingVerifier(options: KeystoneAccessOptions): TokenVerifier {
  const { verify, cacheSeconds, clock } = options;
  const known = memory<{ verified: VerifiedToken; untilMs: number }>(remembered);
  const underWay = new Map<string, Promise<VerifiedToken | undefined>>();
  return async (token, how) => {
    const key = `${how.allowExpired}${createHash('sha256').update(token).digest('base64')}`;
    const found = known.get(key);
    if (found && clock.now() < found.untilMs) return found.verified;
    const asked = underWay.get(key);
    if (asked) return asked;
    if (underWay.size >= maxUnderWay) throw busy('The check of tokens');
    const asking = verify(token, how).finally(() => underWay.delete(key));
    underWay.set(key, asking);
    const verified = await asking;
    if (!verified || cacheSeconds <= 0) {
      known.delete(key);
      return verified;
    }
    const until = clock.now() + cacheSeconds * 1000;
    known.set(key, { verified, untilMs: how.allowExpired ? until : Math.min(until, verified.expiresMs) });
    return verified;
  };
}

// As in Neutron, where the scope of policies is enforced: without a project nobody administers networks.
function callerFrom({ userId, projectId, roles }: VerifiedToken): Caller {
  const isScoped = projectId !== '';
  return { userId, projectId, roles: isScoped ? roles : [], isAdmin: isScoped && roles.includes('admin') };
}

/** What went wrong, with what was called; no token is part of either. */
export function wordsOf(error: unknown): string {
  const { message, call } = error as { message?: unknown; call?: unknown };
  const text = String(message ?? error);
  return typeof call === 'string' && !text.includes(call) ? `${call}: ${text}` : text;
}

/** Takes callers for what a Keystone says. */
export function keystoneAccess(options: KeystoneAccessOptions): Access {
  const { clock, publicAuthUrl, serviceRoles } = options;
  const verify = rememberingVerifier(options);
  let toldMs = Number.NEGATIVE_INFINITY;
  const ask: TokenVerifier = async (token, how) => {
    try {
      return await verify(token, how);
    } catch (error) {
      // Too many under way: that is an answer already.
      if (error instanceof Fault) throw error;
      // A sentence in half a minute is enough for the log.
      if (clock.now() - toldMs > 30_000) {
        toldMs = clock.now();
        options.warn(`Tokens cannot be checked by Keystone, so nobody new is let in: ${wordsOf(error)}`);
      }
      throw keystoneAway();
    }
  };
  /** Whether a service vouches for the request, so that a token that has ended is good still. */
  const isVouched = async (request: FastifyRequest): Promise<boolean> => {
    const token = headerToken(request, 'x-service-token');
    if (token === '') return false;
    const service = await ask(token, { allowExpired: false });
    const hasRole = service?.roles.some((role) => serviceRoles.includes(role)) ?? false;
    if (!service || service.expiresMs <= clock.now() || (options.serviceRolesRequired && !hasRole))
      throw unauthorized();
    return hasRole;
  };
  return {
    isProven: true,
    challenge: () => (publicAuthUrl === '' ? 'Keystone' : `Keystone uri="${publicAuthUrl}"`),
    async callerOf(request) {
      const token = headerToken(request, 'x-auth-token');
      if (token === '') throw unauthorized();
      const allowExpired = await isVouched(request);
      const verified = await ask(token, { allowExpired });
      if (!verified || (!allowExpired && verified.expiresMs <= clock.now())) throw unauthorized();
      return callerFrom(verified);
    },
  };
}
