/** Transactions and the journal that they leave. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { network } from '../../src/model/index.ts';
import { ConstraintError, type Store, type Transactor } from '../../src/store/store.ts';
import { networkRow } from './store-rows.ts';
import type { Open } from './store-suite.ts';

/** Atomicity, isolation, deadlines, bounds. */
export function transactions(open: Open): void {
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
    const twice = async (t: Transactor) => {
      await t.insert(network, networkRow('n2'));
      await t.insert(network, networkRow('n1'));
    };
    await assert.rejects(store.transact(twice), ConstraintError);
    const swallowed = store.transact(async (t) => {
      await twice(t);
      await t.find(network).catch(() => {});
      await t.touch(network, 'n1').catch(() => {});
    });
    await assert.rejects(swallowed, ConstraintError);
    const translated = store.transact(async (t) => {
      await twice(t);
      await t.find(network).catch((cause) => {
        throw new Error('in use', { cause });
      });
    });
    await assert.rejects(translated, ({ message, cause }: Error) => {
      assert.equal(message, 'in use');
      return cause instanceof ConstraintError;
    });
    assert.deepEqual(await names(store), ['n1']);
  });

  it('that fail by a write at their end take no other work of the commit with them', async () => {
    const { store } = await open();
    const insert = (id: string) => store.transact((t) => t.insert(network, networkRow(id)));
    const results = await Promise.allSettled(['n1', 'n2', 'n1', 'n3', 'n2', 'n4'].map(insert));
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(await names(store), ['n1', 'n2', 'n3', 'n4']);
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

/** Order, wakes, pruning. */
export function journal(open: Open): void {
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
