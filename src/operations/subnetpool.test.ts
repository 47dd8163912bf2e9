import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { cidrsOverlap, formatCidr, parseCidr } from '../lib/ip.ts';
import { compactPrefixes, subtractPrefixes } from '../lib/prefix-set.ts';
import { Fault } from '../model/faults.ts';
import { network, quotaUsage, subnet, subnetpool, subnetpoolSpace } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { blockOf } from '../rules/subnetpool-space.ts';
import type { Caller } from './context.ts';
import { networkOperations } from './network.ts';
import { admin, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { subnetOperations } from './subnet.ts';
import { subnetpoolOperations } from './subnetpool.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type Pool = Row<typeof subnetpool>;
type SubnetRow = Row<typeof subnet>;
const createPool = (prefixes: string[], draft: Draft<typeof subnetpool> = {}, caller: Caller = demo): Promise<Pool> =>
  cloud.act(caller, (c) => required(subnetpoolOperations.create)(c, { name: 'pool', prefixes, ...draft }));
const updatePool = (pool: Pool, changes: Partial<Pool>, caller: Caller = demo) =>
  cloud.act(caller, (c) => required(subnetpoolOperations.update)(c, pool, changes));
const removePool = (pool: Pool) => cloud.act(demo, (c) => required(subnetpoolOperations.remove)(c, pool));
const act = (name: string, pool: Pool, body: Record<string, unknown>, caller: Caller = demo) =>
  cloud.act(caller, async (c) =>
    required(subnetpoolOperations.actions?.[name])(c, required(await c.t.get(subnetpool, pool.id)), body),
  );
const take = (pool: Pool, draft: Draft<typeof subnet>, networkId?: string, caller: Caller = demo): Promise<SubnetRow> =>
  cloud.act(caller, async (c) => {
    const on = networkId ?? (await required(networkOperations.create)(c, {})).id;
    const ip_version = pool.ip_version;
    return required(subnetOperations.create)(c, {
      network_id: on,
      ip_version,
      subnetpool_id: pool.id,
      enable_dhcp: false,
      ...draft,
    });
  });
const drop = (row: SubnetRow) => cloud.act(demo, (c) => required(subnetOperations.remove)(c, row));
const poolOf = async (pool: Pool) => required(await cloud.read((r) => r.get(subnetpool, pool.id)));

/** What the table says is free, as prefixes; and that it is what no subnet has, in the fewest blocks. */
async function checkSpace(pool: Pool): Promise<string[]> {
  const now = await poolOf(pool);
  const [spaces, taken] = await cloud.read(async (r) => [
    await r.find(subnetpoolSpace, { subnetpool_id: pool.id }),
    await r.find(subnet, { subnetpool_id: pool.id }),
  ]);
  const parsed = (texts: readonly string[]) => texts.flatMap((text) => parseCidr(text) ?? []);
  const used = parsed(taken.map((row) => row.cidr));
  for (const [at, one] of used.entries())
    assert.ok(!used.slice(at + 1).some((two) => cidrsOverlap(one, two)), 'subnets of a pool share no address');
  const free = spaces.map(({ slot }) => blockOf(slot, now.ip_version === 6 ? 6 : 4));
  const expected = subtractPrefixes(parsed(now.prefixes), used).map(formatCidr);
  assert.deepEqual(free.map(formatCidr).toSorted(), expected.toSorted());
  assert.deepEqual(compactPrefixes(free).map(formatCidr).toSorted(), expected.toSorted());
  return expected;
}

test('a pool keeps the fewest prefixes, and has bounds where none are given', async () => {
  const pool = await createPool(['10.0.1.0/24', '10.0.0.0/24', '192.168.0.0/16']);
  assert.deepEqual(pool.prefixes, ['10.0.0.0/23', '192.168.0.0/16']);
  assert.deepEqual([pool.min_prefixlen, pool.default_prefixlen, pool.max_prefixlen], ['8', '8', '32']);
  const six = await createPool(['2001:db8::/32'], { default_prefixlen: '64' });
  assert.deepEqual([six.ip_version, six.min_prefixlen, six.max_prefixlen], [6, '64', '128']);
});

const bounds: [Draft<typeof subnetpool>, string][] = [
  [{ prefixes: [] }, 'EmptySubnetPoolPrefixList'],
  [{ prefixes: ['10.0.0.0/8', 'fd00::/8'] }, 'PrefixVersionMismatch'],
  [{ min_prefixlen: '28', max_prefixlen: '24' }, 'IllegalSubnetPoolPrefixBounds'],
  [{ max_prefixlen: '64' }, 'IllegalSubnetPoolPrefixBounds'],
  [{ default_prefixlen: '4' }, 'IllegalSubnetPoolPrefixBounds'],
  [{ default_prefixlen: '30', max_prefixlen: '28' }, 'IllegalSubnetPoolPrefixBounds'],
];
for (const [draft, type] of bounds) {
  test(`a pool is refused: ${JSON.stringify(draft)}`, () => refused(createPool(['10.0.0.0/8'], draft), 400, type, /./));
}

test('subnets are taken from the smallest block that has room, lowest address first', async () => {
  const pool = await createPool(['10.0.0.0/16', '192.168.0.0/24'], { default_prefixlen: '26' });
  const first = await take(pool, {});
  assert.deepEqual([first.cidr, first.gateway_ip, first.subnetpool_id], ['192.168.0.0/26', '192.168.0.1', pool.id]);
  assert.deepEqual(first.allocation_pools, [{ start: '192.168.0.2', end: '192.168.0.62' }]);
  assert.equal((await take(pool, { prefixlen: 25 })).cidr, '192.168.0.128/25');
  assert.equal((await take(pool, {})).cidr, '192.168.0.64/26');
  assert.equal((await take(pool, {})).cidr, '10.0.0.0/26');
  await checkSpace(pool);
});

test('a subnet may ask for a prefix of the pool, or for a gateway in it', async () => {
  const pool = await createPool(['10.0.0.0/16'], { default_prefixlen: '24', min_prefixlen: '20', max_prefixlen: '28' });
  assert.equal((await take(pool, { cidr: '10.0.5.0/24' })).cidr, '10.0.5.0/24');
  const taken = [409, 'SubnetAllocationError', /Cannot allocate requested subnet from the available set/] as const;
  await refused(take(pool, { cidr: '10.0.5.0/25' }), ...taken);
  await refused(take(pool, { cidr: '10.0.4.0/22' }), ...taken);
  await refused(take(pool, { cidr: '10.1.0.0/24' }), ...taken);
  const gateway = await take(pool, { gateway_ip: '10.0.9.254' });
  assert.deepEqual([gateway.cidr, gateway.gateway_ip], ['10.0.9.0/24', '10.0.9.254']);
  await refused(
    take(pool, { prefixlen: 29 }),
    400,
    'MaxPrefixSubnetAllocationError',
    'Unable to allocate subnet with prefix length 29, maximum allowed prefix is 28.',
  );
  await refused(
    take(pool, { cidr: '10.0.0.0/19' }),
    400,
    'MinPrefixSubnetAllocationError',
    'Unable to allocate subnet with prefix length 19, minimum allowed prefix is 20.',
  );
  await checkSpace(pool);
});

test('what does not go together is refused by name', async () => {
  const pool = await createPool(['10.0.0.0/16']);
  const bad = (draft: Draft<typeof subnet>, sentence: RegExp) =>
    refused(take(pool, draft), 400, 'BadRequest', sentence);
  await bad({ cidr: '10.0.0.0/24', prefixlen: 24 }, /cidr and prefixlen must not be supplied together/);
  await bad({ use_default_subnetpool: true }, /subnetpool_id and use_default_subnetpool cannot both be specified/);
  await bad({ ip_version: 6 }, /Cannot allocate IPv6 subnet from IPv4 subnet pool/);
  await bad(
    { allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.3' }] },
    /allowed only for specific subnet requests/,
  );
  const none = { subnetpool_id: null };
  await bad(none, /a subnetpool must be specified in the absence of a cidr/);
  await bad({ ...none, use_default_subnetpool: true }, /No default subnetpool found for IPv4/);
});

test('a full pool says so, and what is deleted can be taken again', async () => {
  const pool = await createPool(['10.0.0.0/30'], { default_prefixlen: '31' });
  const [first] = [await take(pool, {}), await take(pool, {})];
  assert.deepEqual(await checkSpace(pool), []);
  await refused(
    take(pool, {}),
    409,
    'SubnetAllocationError',
    'Failed to allocate subnet: Insufficient prefix space to allocate subnet size /31.',
  );
  await refused(removePool(pool), 400, 'SubnetPoolDeleteError', /Subnet pool has existing allocations/);
  await drop(required(first));
  assert.equal((await take(pool, {})).cidr, first?.cidr);
});

test('a network that goes gives its prefixes back; an empty pool goes with its quota', async () => {
  const usage = async () =>
    (await cloud.read((r) => r.first(quotaUsage, { project_id: demo.projectId, resource: 'subnetpool' })))?.used ?? 0;
  const start = await usage();
  const pool = await createPool(['10.0.0.0/24'], { default_prefixlen: '24' });
  const row = await take(pool, {});
  assert.deepEqual(await checkSpace(pool), []);
  await cloud.act(demo, async (c) =>
    required(networkOperations.remove)(c, required(await c.t.get(network, row.network_id))),
  );
  assert.deepEqual(await checkSpace(pool), ['10.0.0.0/24']);
  assert.equal(await usage(), start + 1);
  await removePool(pool);
  assert.equal(await usage(), start);
});

test('however many ask at once, no address is given twice', async () => {
  const pool = await createPool(['10.0.0.0/24', '10.2.0.0/24'], { default_prefixlen: '28' });
  const asks = Array.from({ length: 40 }, (_, n) => take(pool, n % 3 === 0 ? { prefixlen: 27 } : {}));
  const results = await Promise.allSettled(asks);
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.ok(made.length >= 16, 'the pool is used up');
  assert.deepEqual(
    results.flatMap((result) => (result.status === 'rejected' && !(result.reason instanceof Fault) ? [result] : [])),
    [],
  );
  await checkSpace(pool);
});

test('the default quota bounds what a project takes of a pool', async () => {
  const pool = await createPool(['10.0.0.0/16'], { default_quota: 512, shared: true, default_prefixlen: '24' }, admin);
  await take(pool, {});
  await take(pool, {});
  const sentence = 'Per-project subnet pool prefix quota exceeded.';
  await refused(take(pool, {}), 409, 'SubnetPoolQuotaExceeded', sentence);
  await take(pool, {}, undefined, other);
  const six = await createPool(['2001:db8::/32'], { default_quota: 2, default_prefixlen: '64' });
  await take(six, { prefixlen: 65 });
  await take(six, { prefixlen: 65 });
  await take(six, {});
  await refused(take(six, { prefixlen: 65 }), 409, 'SubnetPoolQuotaExceeded', sentence);
});

test('a pool of another project is not there, unless it is shared', async () => {
  const own = await createPool(['10.0.0.0/16'], {}, other);
  await refused(take(own, { prefixlen: 24 }), 404, 'SubnetPoolNotFound', `Subnet pool ${own.id} could not be found.`);
  const shared = await createPool(['10.0.0.0/16'], { shared: true }, admin);
  assert.equal((await take(shared, { prefixlen: 24 })).cidr, '10.0.0.0/24');
});

test('there is one default pool for each IP version, and subnets may ask for it', async () => {
  const pool = await createPool(['10.0.0.0/16'], { is_default: true, shared: true, default_prefixlen: '24' }, admin);
  await refused(createPool(['10.1.0.0/16'], { is_default: true }, admin), 400, 'InvalidInput', /already been set/);
  await createPool(['fd00::/48'], { is_default: true, shared: true }, admin);
  const row = await take(pool, { subnetpool_id: null, use_default_subnetpool: true });
  assert.equal(row.subnetpool_id, pool.id);
  const plain = await createPool(['10.1.0.0/16'], {}, admin);
  await refused(updatePool(plain, { is_default: true }, admin), 400, 'InvalidInput', /already been set/);
  await updatePool(pool, { is_default: false }, admin);
  assert.equal((await updatePool(plain, { is_default: true }, admin)).is_default, true);
});

test('subnets of one version on one network come from one pool, or all from none', async () => {
  const [one, two] = [await createPool(['10.0.0.0/16']), await createPool(['10.1.0.0/16'])];
  const six = await createPool(['2001:db8::/32']);
  const row = await take(one, { prefixlen: 24 });
  const affinity = [400, 'NetworkSubnetPoolAffinityError', /must be allocated from the same subnet pool/] as const;
  await refused(take(two, { prefixlen: 24 }, row.network_id), ...affinity);
  await refused(cloud.subnet(demo, row.network_id, '192.168.0.0/24'), ...affinity);
  await take(one, { prefixlen: 24 }, row.network_id);
  await take(six, { prefixlen: 64 }, row.network_id);
  const plain = await cloud.network(demo);
  await cloud.subnet(demo, plain.id, '192.168.0.0/24');
  await refused(take(one, { prefixlen: 24 }, plain.id), ...affinity);
});

test('prefixes are added, and removed where no subnet has them', async () => {
  const pool = await createPool(['10.0.0.0/24'], { default_prefixlen: '26' });
  const row = await take(pool, {});
  await refused(
    updatePool(pool, { prefixes: ['10.0.0.0/25'] }),
    400,
    'IllegalSubnetPoolPrefixUpdate',
    /must be a subset/,
  );
  assert.deepEqual(await act('add_prefixes', pool, { prefixes: ['10.0.1.0/24', '10.9.0.0/24'] }), {
    prefixes: ['10.0.0.0/23', '10.9.0.0/24'],
  });
  await checkSpace(pool);
  const inUse = 'Illegal update to prefixes: One or more the prefixes to be removed is in use by a subnet..';
  await refused(
    act('remove_prefixes', pool, { prefixes: ['10.0.0.0/24'] }),
    400,
    'IllegalSubnetPoolPrefixUpdate',
    inUse,
  );
  assert.deepEqual(await act('remove_prefixes', pool, { prefixes: ['10.9.0.0/25', '172.16.0.0/12', 'fd00::/8'] }), {
    prefixes: ['10.0.0.0/23', '10.9.0.128/25'],
  });
  await checkSpace(pool);
  assert.deepEqual(await act('remove_prefixes', pool, { prefixes: ['172.16.0.0/12'] }), {
    prefixes: ['10.0.0.0/23', '10.9.0.128/25'],
  });
  await refused(act('add_prefixes', pool, { prefixes: [] }), 400, 'HTTPBadRequest', /invalid data/);
  await refused(act('add_prefixes', pool, {}), 400, 'HTTPBadRequest', /Invalid input for prefixes/);
  await drop(row);
  assert.deepEqual(await act('remove_prefixes', pool, { prefixes: ['0.0.0.0/0'] }), { prefixes: [] });
  assert.deepEqual(await checkSpace(pool), []);
});

test('the subnets of a network come into a pool, and out of another', async () => {
  const on = await cloud.network(demo);
  const first = await cloud.subnet(demo, on.id, '10.0.0.0/24');
  const second = await cloud.subnet(demo, on.id, '10.5.0.0/24');
  await cloud.subnet(demo, on.id, '2001:db8::/64');
  const pool = await createPool(['10.0.0.0/16']);
  const answer = await act('onboard_network_subnets', pool, { network_id: on.id });
  const expected = [first, second].map(({ id, cidr }) => ({ id, cidr }));
  assert.deepEqual(new Set(answer as object[]), new Set(expected));
  assert.deepEqual((await poolOf(pool)).prefixes, ['10.0.0.0/16', '10.5.0.0/24']);
  await checkSpace(pool);
  const again = [400, 'IllegalSubnetPoolUpdate', /conflicts with allocated prefixes in subnet pool/] as const;
  await refused(act('onboard_network_subnets', pool, { network_id: on.id }), ...again);
  const next = await createPool(['192.168.0.0/24']);
  await act('onboard_network_subnets', next, { network_id: on.id });
  assert.deepEqual(await checkSpace(pool), ['10.0.0.0/16', '10.5.0.0/24']);
  await checkSpace(next);
  await refused(act('onboard_network_subnets', next, {}), 400, 'InvalidInput', /network_id must be specified/);
  const foreign = await cloud.network(admin, { shared: true });
  await refused(
    act('onboard_network_subnets', next, { network_id: foreign.id }),
    403,
    'NotAuthorized',
    /Not authorized/,
  );
});

test('taking a subnet asks as much of the database however many the pool has given', async () => {
  const many = { ...demo, projectId: 'p-many' };
  const pool = await createPool(['10.0.0.0/8'], { default_prefixlen: '28' }, many);
  const count = async () => {
    const { id } = await cloud.network(many);
    return cloud.act(many, async (c) => {
      let asked = 0;
      let seen = 0;
      const t = new Proxy(c.t, {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown;
          if (typeof value !== 'function') return value;
          return async (...args: unknown[]) => {
            asked++;
            const result = await (value as (...args: unknown[]) => unknown).apply(target, args);
            if (Array.isArray(result)) seen += result.length;
            return result;
          };
        },
      });
      const draft = { network_id: id, ip_version: 4, subnetpool_id: pool.id, enable_dhcp: false };
      await required(subnetOperations.create)({ ...c, t }, draft);
      return { asked, seen };
    });
  };
  await count();
  const before = await count();
  for (let n = 0; n < 60; n++) await take(pool, {}, undefined, many);
  const after = await count();
  // Where a block is taken whole, there are no halves to write.
  assert.ok(after.asked <= before.asked + 1, `${after.asked} questions instead of ${before.asked}`);
  // A block that is cut leaves its other halves: of a /8, at most 20.
  assert.ok(after.seen <= before.seen + 20, `${after.seen} rows instead of ${before.seen}`);
});

test('whatever is taken, given back, added and removed: the space is what no subnet has', async () => {
  const step = fc.record({ what: fc.constantFrom('take', 'exact', 'drop', 'add', 'remove'), n: fc.nat(1000) });
  const start = ['10.0.0.0/25', '10.0.1.0/26'];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
      const pool = await createPool(start, { min_prefixlen: '24', default_prefixlen: '28' });
      for (const { what, n } of steps) {
        const prefix = `10.0.${n % 3}.${((n * 7) % 16) * 16}/${24 + (n % 6)}`;
        const rows = await cloud.read((r) => r.find(subnet, { subnetpool_id: pool.id }));
        const row = rows[n % Math.max(rows.length, 1)];
        const acts: Record<string, () => Promise<unknown> | undefined> = {
          take: () => take(pool, { prefixlen: 24 + (n % 7) }),
          exact: () => take(pool, { cidr: formatCidr(required(parseCidr(prefix))) }),
          drop: () => row && drop(row),
          add: () => act('add_prefixes', pool, { prefixes: [prefix] }),
          remove: () => act('remove_prefixes', pool, { prefixes: [prefix] }),
        };
        await Promise.resolve(acts[what]?.()).catch((error: unknown) =>
          assert.ok(error instanceof Fault, String(error)),
        );
        await checkSpace(pool);
      }
    }),
    { numRuns: 25 },
  );
});
