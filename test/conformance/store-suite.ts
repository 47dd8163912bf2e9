/** What every store does, whatever database is under it. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ManualClock } from '../../src/lib/clock.ts';
import {
  agent,
  floatingip,
  ipAllocation,
  network,
  networkSegment,
  port,
  quotaUsage,
  roleAssignment,
  subnet,
} from '../../src/model/index.ts';
import type { Record_, Row } from '../../src/model/language.ts';
import { ConstraintError, type Reader, type Store, type Transactor } from '../../src/store/store.ts';
import type { WriterLimits } from '../../src/store/writer.ts';
import { networkRow, portRow, subnetRow } from './store-rows.ts';

/** Opens a store on a new, empty database; closed and removed by the suite's caller. */
export type OpenEmpty = (options: { clock: ManualClock; limits?: Partial<WriterLimits> }) => Promise<Store>;

type Open = (limits?: Partial<WriterLimits>) => Promise<{ store: Store; clock: ManualClock }>;

/** Runs the suite on stores that `openEmpty` makes. */
export function storeSuite(openEmpty: OpenEmpty): void {
  const stores: Store[] = [];
  const open: Open = async (limits = {}) => {
    const clock = new ManualClock();
    const store = await openEmpty({ clock, limits });
    stores.push(store);
    return { store, clock };
  };
  for (const [name, tests] of Object.entries({ rows, constraints, transactions, journal })) {
    describe(name, () => {
      afterEach(async () => {
        for (const store of stores.splice(0)) await store.close();
      });
      tests(open);
    });
  }
}

