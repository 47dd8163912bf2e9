/** Address scopes. */

import { invalidInput } from '../model/faults.ts';
import { addressScopeInUse, addressScopeNotFound, addressScopeUpdateError } from '../model/faults-addresses.ts';
import { addressScope, subnetpool } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import type { Context, Operations } from './context.ts';
import { type SharedObject, shareable } from './sharing.ts';

type ScopeRow = Row<typeof addressScope>;

async function createScope(c: Context, draft: Draft<typeof addressScope>): Promise<ScopeRow> {
  const version = draft.ip_version ?? 4;
  if (version !== 4 && version !== 6) throw invalidInput(`'${version}' is not in [4, 6]: ip_version`);
  return c.t.insert(addressScope, {
    id: c.random.uuid(),
    project_id: draft.project_id ?? c.caller.projectId,
    name: draft.name ?? '',
    ip_version: version,
    shared: draft.shared ?? false,
  });
}

async function updateScope(c: Context, row: ScopeRow, changes: Partial<ScopeRow>): Promise<ScopeRow> {
  const result = await c.t.update(addressScope, row.id, changes);
  if (!result) throw addressScopeNotFound(row.id);
  return result;
}

async function removeScope(c: Context, row: ScopeRow): Promise<void> {
  if (await c.t.first(subnetpool, { address_scope_id: row.id })) throw addressScopeInUse(row.id);
  await c.t.delete(addressScope, row.id);
}

/** What is shared with everybody stays so, as in Neutron. */
async function checkUnshare(_c: Context, row: SharedObject): Promise<void> {
  throw addressScopeUpdateError(row.id, "Shared address scope can't be unshared");
}

/** What the API calls. */
export const addressScopeOperations: Operations<typeof addressScope> = shareable(
  {
    resource: addressScope,
    notFound: addressScopeNotFound,
    create: createScope,
    update: updateScope,
    remove: removeScope,
  },
  { checkUnshare },
);
