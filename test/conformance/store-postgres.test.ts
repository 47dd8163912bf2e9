/** The store's suite on PostgreSQL, and what only several servers have. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ManualClock } from '../../src/lib/clock.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import type { Store } from '../../src/store/store.ts';
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { listSuite } from './store-list-suite.ts';
import { storeSuite } from './store-suite.ts';

const missing = postgresMissing();

describe('store on PostgreSQL', { skip: missing ?? false }, () => {
  let postgres: TestPostgres;
  const stores: Store[] = [];
  before(async () => {
    postgres = await startPostgres();
  });
  after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await postgres?.stop();
  });
  const openUrl = async (url: string, options: object = {}) => {
    const store = await openPostgres({ url, clock: new ManualClock(), ...options });
    stores.push(store);
    return store;
  };

  storeSuite(async (options) => openUrl(await postgres.freshDatabase(), options));
  listSuite(async () => openUrl(await postgres.freshDatabase()));

  it('is migrated once by servers that start together', async () => {
    const url = await postgres.freshDatabase();
    const several = await Promise.all([1, 2, 3].map(() => openUrl(url)));
    const used = await Promise.all(several.map((store) => store.transact((t) => t.addUsage('p', 'port', 1))));
    assert.deepEqual(used.toSorted(), [1, 2, 3]);
  });

  it('has one journal in commit order for several servers', async () => {
    const url = await postgres.freshDatabase();
    const [one, two] = [await openUrl(url), await openUrl(url)];
    const values: number[] = [];
    let seen = 0;
    const watch = async () => {
      for (const { rev, keys } of await two.read((r) => r.journal(seen, 1000))) {
        if (rev > seen) values.push(Number(keys[0]?.split('/')[1]));
        seen = Math.max(seen, rev);
      }
    };
    const reading: Promise<void>[] = [];
    two.onCommit(() => reading.push(watch()));
    await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        (i % 2 ? one : two).transact(async (t) => t.wake([`port/${await t.addUsage('p', 'port', 1)}`])),
      ),
    );
    await Promise.all(reading);
    await watch();
    assert.deepEqual(
      values,
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
  });
});