function rows(open: Open): void {
  it('come back as they were stored, fields in the order of the model', async () => {
    const { store } = await open();
    const row = { ...networkRow('n1'), tags: ['b', 'é"\\'], 'provider:network_type': 'vxlan' as const };
    const stored = await store.transact((t) => t.insert(network, row as Row<typeof network>));
    assert.deepEqual(await store.read((r) => r.get(network, 'n1')), stored);
    const columns = Object.entries(network.fields).filter(([, field]) => field.stored !== false);
    assert.deepEqual(
      Object.keys(stored),
      columns.map(([name]) => name),
    );
    assert.equal(stored.admin_state_up, true);
    assert.equal(stored.shared, false);
    assert.deepEqual(stored.tags, ['b', 'é"\\']);
    assert.equal(stored.revision_number, 0);
    assert.equal(stored.created_at, '2026-01-01T00:00:00Z');
    assert.equal(stored['provider:segmentation_id'], null);
  });

  it('keep JSON as it was given: the order of members too', async () => {
    const { store } = await open();
    const configurations = { zebra: 1, apple: { y: [1, 'two', null], b: true } };
    const row = {
      id: 'a1',
      agent_type: 'L3 agent',
      binary: 'neutron-l3-agent',
      topic: 'l3_agent',
      host: 'h',
      availability_zone: null,
      admin_state_up: true,
      description: null,
      created_at: '',
      started_at: '',
      heartbeat_timestamp: '',
      configurations,
    };
    await store.transact((t) => t.insert(agent, row as unknown as Row<typeof agent>));
    const found = await store.read((r) => r.get(agent, 'a1'));
    assert.equal(JSON.stringify(found?.configurations), JSON.stringify(configurations));
  });

  it('change: the revision rises and the time moves, but not quietly', async () => {
    const { store, clock } = await open();
    await store.transact((t) => t.insert(network, networkRow('n1')));
    clock.advance(5000);
    const renamed = await store.transact((t) => t.update(network, 'n1', { name: 'x', revision_number: 77 }));
    assert.equal(renamed?.name, 'x');
    assert.equal(renamed?.revision_number, 1);
    assert.equal(renamed?.updated_at, '2026-01-01T00:00:05Z');
    assert.equal(renamed?.created_at, '2026-01-01T00:00:00Z');
    clock.advance(5000);
    const quiet = await store.transact((t) => t.update(network, 'n1', { status: 'DOWN' }, { quiet: true }));
    assert.deepEqual(quiet, { ...renamed, status: 'DOWN' });
    const touched = await store.transact((t) => t.update(network, 'n1', {}));
    assert.deepEqual(touched, { ...quiet, revision_number: 2, updated_at: '2026-01-01T00:00:10Z' });
    assert.deepEqual(await store.read((r) => r.get(network, 'n1')), touched);
    assert.equal(await store.transact((t) => t.update(network, 'none', { name: 'x' })), undefined);
  });

  it('match by equality, membership and null, in the order of the key', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      for (const id of ['n3', 'n1', 'n2']) await t.insert(network, networkRow(id, { mtu: id === 'n2' ? 9000 : 1500 }));
    });
    const ids = async (match: Parameters<Reader['find']>[1]) =>
      (await store.read((r) => r.find(network, match))).map(({ id }) => id);
    assert.deepEqual(await ids({}), ['n1', 'n2', 'n3']);
    assert.deepEqual(await ids({ mtu: 1500 }), ['n1', 'n3']);
    assert.deepEqual(await ids({ id: ['n3', 'n2', 'n9'] }), ['n2', 'n3']);
    assert.deepEqual(await ids({ id: [] }), []);
    assert.deepEqual(await ids({ 'provider:network_type': null, mtu: [9000] }), ['n2']);
    assert.deepEqual(await ids({ admin_state_up: [true, false] }), ['n1', 'n2', 'n3']);
    assert.equal(await store.read((r) => r.count(network, { mtu: 1500 })), 2);
    assert.equal((await store.read((r) => r.first(network, { mtu: 1500 })))?.id, 'n1');
    assert.equal(await store.read((r) => r.first(network, { mtu: 1 })), undefined);
    await assert.rejects(ids({ mtu: undefined }), /no value for mtu/);
    await assert.rejects(ids({ 'x" or 1=1 --': 1 }), /has no column/);
  });

  it('are not found by ids that no database stores', async () => {
    const { store } = await open();
    assert.equal(await store.read((r) => r.get(network, 'a\u0000b')), undefined);
    assert.equal(await store.read((r) => r.get(network, '\ud800')), undefined);
  });

  it('are inserted, changed and removed by many', async () => {
    const { store } = await open();
    const many = Array.from({ length: 300 }, (_, i) => networkRow(`n${String(i).padStart(3, '0')}`, { mtu: i % 2 }));
    const inserted = await store.transact((t) => t.insertMany(network, many));
    assert.deepEqual(await store.read((r) => r.find(network)), inserted);
    assert.equal(await store.transact((t) => t.updateMany(network, { mtu: 1 }, { tags: ['odd'] })), 150);
    const odd = await store.read((r) => r.first(network, { mtu: 1 }));
    assert.deepEqual([odd?.tags, odd?.revision_number], [['odd'], 1]);
    assert.equal(await store.transact((t) => t.deleteMany(network, { mtu: [0, 7] })), 150);
    assert.equal(await store.transact((t) => t.delete(network, 'n001')), true);
    assert.equal(await store.transact((t) => t.delete(network, 'n001')), false);
    assert.equal(await store.read((r) => r.count(network)), 149);
    assert.deepEqual(await store.transact((t) => t.insertMany(network, [])), []);
  });

  it('with a key of several columns are changed by match', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      await withPort(t);
      await t.insert(ipAllocation, { subnet_id: 's1', ip_address: '10.0.0.2', network_id: 'n1', port_id: 'p1' });
    });
    const match = { subnet_id: 's1', ip_address: '10.0.0.2' };
    assert.equal(await store.transact((t) => t.updateMany(ipAllocation, match, { ip_address: '10.0.0.3' })), 1);
    assert.deepEqual(
      (await store.read((r) => r.find(ipAllocation))).map((row) => row.ip_address),
      ['10.0.0.3'],
    );
    await assert.rejects(
      store.read((r) => r.get(ipAllocation, 'x')),
      /key of the record ip_allocation is subnet_id, ip_address/,
    );
  });

  it('usage is added to in one statement', async () => {
    const { store } = await open();
    const used = await Promise.all([5, 2, -3].map((by) => store.transact((t) => t.addUsage('p', 'port', by))));
    assert.deepEqual(used, [5, 7, 4]);
    assert.deepEqual(await store.read((r) => r.find(quotaUsage)), [{ project_id: 'p', resource: 'port', used: 4 }]);
  });

  it('refuse values that are none of the column', async () => {
    const { store } = await open();
    const insert = (row: object) => store.transact((t) => t.insert(network, { ...networkRow('n1'), ...row }));
    await assert.rejects(insert({ mtu: '1500' }), /network\.mtu is a string, where integer is expected/);
    await assert.rejects(insert({ name: null }), /network\.name is null/);
    await assert.rejects(insert({ mtu: undefined }), /network\.mtu is missing/);
    await assert.rejects(
      store.transact((t) => t.update(network, 'n1', { nonsense: 1 } as object)),
      /has no column "nonsense"/,
    );
  });
}

