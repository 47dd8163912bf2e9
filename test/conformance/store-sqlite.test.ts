/** The store's suite on SQLite, and what only SQLite has. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ManualClock } from '../../src/lib/clock.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { listSuite } from './store-list-suite.ts';
import { storeSuite } from './store-suite.ts';

describe('store on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'neutrino-store-'));
  const stores: Store[] = [];
  let files = 0;
  after(async () => {
    for (const store of stores) await store.close();
    rmSync(folder, { recursive: true });
  });
  const openFile = async (path: string, options: object = {}) => {
    const store = await openSqlite({ path, clock: new ManualClock(), ...options });
    stores.push(store);
    return store;
  };
  const newFile = () => join(folder, `db${++files}`);

  storeSuite((options) => openFile(newFile(), options));
  listSuite(() => openFile(newFile()));

  it('refuses a second opener, and lets the next one in after close', async () => {
    const path = newFile();
    const first = await openFile(path);
    await assert.rejects(openFile(path), /is in use by another process: stop that one first/);
    await first.transact((t) => t.addUsage('p', 'port', 1));
    await first.close();
    const second = await openFile(path);
    assert.equal(await second.transact((t) => t.addUsage('p', 'port', 1)), 2);
  });

  it('names the file that it cannot open', async () => {
    await assert.rejects(
      openFile(join(folder, 'none', 'db')),
      /The database file .*none\/db cannot be opened for writing: ENOENT/,
    );
  });

  it('keeps its files from other users', async () => {
    const path = newFile();
    const store = await openFile(path);
    await store.transact((t) => t.addUsage('p', 'port', 1));
    for (const file of [path, `${path}-wal`, `${path}.lock`]) assert.equal(statSync(file).mode & 0o777, 0o600, file);
  });
});
