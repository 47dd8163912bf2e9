/** Writes without an end, several works at a time, and prints what was acknowledged, until it is killed. Argument: the connection. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/lib/clock.ts';
import { network } from '../../src/model/index.ts';
import { openStore } from '../../src/store/open.ts';
import { networkRow } from './store-rows.ts';

const [, , connection = '', prefix = ''] = process.argv;
const store = await openStore({ connection, clock: systemClock });
let next = 0;

async function write(): Promise<never> {
  for (;;) {
    const id = `${prefix}${next++}`;
    await store.transact(async (t) => {
      await t.insert(network, networkRow(id));
      await t.addUsage('p', 'network', 1);
      t.wake([`network/${id}`]);
    });
    writeSync(1, `${id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, write));