async function withPort(t: Transactor): Promise<void> {
  await t.insert(network, networkRow('n1'));
  await t.insert(subnet, subnetRow('s1', 'n1'));
  await t.insert(port, portRow('p1', 'n1'));
}

function constraints(open: Open): void {
  const refused = (constraint: string, record: string, columns: string[]) => (error: unknown) => {
    assert(error instanceof ConstraintError, String(error));
    assert.deepEqual([error.constraint, error.record, error.columns], [constraint, record, columns]);
    return true;
  };

  it('name the record and the columns of what stands twice', async () => {
    const { store } = await open();
    await store.transact(withPort);
    const insert = <R extends Record_>(record: R, row: Row<R>) => store.transact((t) => t.insert(record, row));
    await assert.rejects(insert(network, networkRow('n1')), refused('unique', 'network', ['id']));
    const mac = ['network_id', 'mac_address'];
    const twin = { ...portRow('p2', 'n1'), mac_address: portRow('p1', 'n1').mac_address };
    await assert.rejects(insert(port, twin), refused('unique', 'port', mac));
    await insert(port, portRow('p2', 'n1'));
    const rename = store.transact((t) => t.update(port, 'p2', { mac_address: twin.mac_address }));
    await assert.rejects(rename, refused('unique', 'port', mac));
    const both = [portRow('p3', 'n1'), { ...twin, id: 'p4' }];
    await assert.rejects(
      store.transact((t) => t.insertMany(port, both)),
      refused('unique', 'port', mac),
    );
    assert.equal(await store.read((r) => r.get(port, 'p3')), undefined);
    const address = { subnet_id: 's1', ip_address: '10.0.0.2', network_id: 'n1', port_id: 'p1' };
    await insert(ipAllocation, address);
    const again = refused('unique', 'ip_allocation', ['subnet_id', 'ip_address']);
    await assert.rejects(insert(ipAllocation, { ...address, port_id: 'p2' }), again);
  });

  it('let null stand many times in a unique constraint', async () => {
    const { store } = await open();
    const row = { network_id: 'n1', network_type: 'local', physical_network: '', segmentation_id: null };
    await store.transact(async (t) => {
      await t.insert(network, networkRow('n1'));
      await t.insert(networkSegment, { id: 'a', ...row });
      await t.insert(networkSegment, { id: 'b', ...row });
    });
    assert.equal(await store.read((r) => r.count(networkSegment)), 2);
  });

  it('keep references whole', async () => {
    const { store } = await open();
    await store.transact(withPort);
    const dangling = store.transact((t) => t.insert(subnet, subnetRow('s2', 'none')));
    await assert.rejects(dangling, refused('reference', 'subnet', []));
    const held = store.transact((t) => t.delete(network, 'n1'));
    await assert.rejects(held, refused('reference', 'network', []));
    const byNobody = { user_id: 'u', project_id: 'p', role_id: 'r' };
    const grant = store.transact((t) => t.insert(roleAssignment, byNobody));
    await assert.rejects(grant, refused('reference', 'role_assignment', []));
  });

  it('take along what goes by cascade', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      await withPort(t);
      await t.insert(ipAllocation, { subnet_id: 's1', ip_address: '10.0.0.2', network_id: 'n1', port_id: 'p1' });
      assert.equal(await t.delete(port, 'p1'), true);
      assert.equal(await t.count(ipAllocation), 0);
    });
    assert.equal(await store.read((r) => r.count(floatingip)), 0);
  });
}

