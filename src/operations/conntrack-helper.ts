/** Conntrack helpers of routers (neutron/services/conntrack_helper/plugin.py). */
import { badRequest } from '../model/faults.ts';
import { conntrackHelperNotFound } from '../model/faults-conntrack-helper.ts';
import { conntrackHelper } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { checkHelper } from '../rules/conntrack-helper.ts';
import type { Reader } from '../store/store.ts';
import type { Context, Operations } from './context.ts';

type Helper = Row<typeof conntrackHelper>;

/** The helper may be, and its router has no other that is the same. */
async function check(c: Context, row: Helper): Promise<void> {
  const { router_id, protocol, port, helper } = row;
  checkHelper(helper, protocol);
  const same = await c.t.first(conntrackHelper, { router_id, protocol, port, helper });
  if (!same || same.id === row.id) return;
  const values = `{'router_id': '${router_id}', 'protocol': '${protocol}', 'port': ${port}, 'helper': '${helper}'}`;
  throw badRequest(
    'conntrack_helper',
    `A duplicate conntrack helper entry with same attributes already exists, conflicting values are ${values}`,
  );
}

/** The helpers of each of these routers as its body shows them, with one query. */
export async function helpersOf(
  r: Reader,
  routerIds: readonly string[],
): Promise<ReadonlyMap<string, Pick<Helper, 'protocol' | 'port' | 'helper'>[]>> {
  const rows = routerIds.length > 0 ? await r.find(conntrackHelper, { router_id: [...routerIds] }) : [];
  const byRouter = Map.groupBy(rows, (row) => row.router_id);
  return new Map(
    [...byRouter].map(([id, own]) => [id, own.map(({ protocol, port, helper }) => ({ protocol, port, helper }))]),
  );
}

/** What the API calls. */
export const conntrackHelperOperations: Operations<typeof conntrackHelper> = {
  resource: conntrackHelper,
  notFound: conntrackHelperNotFound,
  async create(c, draft, parent) {
    const row: Helper = {
      id: c.random.uuid(),
      project_id: String(parent?.project_id ?? ''),
      router_id: String(parent?.id ?? ''),
      protocol: draft.protocol ?? 'tcp',
      port: draft.port ?? 0,
      helper: draft.helper ?? '',
    };
    await check(c, row);
    c.t.wake([`router/${row.router_id}`]);
    return c.t.insert(conntrackHelper, row);
  },
  async update(c, row, changes) {
    await check(c, { ...row, ...changes });
    const result = await c.t.update(conntrackHelper, row.id, changes);
    if (!result) throw conntrackHelperNotFound(row.id);
    c.t.wake([`router/${row.router_id}`]);
    return result;
  },
  remove: async (c, row) => {
    await c.t.delete(conntrackHelper, row.id);
    c.t.wake([`router/${row.router_id}`]);
  },
};
