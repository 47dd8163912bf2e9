/** The free space of subnet pools in the database: finding a block, taking it, giving it back. */
import type { Cidr, IpVersion } from '../lib/ip.ts';
import { subnetpoolSpace } from '../model/index.ts';
import { blockOf, blocksAround, firstSlotFor, joinable, restOf, slotOf, startOf } from '../rules/subnetpool-space.ts';
import type { Context } from './context.ts';

type PoolKey = { readonly id: string; readonly ip_version: number };
const versionOf = (pool: PoolKey): IpVersion => (pool.ip_version === 6 ? 6 : 4);

async function insertBlocks(c: Context, pool: PoolKey, blocks: readonly Cidr[]): Promise<void> {
  if (blocks.length === 0) return;
  await c.t.insertMany(
    subnetpoolSpace,
    blocks.map((block) => ({ subnetpool_id: pool.id, slot: slotOf(block) })),
  );
}

const deleteBlocks = (c: Context, pool: PoolKey, blocks: readonly Cidr[]) =>
  c.t.deleteMany(subnetpoolSpace, { subnetpool_id: pool.id, slot: blocks.map(slotOf) });

/** The prefix of this length that is to be taken next: of the smallest block that has one, the first; `undefined`: none is left. */
export async function findSpace(c: Context, pool: PoolKey, length: number): Promise<Cidr | undefined> {
  const [space] = await c.t.list(
    subnetpoolSpace,
    {
      op: 'and',
      of: [
        { op: 'in', column: 'subnetpool_id', values: [pool.id] },
        { op: 'ge', column: 'slot', value: firstSlotFor(length) },
      ],
    },
    { sort: [{ column: 'slot', direction: 'asc' }], limit: 1 },
  );
  return space && startOf(blockOf(space.slot, versionOf(pool)), length);
}

/** Takes a prefix; false where it is not free as a whole. */
export async function takeSpace(c: Context, pool: PoolKey, prefix: Cidr): Promise<boolean> {
  const slots = blocksAround(prefix).map(slotOf);
  const space = await c.t.first(subnetpoolSpace, { subnetpool_id: pool.id, slot: slots });
  if (!space) return false;
  const block = blockOf(space.slot, versionOf(pool));
  await deleteBlocks(c, pool, [block]);
  await insertBlocks(c, pool, restOf(block, prefix));
  return true;
}

/** Gives a prefix back, or adds one to the pool: it joins the free halves beside it. */
export async function addSpace(c: Context, pool: PoolKey, prefix: Cidr): Promise<void> {
  const halves = joinable(prefix);
  const found = await c.t.find(subnetpoolSpace, { subnetpool_id: pool.id, slot: halves.map(slotOf) });
  const free = new Set(found.map((space) => space.slot));
  const joined = halves.findIndex((half) => !free.has(slotOf(half)));
  const count = joined < 0 ? halves.length : joined;
  if (count > 0) await deleteBlocks(c, pool, halves.slice(0, count));
  await insertBlocks(c, pool, blocksAround(prefix).slice(count, count + 1));
}