function transactions(open: Open): void {
  const names = async (store: Store) => (await store.read((r) => r.find(network))).map(({ id }) => id);

  it('undo a work that fails, and only that one of those that share a commit', async () => {
    const { store } = await open();
    const results = await Promise.allSettled(
      Array.from({ length: 150 }, (_, i) =>
        store.transact(async (t) => {
          const id = String(i).padStart(3, '0');
          await t.insert(network, networkRow(`a${id}`));
          await t.insert(network, networkRow(`b${id}`));
          if (i % 3 === 0) throw new Error(`no ${i}`);
          if (i % 3 === 1) await t.insert(network, networkRow(`a${id}`));
          return i;
        }),
      ),
    );
    const kept = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []));
    assert.deepEqual(
      kept,
      Array.from({ length: 50 }, (_, i) => 3 * i + 2),
    );
    const expected = kept.map((i) => String(i).padStart(3, '0'));
    assert.deepEqual(await names(store), [...expected.map((id) => `a${id}`), ...expected.map((id) => `b${id}`)]);
  });

  it('see what the works before them wrote, in the order of the calls', async () => {
    const { store } = await open();
    const seen = await Promise.all(
      [0, 1, 2, 3].map((i) =>
        store.transact(async (t) => {
          const before = await t.count(network);
          await t.insert(network, networkRow(`n${i}`));
          return before;
        }),
      ),
    );
    assert.deepEqual(seen, [0, 1, 2, 3]);
  });

  it('are lost once a statement failed, whatever the work makes of the error', async () => {
    const { store } = await open();
    await store.transact((t) => t.insert(network, networkRow('n1')));
    const swallowed = store.transact(async (t) => {
      await t.insert(network, networkRow('n2'));
      await t.insert(network, networkRow('n1')).catch(() => {});
    });
    await assert.rejects(swallowed, ConstraintError);
    const translated = store.transact(async (t) => {
      await t.insert(network, networkRow('n1')).catch(() => {
        throw new Error('in use');
      });
    });
    await assert.rejects(translated, /in use/);
    assert.deepEqual(await names(store), ['n1']);
  });

  it('end with their work', async () => {
    const { store } = await open();
    let kept: Transactor | undefined;
    await store.transact(async (t) => {
      kept = t;
    });
    await assert.rejects(kept?.insert(network, networkRow('n1')) ?? Promise.resolve(), /transaction is over/);
  });

  it('are whole or refused where the work does not await its statements', async () => {
    const { store } = await open();
    const hasty = store.transact(async (t) => {
      void t.insert(network, networkRow('n1')).catch(() => {});
    });
    const done = await hasty.then(
      () => ['n1'],
      (error: Error) => {
        assert.match(error.message, /await each of them/);
        return [];
      },
    );
    assert.deepEqual(await names(store), done);
  });

  it('have a deadline, after which the next ones go on', async () => {
    const { store } = await open({ workMs: 50 });
    const stuck = store.transact(async (t) => {
      await t.insert(network, networkRow('n1'));
      await new Promise(() => {});
    });
    const next = store.transact((t) => t.insert(network, networkRow('n2')));
    await assert.rejects(stuck, /ran for more than 50 ms/);
    await next;
    assert.deepEqual(await names(store), ['n2']);
  });

  it('are refused as busy when too many wait', async () => {
    const { store } = await open({ queued: 2 });
    const works = [1, 2, 3].map((i) => store.transact((t) => t.insert(network, networkRow(`n${i}`))));
    const results = await Promise.allSettled(works);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
    await assert.rejects(works[2] as Promise<unknown>, { type: 'ServiceUnavailable', status: 503 });
  });

  it('leave a reader its snapshot', async () => {
    const { store } = await open();
    await store.transact((t) => t.insert(network, networkRow('n1')));
    await store.read(async (r) => {
      assert.equal(await r.count(network), 1);
      await store.transact((t) => t.insert(network, networkRow('n2')));
      assert.equal(await r.count(network), 1);
      assert.equal(await r.get(network, 'n2'), undefined);
    });
    assert.equal(await store.read((r) => r.count(network)), 2);
  });

  it('are seen by readers when they are committed, not before', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      await t.insert(network, networkRow('n1'));
      assert.equal(await store.read((r) => r.count(network)), 0);
    });
    assert.equal(await store.read((r) => r.count(network)), 1);
  });

  it('let many read at once', async () => {
    const { store } = await open();
    await store.transact((t) => t.insert(network, networkRow('n1')));
    const reads = Array.from({ length: 100 }, (_, i) =>
      store.read(async (r) => {
        if (i % 10 === 0) throw new Error('mine');
        await r.get(network, 'n1');
        return (await r.find(network)).length;
      }),
    );
    const results = await Promise.allSettled(reads);
    assert.equal(results.filter((result) => result.status === 'fulfilled' && result.value === 1).length, 90);
  });

  it('are refused after close, which waits for those that were taken', async () => {
    const { store } = await open();
    const taken = store.transact((t) => t.insert(network, networkRow('n1')));
    const closing = store.close();
    assert.equal((await taken).id, 'n1');
    await closing;
    await assert.rejects(
      store.transact((t) => t.head()),
      /closed/,
    );
    await assert.rejects(
      store.read((r) => r.head()),
      /closed/,
    );
  });
}

