import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { network, subnetpool } from '../model/index.ts';
import type { Draft } from '../model/language.ts';
import { addressScopeOperations } from './address-scope.ts';
import { networkOperations } from './network.ts';
import { admin, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { subnetOperations } from './subnet.ts';
import { subnetpoolOperations } from './subnetpool.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type Scope = Awaited<ReturnType<typeof createScope>>;
type Pool = Awaited<ReturnType<typeof createPool>>;
const createScope = (ip_version = 4, draft = {}, caller = demo) =>
  cloud.act(caller, (c) => required(addressScopeOperations.create)(c, { name: 'scope', ip_version, ...draft }));
const updateScope = (scope: Scope, changes: Partial<Scope>) =>
  cloud.act(admin, (c) => required(addressScopeOperations.update)(c, scope, changes));
const removeScope = (scope: Scope) => cloud.act(demo, (c) => required(addressScopeOperations.remove)(c, scope));
const createPool = (address_scope_id: string | null, prefixes: string[], draft: Draft<typeof subnetpool> = {}) =>
  cloud.act(demo, (c) =>
    required(subnetpoolOperations.create)(c, { name: 'pool', address_scope_id, prefixes, ...draft }),
  );
const updatePool = (pool: Pool, changes: Partial<Pool>, caller = demo) =>
  cloud.act(caller, async (c) =>
    required(subnetpoolOperations.update)(c, required(await c.t.get(subnetpool, pool.id)), changes),
  );
const take = (pool: Pool, networkId: string) =>
  cloud.act(demo, (c) =>
    required(subnetOperations.create)(c, {
      network_id: networkId,
      ip_version: pool.ip_version,
      subnetpool_id: pool.id,
      prefixlen: pool.ip_version === 4 ? 24 : 64,
      enable_dhcp: false,
    }),
  );

test('a scope is of version 4 or 6, and what is shared stays shared', async () => {
  await refused(createScope(5), 400, 'InvalidInput', /not in \[4, 6\]/);
  const scope = await createScope(4, { shared: true }, admin);
  await refused(
    updateScope(scope, { shared: false }),
    400,
    'AddressScopeUpdateError',
    `Unable to update address scope ${scope.id} : Shared address scope can't be unshared.`,
  );
  const plain = await createScope();
  assert.equal((await updateScope(plain, { name: 'other' })).name, 'other');
  await updateScope(plain, { shared: true });
  await refused(updateScope(plain, { shared: false }), 400, 'AddressScopeUpdateError', /can't be unshared/);
});

test('pools of a scope share no address, and are of its version', async () => {
  const scope = await createScope();
  const first = await createPool(scope.id, ['10.0.0.0/16']);
  const second = await createPool(scope.id, ['10.1.0.0/16']);
  const conflict = [409, 'AddressScopePrefixConflict', /must have unique prefixes/] as const;
  await refused(createPool(scope.id, ['10.0.128.0/24']), ...conflict);
  await refused(updatePool(second, { prefixes: ['10.0.0.0/8'] }), ...conflict);
  const free = await createPool(null, ['10.0.0.0/24']);
  await refused(updatePool(free, { address_scope_id: scope.id }), ...conflict);
  await refused(
    createPool(scope.id, ['fd00::/48']),
    400,
    'IllegalSubnetPoolIpVersionAssociationToAddressScope',
    /because subnetpool ip_version is not 4/,
  );
  await refused(
    removeScope(scope),
    409,
    'AddressScopeInUse',
    `Unable to complete operation on address scope ${scope.id}. There are one or more subnet pools in use on the address scope.`,
  );
  for (const pool of [first, second]) await updatePool(pool, { address_scope_id: null });
  await removeScope(scope);
});

test('a scope that is not seen is not there; in a shared one, only its owner changes pools', async () => {
  const foreign = await createScope(4, {}, other);
  const gone = [404, 'AddressScopeNotFound', `Address scope ${foreign.id} could not be found.`] as const;
  await refused(createPool(foreign.id, ['10.0.0.0/16']), ...gone);
  const shared = await createScope(4, { shared: true }, admin);
  const pool = await createPool(shared.id, ['10.0.0.0/16']);
  await refused(
    updatePool(pool, { name: 'x' }),
    400,
    'IllegalSubnetPoolUpdate',
    /cannot be updated when associated with shared address scope/,
  );
  assert.equal((await updatePool(pool, { name: 'x' }, admin)).name, 'x');
});

test('a network shows the scopes of its subnets, and keeps to one of each version', async () => {
  const [four, six, elsewhere] = [await createScope(4), await createScope(6), await createScope(4)];
  const on = await cloud.network(demo);
  const pool = await createPool(four.id, ['10.0.0.0/16']);
  await take(pool, on.id);
  await take(await createPool(six.id, ['2001:db8::/32']), on.id);
  await take(await createPool(four.id, ['10.1.0.0/16']), on.id);
  const plain = await cloud.network(demo);
  const { settings, clock } = cloud;
  const shown = await cloud.read(async (r) => {
    const rows = await r.find(network, { id: [on.id, plain.id] });
    const computed = await required(networkOperations.compute)({ r, caller: demo, settings, clock }, rows);
    return new Map(rows.map((row, at) => [row.id, computed[at]]));
  });
  const scopes = (id: string) => [shown.get(id)?.ipv4_address_scope, shown.get(id)?.ipv6_address_scope];
  assert.deepEqual(
    [scopes(on.id), scopes(plain.id)],
    [
      [four.id, six.id],
      [null, null],
    ],
  );
  const affinity = [400, 'NetworkAddressScopeAffinityError', /must all participate in the same address scope/] as const;
  await refused(take(await createPool(elsewhere.id, ['10.2.0.0/16']), on.id), ...affinity);
  await refused(take(await createPool(null, ['10.3.0.0/16']), on.id), ...affinity);
  await refused(updatePool(pool, { address_scope_id: elsewhere.id }), ...affinity);
});
