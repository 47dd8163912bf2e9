/** Reading the body of `POST /auth/tokens`: who logs in, by what, for what. No message shows a secret. */
import type { Fault } from '../../model/faults.ts';
import { describe } from '../../model/types.ts';
import { isObject } from '../wire/json-body.ts';
import { defaultDomain } from './bootstrap.ts';
import { identityInvalid, methodNotSupported } from './faults.ts';

type Json = Record<string, unknown>;

/** A user or project as a request names it: by id, or by name in a domain. */
export type Named = { readonly id: string } | { readonly name: string; readonly inDefault: boolean };

/** An application credential as a request names it: by id, or by name and user. */
export type NamedCredential = { readonly id: string } | { readonly name: string; readonly user: Named };

/** By what somebody logs in. */
export type LogInMethod =
  | { readonly kind: 'password'; readonly user: Named; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'application_credential'; readonly credential: NamedCredential; readonly secret: string };

/** For what: `default` is the user's default project, `nowhere` a scope in which nobody has a role. */
export type WantedScope =
  | { readonly kind: 'default' | 'unscoped' | 'system' | 'nowhere' }
  | { readonly kind: 'project'; readonly project: Named };

/** What a log-in says. */
export interface LogInRequest {
  readonly method: LogInMethod;
  readonly scope: WantedScope;
}

const invalid = (where: string, expected: string, found: unknown): Fault =>
  identityInvalid(where, expected, typeof found === 'string' ? 'another text' : describe(found));

function objectAt(parent: Json, name: string, where: string): Json {
  const value = parent[name];
  if (!isObject(value)) throw invalid(`${where}.${name}`, 'an object', value === undefined ? undefined : 0);
  return value;
}

function textAt(parent: Json, name: string, where: string): string {
  const value = parent[name];
  const isText = typeof value === 'string' && value.length <= 4096 && value.isWellFormed() && !value.includes('\u0000');
  if (!isText) throw identityInvalid(`${where}.${name}`, 'a text', value === undefined ? 'nothing' : 'something else');
  return value;
}

function isDefaultDomain(value: unknown): boolean {
  if (!isObject(value)) return false;
  return value.id === defaultDomain.id || (typeof value.name === 'string' && value.name.toLowerCase() === 'default');
}

function readNamed(value: Json, where: string): Named {
  if (value.id !== undefined) return { id: textAt(value, 'id', where) };
  const name = textAt(value, 'name', where);
  if (!isObject(value.domain)) throw identityInvalid(`${where}.domain`, 'a domain beside the name', 'nothing');
  return { name, inDefault: isDefaultDomain(value.domain) };
}

function readScope(auth: Json): WantedScope {
  const { scope } = auth;
  if (scope === undefined) return { kind: 'default' };
  if (scope === 'unscoped') return { kind: 'unscoped' };
  if (!isObject(scope)) throw invalid('auth.scope', 'an object', scope);
  if (scope.unscoped !== undefined) return { kind: 'unscoped' };
  if (scope.project !== undefined)
    return {
      kind: 'project',
      project: readNamed(objectAt(scope, 'project', 'auth.scope'), 'auth.scope.project'),
    };
  if (isObject(scope.system) && scope.system.all === true) return { kind: 'system' };
  // There is one domain and nobody is assigned to it; trusts there are none.
  if (scope.domain !== undefined || scope['OS-TRUST:trust'] !== undefined) return { kind: 'nowhere' };
  throw invalid('auth.scope', 'an object with project, or system: {"all": true}', scope);
}

const readers: Readonly<Record<string, (identity: Json) => LogInMethod>> = {
  password(identity) {
    const where = 'auth.identity.password.user';
    const user = objectAt(objectAt(identity, 'password', 'auth.identity'), 'user', 'auth.identity.password');
    return { kind: 'password', user: readNamed(user, where), password: textAt(user, 'password', where) };
  },
  token(identity) {
    return { kind: 'token', token: textAt(objectAt(identity, 'token', 'auth.identity'), 'id', 'auth.identity.token') };
  },
  application_credential(identity) {
    const where = 'auth.identity.application_credential';
    const given = objectAt(identity, 'application_credential', 'auth.identity');
    const secret = textAt(given, 'secret', where);
    const kind = 'application_credential';
    if (given.id !== undefined) return { kind, secret, credential: { id: textAt(given, 'id', where) } };
    const user = readNamed(objectAt(given, 'user', where), `${where}.user`);
    return { kind, secret, credential: { name: textAt(given, 'name', where), user } };
  },
};

/** Reads the body of a log-in; throws a 400 fault, or a 401 for a way to log in that there is not. */
export function readLogIn(body: unknown): LogInRequest {
  if (!isObject(body)) throw identityInvalid('auth', 'an object', 'nothing');
  const auth = objectAt(body, 'auth', 'body');
  const identity = objectAt(auth, 'identity', 'auth');
  const { methods } = identity;
  if (!Array.isArray(methods) || methods.length === 0)
    throw identityInvalid('auth.identity.methods', `a list with one of ${Object.keys(readers).join(', ')}`, 'nothing');
  const [method] = methods;
  const read = typeof method === 'string' && Object.hasOwn(readers, method) ? readers[method] : undefined;
  if (!read || methods.length > 1) throw methodNotSupported();
  return { method: read(identity), scope: readScope(auth) };
}
