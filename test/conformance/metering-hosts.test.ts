/** Hosts that report at once what they counted for one label: nothing is lost and nothing counts twice, by one server or by two. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { SeededRandom } from '../../src/lib/random.ts';
import type { MeteringReport } from '../../src/model/host-objects.ts';
import { applyMetering } from '../../src/operations/agent.ts';
import type { Context } from '../../src/operations/context.ts';
import { meteringLabelOperations } from '../../src/operations/metering.ts';
import { meteredLabel } from '../../src/operations/metering-view.ts';
import { admin, required } from '../../src/operations/router-testing.ts';
import { defaultSettings } from '../../src/rules/settings.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { postgresMissing, startPostgres } from '../support/postgres.ts';

const hosts = 6;
const reports = 8;
const router_id = '00000000-0000-4000-8000-00000000000a';

async function suite(stores: readonly Store[]): Promise<void> {
  const random = new SeededRandom(1);
  const act = <T>(store: Store | undefined, work: (c: Context) => Promise<T>): Promise<T> => {
    assert.ok(store);
    return store.transact((t) => work({ t, caller: admin, settings: defaultSettings, clock: systemClock, random }));
  };
  const label = await act(stores[0], (c) => required(meteringLabelOperations.create)(c, { shared: true }));
  const host = async (at: number) => {
    for (let number = 1; number <= reports; number++) {
      const counts = (['ingress', 'egress'] as const).map((direction) => ({
        ...{ router_id, project_id: 'p', label_id: label.id, direction },
        ...{ packets: number * (at + 1), bytes: number * 2 ** 40 },
      }));
      const report: MeteringReport = { run: 'run', number, boot: 'boot', counts };
      // Once more, by another server: its first answer was lost.
      for (const again of [0, 1])
        await act(stores[(at + number + again) % stores.length], (c) => applyMetering(c, `host${at}`, report));
    }
  };
  await Promise.all(Array.from({ length: hosts }, (_, at) => host(at)));
  const { totals, routers } = (await stores[0]?.read((r) => meteredLabel(r, label.id))) ?? {};
  const sum = reports * ((hosts * (hosts + 1)) / 2);
  const bytes = hosts * reports * 2 ** 40;
  assert.deepEqual(
    totals?.map((one) => [one.direction, one.project_id, one.packets, one.bytes]),
    [
      ['egress', 'p', sum, bytes],
      ['ingress', 'p', sum, bytes],
    ],
  );
  assert.equal(routers?.length, 2 * hosts);
}

describe('hosts report what they counted', () => {
  test('on SQLite, by one server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'neutrino-metering-'));
    const store = await openSqlite({ path: join(folder, 'db'), clock: systemClock });
    try {
      await suite([store]);
    } finally {
      await store.close();
      await rm(folder, { recursive: true });
    }
  });

  test('on PostgreSQL, by two servers', { skip: postgresMissing() }, async () => {
    const postgres = await startPostgres();
    const url = await postgres.freshDatabase();
    const stores = [await openPostgres({ url, clock: systemClock }), await openPostgres({ url, clock: systemClock })];
    try {
      await suite(stores);
    } finally {
      for (const store of stores) await store.close();
      await postgres.stop();
    }
  });
});
