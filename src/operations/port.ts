/** Ports: creating, changing and deleting them, for users and for the resources that have ports of their own. */
import { portNotFound } from '../model/faults.ts';
import { port } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import type { Context, Operations } from './context.ts';

/**
 * Creates a port. `owner: 'system'`: made for a router, a floating IP or DHCP: its network need not be visible to the caller,
 * and quota is counted, never refused.
 */
export async function createPort(
  _c: Context,
  _draft: Draft<typeof port>,
  _options: { owner?: 'system' } = {},
): Promise<Row<typeof port>> {
  throw new Error('not built yet');
}

/** Changes a port. */
export async function updatePort(
  _c: Context,
  _row: Row<typeof port>,
  _changes: Partial<Row<typeof port>>,
): Promise<Row<typeof port>> {
  throw new Error('not built yet');
}

/** Deletes a port. `force`: also one that a router or a floating IP has. */
export async function removePort(
  _c: Context,
  _row: Row<typeof port>,
  _options: { force?: boolean } = {},
): Promise<void> {
  throw new Error('not built yet');
}

/** What the API calls. */
export const portOperations: Operations<typeof port> = {
  resource: port,
  notFound: portNotFound,
  create: (c, draft) => createPort(c, draft),
  update: (c, row, changes) => updatePort(c, row, changes),
  remove: (c, row) => removePort(c, row),
};
