/** What was acknowledged is there after a kill -9 of the writer, and after a crash of the database. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/lib/clock.ts';
import { network, quotaUsage } from '../../src/model/index.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts';

const child = fileURLToPath(new URL('./store-crash-child.ts', import.meta.url));

// Lets a process write until it has had `count` works acknowledged, does `kill` to it, and gives all that it had acknowledged.
async function acknowledgedBefore(
  connection: string,
  prefix: string,
  count: number,
  kill: (pid: number) => unknown,
): Promise<string[]> {
  const writer = spawn(process.execPath, [child, connection, prefix], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  let killed = false;
  writer.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  writer.stdout.on('data', (chunk) => {
    text += chunk;
    if (killed || text.split('\n').length <= count) return;
    killed = true;
    kill(writer.pid as number);
  });
  await new Promise((resolve) => writer.once('close', resolve));
  assert(killed, `The writer ended by itself: ${errors}`);
  return text.split('\n').slice(0, -1);
}

async function assertWhole(store: Store, acknowledged: readonly string[]): Promise<void> {
  await store.read(async (r) => {
    const ids = (await r.find(network)).map(({ id }) => id);
    const there = new Set(ids);
    assert.deepEqual(
      acknowledged.filter((id) => !there.has(id)),
      [],
    );
    // Row, usage and journal entry came in one transaction: none is there without the others.
    assert.equal((await r.first(quotaUsage, { resource: 'network' }))?.used, ids.length);
    const journal = (await r.journal(0, 100_000)).flatMap(({ keys }) => keys);
    assert.deepEqual(journal.toSorted(), ids.map((id) => `network/${id}`).toSorted());
  });
}

const sigkill = (pid: number) => process.kill(pid, 'SIGKILL');

async function killTwice(connection: string): Promise<void> {
  const first = await acknowledgedBefore(connection, 'a', 100, sigkill);
  const second = await acknowledgedBefore(connection, 'b', 100, sigkill);
  const store = await openStore({ connection, clock: systemClock });
  try {
    await assertWhole(store, [...first, ...second]);
  } finally {
    await store.close();
  }
}

describe('durability on SQLite', () => {
  it('survives kill -9 of the writer', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'neutrino-store-'));
    try {
      await killTwice(`sqlite:///${join(folder, 'db')}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const missing = postgresMissing();

describe('durability on PostgreSQL', { skip: missing ?? false, timeout: 120_000 }, () => {
  let postgres: TestPostgres;
  const stores: Store[] = [];
  before(async () => {
    postgres = await startPostgres();
  });
  after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await postgres?.stop();
  });
  const open = async (connection: string) => {
    const store = await openStore({ connection, clock: systemClock });
    stores.push(store);
    return store;
  };

  it('survives kill -9 of the writer', async () => {
    await killTwice(await postgres.freshDatabase());
  });

  it('survives a crash of the database', async () => {
    const url = await postgres.freshDatabase();
    let crashed: Promise<void> | undefined;
    // The writer ends by itself when its connection breaks.
    const acknowledged = await acknowledgedBefore(url, 'a', 100, () => {
      crashed = postgres.crash();
    });
    await crashed;
    await assertWhole(await open(url), acknowledged);
  });

  it("wakes on another server's commit, also after the database came back", async () => {
    const url = await postgres.freshDatabase();
    const [one, two] = [await open(url), await open(url)];
    const woken = () => new Promise<void>((resolve) => void two.onCommit(resolve));
    // What is committed before the listener listens wakes it too.
    const first = woken();
    await one.transact(async (t) => t.wake(['port/1']));
    await first;
    await postgres.crash();
    const again = woken();
    const untilDone = async (): Promise<void> => one.transact(async (t) => t.wake(['port/2'])).catch(untilDone);
    await untilDone();
    await again;
    assert.equal((await two.read((r) => r.journal(0, 10))).length, 2);
  });

  it('says that a connection was lost, and goes on with a new one', async () => {
    const store = await open(await postgres.freshDatabase());
    await store.transact((t) => t.addUsage('p', 'port', 1));
    const interrupted = store.transact(async (t) => {
      await t.addUsage('p', 'port', 1);
      await postgres.crash();
      await t.addUsage('p', 'port', 1);
    });
    await assert.rejects(interrupted);
    assert.equal(await store.transact((t) => t.addUsage('p', 'port', 1)), 2);
  });
});