function journal(open: Open): void {
  it('has one entry for each work that woke somebody, keys once', async () => {
    const { store } = await open();
    assert.deepEqual(await store.read(async (r) => [await r.head(), await r.oldest()]), [0, 1]);
    await store.transact(async (t) => {
      t.wake(['network/n1', 'dhcp/n1']);
      t.wake(['network/n1']);
    });
    await store.transact(async () => {});
    await assert.rejects(
      store.transact(async (t) => {
        t.wake(['network/n2']);
        throw new Error('no');
      }),
    );
    const entries = await store.read((r) => r.journal(0, 10));
    assert.deepEqual(
      entries.map(({ keys }) => keys),
      [['network/n1', 'dhcp/n1']],
    );
    assert.equal(await store.read((r) => r.head()), entries[0]?.rev);
    assert.deepEqual(await store.read((r) => r.journal(entries[0]?.rev ?? 0, 10)), []);
  });

  it('is in the order of commits under concurrency, and wakes after them', async () => {
    const { store } = await open();
    let seen = 0;
    const order: string[] = [];
    const reading: Promise<void>[] = [];
    store.onCommit(() => {
      reading.push(
        store.read(async (r) => {
          for (const { rev, keys } of await r.journal(seen, 1000)) {
            assert(rev > seen);
            seen = rev;
            order.push(...keys);
          }
        }),
      );
    });
    const acknowledged: string[] = [];
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        await store.transact(async (t) => {
          await t.addUsage('p', 'port', 1);
          t.wake([`port/${i}`]);
        });
        acknowledged.push(`port/${i}`);
      }),
    );
    await Promise.all(reading);
    assert.deepEqual(order, acknowledged);
  });

  it('keeps the newest entries and says which is the oldest', async () => {
    const { store } = await open({ journalEntries: 10 });
    for (let batch = 0; batch < 25; batch++) {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.transact(async (t) => t.wake([`port/${batch * 50 + i}`]))),
      );
    }
    const { head, oldest, entries } = await store.read(async (r) => ({
      head: await r.head(),
      oldest: await r.oldest(),
      entries: await r.journal(0, 5000),
    }));
    assert.equal(entries[0]?.rev, oldest);
    assert.equal(entries.at(-1)?.rev, head);
    assert(entries.length >= 10 && entries.length < 1250, `${entries.length} entries`);
  });

  it('stops waking who asked it to', async () => {
    const { store } = await open();
    let first = 0;
    let second = 0;
    const stop = store.onCommit(() => first++);
    store.onCommit(() => second++);
    await store.transact(async (t) => t.wake(['port/1']));
    stop();
    const before = first;
    await store.transact(async (t) => t.wake(['port/2']));
    assert.equal(before > 0 && first === before && second > before, true);
  });
}
