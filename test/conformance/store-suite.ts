/** What every store does, whatever database is under it. */
import { afterEach, describe } from 'node:test';
import { ManualClock } from '../../src/lib/clock.ts';
import type { Store } from '../../src/store/store.ts';
import type { WriterLimits } from '../../src/store/writer.ts';
import { memory } from './store-memory-suite.ts';
import { constraints, rows } from './store-row-suite.ts';
import { journal, transactions } from './store-transaction-suite.ts';

/** Opens a store on a new, empty database, removed by the suite's caller. */
export type OpenEmpty = (options: { clock: ManualClock; limits?: Partial<WriterLimits> }) => Promise<Store>;

/** Opens a store for one test; the suite closes it. */
export type Open = (limits?: Partial<WriterLimits>) => Promise<{ store: Store; clock: ManualClock }>;

/** Runs the suite on stores that `openEmpty` makes. */
export function storeSuite(openEmpty: OpenEmpty): void {
  const stores: Store[] = [];
  const open: Open = async (limits = {}) => {
    const clock = new ManualClock();
    const store = await openEmpty({ clock, limits });
    stores.push(store);
    return { store, clock };
  };
  for (const [name, tests] of Object.entries({ rows, constraints, transactions, memory, journal })) {
    describe(name, () => {
      afterEach(async () => {
        for (const store of stores.splice(0)) await store.close();
      });
      tests(open);
    });
  }
}
