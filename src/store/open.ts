/** The store that a configuration names. */
import type { Clock } from '../lib/clock.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import type { Store } from './store.ts';

/** Where the rows are, read from a URL. */
export type Connection = { readonly sqlite: string } | { readonly postgres: string };

const forms =
  'sqlite:////absolute/path, postgresql://user:password@host/database or postgresql:///database?host=/socket/folder';

/**
 * Reads `[database] connection` as oslo.db has it. A driver such as `+psycopg2` is passed over. A path of SQLite is absolute,
 * with three slashes or four: a service has no folder of its own that a path could be relative to.
 * @throws a sentence for the operator, without the URL, since it may hold a password.
 */
export function parseConnection(url: string): Connection {
  const match = /^([a-z]+)(?:\+[a-z0-9]+)?:\/\/(.*)$/s.exec(url.trim());
  const [, scheme, rest = ''] = match ?? [];
  if (scheme === 'sqlite' && /^\/+[^/]/.test(rest)) return { sqlite: `/${rest.replace(/^\/+/, '')}` };
  if ((scheme === 'postgresql' || scheme === 'postgres') && /^[^/]*\/[^/?]/.test(rest)) {
    return { postgres: `postgresql://${rest}` };
  }
  const found = scheme ? `a URL of ${scheme}` : 'no such URL';
  throw new Error(`[database] connection is ${found}; expected is ${forms}.`);
}

/** Opens the store that an oslo-style URL names. */
export function openStore(options: { connection: string; clock: Clock }): Promise<Store> {
  const connection = parseConnection(options.connection);
  return 'sqlite' in connection
    ? openSqlite({ path: connection.sqlite, clock: options.clock })
    : openPostgres({ url: connection.postgres, clock: options.clock });
}
