/** The store's suite on PostgreSQL, and what only several servers have. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ManualClock } from '../../src/lib/clock.ts';
import { network, port } from '../../src/model/index.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import type { Store } from '../../src/store/store.ts';
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { listSuite } from './store-list-suite.ts';
import { networkRow, portRow } from './store-rows.ts';
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

  it('has tables looked at that grow, so that a look-up takes the index that leads to few rows', async () => {
    const url = await postgres.freshDatabase();
    const store = await openUrl(url);
    await store.transact((t) => t.insert(network, networkRow('n1')));
    for (let from = 0; from < 2000; from += 200)
      await store.transact((t) =>
        t.insertMany(
          port,
          Array.from({ length: 200 }, (_, at) => portRow(`p${from + at}`, 'n1')),
        ),
      );
    const client = new pg.Client(url);
    await client.connect();
    try {
      await client.query(`set plan_cache_mode = force_generic_plan;
prepare one as select id from ports where network_id = $1 and mac_address = any($2) order by id`);
      const planned = async () => {
        const { rows } = await client.query(`explain execute one('n1', array['mac 1', 'mac 2'])`);
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      const isGood = (plan: string) => plan.includes('ports_network_id_mac_address_key');
      let plan = await planned();
      for (let at = 0; at < 100 && !isGood(plan); at++, plan = await planned()) await sleep(100);
      assert.ok(isGood(plan), plan);
    } finally {
      await client.end();
    }
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
