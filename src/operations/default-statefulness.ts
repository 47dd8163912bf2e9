/** Whether new security groups are stateful (neutron/db/security_groups_default_statefulness.py). */

import { defaultStatefulnessExists, defaultStatefulnessNotFound } from '../model/faults-security-group-defaults.ts';
import { defaultStatefulness } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import type { Context, Operations } from './context.ts';

type Setting = Row<typeof defaultStatefulness>;

/** Whether a new group of the project is stateful: by its own setting, by the one for all, or else true. */
export async function defaultStateful(c: Context, projectId: string): Promise<boolean> {
  const own = await c.t.first(defaultStatefulness, { project_id: projectId });
  const setting = own ?? (await c.t.first(defaultStatefulness, { project_id: null }));
  return setting?.stateful ?? true;
}

async function create(c: Context, draft: Draft<typeof defaultStatefulness>): Promise<Setting> {
  const project_id = draft.project_id || null;
  if (await c.t.first(defaultStatefulness, { project_id }))
    throw defaultStatefulnessExists(project_id ?? 'system-wide');
  return c.t.insert(defaultStatefulness, { id: c.random.uuid(), project_id, stateful: draft.stateful ?? true });
}

/** What the API calls. */
export const defaultStatefulnessOperations: Operations<typeof defaultStatefulness> = {
  resource: defaultStatefulness,
  notFound: defaultStatefulnessNotFound,
  create,
  async update(c, row, changes) {
    const result = await c.t.update(defaultStatefulness, row.id, changes);
    if (!result) throw defaultStatefulnessNotFound(row.id);
    return result;
  },
  remove: async (c, row) => {
    await c.t.delete(defaultStatefulness, row.id);
  },
};
