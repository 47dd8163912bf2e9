/** What a transaction remembers of its reads is never out of date. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { network, port, portSecurityGroup, securityGroup } from '../../src/model/index.ts';
import type { Transactor } from '../../src/store/store.ts';
import { groupRow, networkRow, portRow } from './store-rows.ts';
import type { Open } from './store-suite.ts';

const ids = ['1', '2', '3'] as const;

interface Act {
  readonly what:
    | 'insertPort'
    | 'insertMany'
    | 'rename'
    | 'renameMany'
    | 'deletePort'
    | 'deleteMany'
    | 'join'
    | 'leave'
    | 'none';
  readonly id: string;
  readonly on: string;
}

/** Does one thing, if it can be done: no statement may fail. */
async function act(t: Transactor, { what, id, on }: Act): Promise<void> {
  const isThere = (await t.list(port, { op: 'in', column: 'id', values: [id] })).length > 0;
  const isMember = (await t.list(portSecurityGroup, { op: 'in', column: 'port_id', values: [id] })).length > 0;
  switch (what) {
    case 'insertPort':
      if (!isThere) await t.insert(port, portRow(id, on));
      return;
    case 'insertMany':
      if (!isThere) await t.insertMany(port, [portRow(id, on)]);
      return;
    case 'rename':
      await t.update(port, id, { name: `${id} on ${on}` });
      return;
    case 'renameMany':
      await t.updateMany(port, { network_id: on }, { name: `all ${on}` });
      return;
    case 'deletePort':
      await t.delete(port, id);
      return;
    case 'deleteMany':
      await t.deleteMany(port, { network_id: on });
      return;
    case 'join':
      if (isThere && !isMember) await t.insert(portSecurityGroup, { port_id: id, security_group_id: on });
      return;
    case 'leave':
      await t.deleteMany(portSecurityGroup, { port_id: id });
  }
}

/** Everything, by reads that are remembered, and by lists, which are not. */
async function bothWays(t: Transactor): Promise<{ remembered: unknown; listed: unknown }> {
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
  const ports = await t.list(port, undefined);
  const members = await t.list(portSecurityGroup, undefined);
  const got = await Promise.all(ids.map((id) => t.get(port, id)));
  const found = (await Promise.all(ids.map((id) => t.find(port, { network_id: id })))).flat();
  const first = await t.first(port, { network_id: '2' });
  return {
    remembered: [got.filter((row) => row !== undefined), found.sort(byId), first?.id, await t.find(portSecurityGroup)],
    listed: [ports, [...ports].sort(byId), ports.find((row) => row.network_id === '2')?.id, members],
  };
}

/** Random writes, of works that end well and of works that fail, in shared commits. */
export function memory(open: Open): void {
  it('is what stands there, after whatever this work and those before it wrote', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      for (const id of ids) {
        await t.insert(network, networkRow(id));
        await t.insert(securityGroup, groupRow(id));
      }
    });
    const anAct = fc.record({
      what: fc.constantFrom(
        ...([
          'insertPort',
          'insertMany',
          'rename',
          'renameMany',
          'deletePort',
          'deleteMany',
          'join',
          'leave',
          'none',
        ] as const),
      ),
      id: fc.constantFrom(...ids),
      on: fc.constantFrom(...ids),
    });
    const aWork = fc.record({ acts: fc.array(anAct, { minLength: 1, maxLength: 8 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(aWork, { minLength: 1, maxLength: 4 }), async (works) => {
        const outcomes = works.map(({ acts, fails }) =>
          store.transact(async (t) => {
            for (const one of acts) {
              await act(t, one);
              const { remembered, listed } = await bothWays(t);
              assert.deepEqual(remembered, listed, one.what);
            }
            if (fails) throw new Error('undone');
          }),
        );
        for (const outcome of await Promise.allSettled(outcomes)) {
          if (outcome.status === 'rejected' && outcome.reason.message !== 'undone') throw outcome.reason;
        }
      }),
      { numRuns: 40 },
    );
  });
}
