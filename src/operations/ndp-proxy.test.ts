import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ndpProxy, port, router, type subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { addressScopeOperations } from './address-scope.ts';
import type { Context } from './context.ts';
import { hostObject } from './host-view.ts';
import { ndpProxyOperations } from './ndp-proxy.ts';
import { portOperations } from './port-operations.ts';
import { routerOperations } from './router.ts';
import { removeInterface } from './router-interface.ts';
import { admin, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { subnetpoolOperations } from './subnetpool.ts';

type RouterRow = Row<typeof router>;

let cloud: Cloud;
let outside: { id: string };
let outsideFour: Row<typeof subnet>;
let outsideSix: Row<typeof subnet>;
let inside: { id: string };
let insideSix: Row<typeof subnet>;
let scopeId: string;
let poolId: string;
let made: RouterRow;

/** The first of `count` prefixes that no test has used. */
let prefixes = 1;
const nextPrefix = () => `2001:db8:0:${(++prefixes).toString(16)}::/64`;

async function pool(addressScopeId: string | null, prefix: string): Promise<string> {
  const draft = { name: 'six', prefixes: [prefix], default_prefixlen: '64', address_scope_id: addressScopeId };
  return (await cloud.act(admin, (c) => required(subnetpoolOperations.create)(c, { ...draft, shared: true }))).id;
}
const scope = async (name: string) =>
  (await cloud.act(admin, (c) => required(addressScopeOperations.create)(c, { name, ip_version: 6, shared: true }))).id;
const subnet6 = (networkId: string, subnetpool_id = poolId, cidr = nextPrefix()) =>
  cloud.subnet(admin, networkId, cidr, { subnetpool_id, project_id: demo.projectId });
const external = (name: string) =>
  cloud.network(admin, {
    name,
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': name,
  });
const gateway = (network_id = outside.id) => ({ external_gateway_info: { network_id } });
const update = (row: RouterRow, changes: Partial<RouterRow>, more: (c: Context) => Context = (c) => c) =>
  cloud.act(admin, async (c) => {
    const now = required(await c.t.get(router, row.id));
    return required(routerOperations.update)(more(c), now, changes);
  });
const create = (draft: Draft<typeof ndpProxy>, caller = demo) =>
  cloud.act(caller, (c) => required(ndpProxyOperations.create)(c, draft));
const remove = (row: Row<typeof ndpProxy>) => cloud.act(demo, (c) => required(ndpProxyOperations.remove)(c, row));
const instance = (networkId = inside.id, fixed_ips?: Row<typeof port>['fixed_ips']) =>
  cloud.port(demo, networkId, { device_owner: 'compute:nova', ...(fixed_ips ? { fixed_ips } : {}) });
const byDefault = (c: Context) => ({ ...c, settings: { ...c.settings, enableNdpProxyByDefault: true } });

const cannot =
  'The router has no external gateway or the external gateway port has no IPv6 address or IPv6 address scope';
const notOn = (row: RouterRow, why: string) => `Can not enable ndp proxy on router ${row.id}, ${why}.`;

before(async () => {
  cloud = await openCloud();
  await cloud.host('alpha', '192.0.2.1');
  scopeId = await scope('six');
  poolId = await pool(scopeId, '2001:db8::/48');
  outside = await external('public');
  outsideFour = await cloud.subnet(admin, outside.id, '203.0.113.0/24');
  outsideSix = await subnet6(outside.id);
  inside = await cloud.network(demo, { name: 'inside' });
  insideSix = await subnet6(inside.id);
  made = await cloud.router(demo, { ...gateway(), enable_ndp_proxy: true });
  await cloud.attach(demo, made, { subnet_id: insideSix.id });
});
after(() => cloud.close());

test('a proxy has the first address of its port that the router reaches, or the one asked for', async () => {
  const four = await cloud.subnet(demo, inside.id, '10.0.0.0/24');
  const far = await subnet6(inside.id);
  const several = await instance(inside.id, [
    { subnet_id: four.id },
    { subnet_id: far.id, ip_address: far.cidr.replace('/64', '12') },
    { subnet_id: insideSix.id, ip_address: insideSix.cidr.replace('/64', '12') },
  ]);
  const proxy = await create({ router_id: made.id, port_id: several.id, name: 'a' });
  assert.equal(proxy.ip_address, insideSix.cidr.replace('/64', '12'));
  assert.deepEqual([proxy.project_id, proxy.name, proxy.revision_number], [demo.projectId, 'a', 0]);
  await refused(
    create({ router_id: made.id, port_id: several.id }),
    409,
    'NeutronDbObjectDuplicateEntry',
    /^Failed to create a duplicate NDPProxy: for attribute\(s\) \['router_id', 'ip_address'\]/,
  );
  await remove(proxy);
  const again = await create({ router_id: made.id, port_id: several.id, ip_address: proxy.ip_address });
  assert.equal(again.ip_address, proxy.ip_address);
  await remove(again);

  const asked = (ip_address: string) => create({ router_id: made.id, port_id: several.id, ip_address });
  const invalid = (address: string, why: string) => `The address ${address} is invalid, reason: ${why}.`;
  for (const address of ['2001:db8:0:99::1', '10.0.0.5'])
    await refused(
      asked(address),
      400,
      'InvalidAddress',
      invalid(address, `This address not belong to the port ${several.id}`),
    );
  const unreached = far.cidr.replace('/64', '12');
  await refused(
    asked(unreached),
    400,
    'InvalidAddress',
    invalid(unreached, `This address cannot reach the router ${made.id}`),
  );

  const onlyFour = await instance(inside.id, [{ subnet_id: four.id }]);
  await refused(
    create({ router_id: made.id, port_id: onlyFour.id }),
    400,
    'BadRequest',
    `Bad ndp_proxy request: Requested port ${onlyFour.id} must allocate one IPv6 address at least.`,
  );
  const onlyFar = await instance(inside.id, [{ subnet_id: far.id }]);
  await refused(
    create({ router_id: made.id, port_id: onlyFar.id }),
    409,
    'PortUnreachableRouter',
    `The port ${onlyFar.id} cannot reach the router ${made.id} by IPv6 subnet.`,
  );
});

test('the router has an interface on the network of the port, and its attribute is on', async () => {
  const network = await cloud.network(demo);
  const on = await subnet6(network.id);
  const away = await instance(network.id);
  const unreachable = (id: string) => `The port ${away.id} cannot reach the router ${id} by IPv6 subnet.`;
  await refused(create({ router_id: made.id, port_id: away.id }), 409, 'PortUnreachableRouter', unreachable(made.id));
  const bare = await cloud.router(demo);
  await refused(create({ router_id: bare.id, port_id: away.id }), 409, 'PortUnreachableRouter', unreachable(bare.id));
  await cloud.attach(demo, bare, { subnet_id: on.id });
  await refused(
    create({ router_id: bare.id, port_id: away.id }),
    409,
    'RouterNDPProxyNotEnable',
    `The enable_ndp_proxy parameter of router ${bare.id} must be set as True while create ndp proxy entry on it.`,
  );
  await refused(create({ router_id: bare.id, port_id: away.id }, other), 404, 'PortNotFound', /could not be found/);
  const theirs = await cloud.router(admin);
  const leg = await cloud.port(admin, network.id, { project_id: admin.projectId });
  await cloud.attach(admin, theirs, { port_id: leg.id });
  await refused(create({ router_id: theirs.id, port_id: away.id }), 404, 'RouterNotFound', /could not be found/);
});

test('both sides are of one address scope', async () => {
  const second = await scope('second');
  const elsewhere = await pool(second, '2001:db8:1::/48');
  for (const [subnetpool, named] of [
    [elsewhere, second],
    [await pool(null, '2001:db8:2::/48'), 'None'],
  ] as const) {
    const network = await cloud.network(demo);
    const on = await cloud.subnet(admin, network.id, named === 'None' ? '2001:db8:2:1::/64' : '2001:db8:1:1::/64', {
      subnetpool_id: subnetpool,
      project_id: demo.projectId,
    });
    await cloud.attach(demo, made, { subnet_id: on.id });
    const away = await instance(network.id);
    await refused(
      create({ router_id: made.id, port_id: away.id }),
      409,
      'AddressScopeConflict',
      `The IPv6 address scope ${scopeId} of external network conflict with internal network's IPv6 address scope ${named}.`,
    );
  }
});

test('the attribute needs a gateway with an IPv6 address in a scope', async () => {
  const bare = await cloud.router(demo);
  await refused(update(bare, { enable_ndp_proxy: true }), 409, 'RouterGatewayNotValid', notOn(bare, cannot));
  await refused(
    cloud.router(demo, { enable_ndp_proxy: true }),
    409,
    'RouterGatewayNotValid',
    /^Can not enable ndp proxy on router \S+, The request body not contain external gateway information\.$/,
  );
  const plain = await external('plain');
  await cloud.subnet(admin, plain.id, 'fd00:7::/64');
  await refused(
    cloud.router(demo, { ...gateway(plain.id), enable_ndp_proxy: true }),
    409,
    'RouterGatewayNotValid',
    new RegExp(
      `The external network ${plain.id} don't support IPv6 ndp proxy, the network has no IPv6 subnets or has no IPv6 address scope\\.$`,
    ),
  );
  const without = await cloud.router(demo, gateway(plain.id));
  await refused(update(without, { enable_ndp_proxy: true }), 409, 'RouterGatewayNotValid', notOn(without, cannot));

  const four = { network_id: outside.id, external_fixed_ips: [{ subnet_id: outsideFour.id }] };
  const onFour = await cloud.router(admin, { external_gateway_info: four });
  await refused(update(onFour, { enable_ndp_proxy: true }), 409, 'RouterGatewayNotValid', notOn(onFour, cannot));
  await refused(
    cloud.router(admin, { external_gateway_info: four, enable_ndp_proxy: true }),
    409,
    'RouterGatewayNotValid',
    /or IPv6 address scope\.$/,
  );
  const six = { network_id: outside.id, external_fixed_ips: [{ subnet_id: outsideSix.id }] };
  assert.equal((await update(onFour, { external_gateway_info: six, enable_ndp_proxy: true })).enable_ndp_proxy, true);
  await refused(
    update(onFour, { external_gateway_info: four }),
    409,
    'RouterIPv6GatewayInUse',
    `Can't remove the IPv6 subnet from external gateway of router ${onFour.id}, the IPv6 subnet in use by the router's ndp proxy.`,
  );
  await refused(
    update(onFour, { external_gateway_info: null, enable_ndp_proxy: true }),
    409,
    'RouterGatewayNotValid',
    notOn(onFour, "The router's external gateway will be unset"),
  );
  assert.equal((await update(onFour, { enable_ndp_proxy: false })).enable_ndp_proxy, false);
  assert.equal((await update(onFour, { external_gateway_info: four })).enable_ndp_proxy, false);
});

test('left out, it is the configured one for a new gateway, stays with a gateway that stays, and goes with it', async () => {
  const row = await cloud.router(demo, gateway());
  assert.equal(row.enable_ndp_proxy, false);
  assert.equal((await update(row, { name: 'x' }, byDefault)).enable_ndp_proxy, false, 'a name turns nothing on');
  assert.equal((await update(row, { enable_ndp_proxy: true })).enable_ndp_proxy, true);
  assert.equal((await update(row, { name: 'y' })).enable_ndp_proxy, true);
  assert.equal((await update(row, gateway())).enable_ndp_proxy, true);
  assert.equal((await update(row, { external_gateway_info: null })).enable_ndp_proxy, false);
  assert.equal((await update(row, gateway())).enable_ndp_proxy, false);
  await update(row, { external_gateway_info: null });
  assert.equal((await update(row, gateway(), byDefault)).enable_ndp_proxy, true);
  await update(row, { external_gateway_info: null });
  const off = await update(row, { ...gateway(), enable_ndp_proxy: false }, byDefault);
  assert.equal(off.enable_ndp_proxy, false);
  const started = await cloud.act(demo, (c) => required(routerOperations.create)(byDefault(c), gateway()));
  assert.equal(started.enable_ndp_proxy, true);
});

test('gateway, interface and router stay while a proxy needs them; with its port a proxy goes', async () => {
  const network = await cloud.network(demo);
  const on = await subnet6(network.id);
  const row = await cloud.router(demo, { ...gateway(), enable_ndp_proxy: true });
  await cloud.attach(demo, row, { subnet_id: on.id });
  const one = await instance(network.id);
  await create({ router_id: row.id, port_id: one.id });
  const gatewayInUse = `Unable to unset external gateway of router ${row.id}, There are one or more ndp proxies still in use on the router.`;
  const elsewhere = await external('elsewhere');
  for (const changes of [{ external_gateway_info: null }, gateway(elsewhere.id)])
    await refused(update(row, changes), 409, 'RouterGatewayInUseByNDPProxy', gatewayInUse);
  const detach = (body: Record<string, unknown>) =>
    cloud.act(demo, async (c) => removeInterface(c, required(await c.t.get(router, row.id)), body));
  const [leg] = await cloud.read((r) => r.find(port, { network_id: network.id, device_id: row.id }));
  const inUse = `Unable to remove subnet ${on.id} from router ${row.id}, There are one or more ndp proxies still in use on the subnet.`;
  await refused(detach({ subnet_id: on.id }), 409, 'RouterInterfaceInUseByNDPProxy', inUse);
  await refused(detach({ port_id: leg?.id }), 409, 'RouterInterfaceInUseByNDPProxy', inUse);
  assert.equal((await update(row, { enable_ndp_proxy: false })).enable_ndp_proxy, false, 'it may be off meanwhile');
  await cloud.act(demo, (c) => required(portOperations.remove)(c, one));
  assert.deepEqual(await cloud.read((r) => r.find(ndpProxy, { router_id: row.id })), []);
  await detach({ subnet_id: on.id });
  await update(row, { external_gateway_info: null });
  await cloud.act(demo, async (c) => required(routerOperations.remove)(c, required(await c.t.get(router, row.id))));
});

test('the host is told which addresses to answer for: those that their ports have, while it is on', async () => {
  const network = await cloud.network(demo);
  const on = await subnet6(network.id);
  const row = await cloud.router(demo, gateway());
  await cloud.attach(demo, row, { subnet_id: on.id });
  const told = async () => {
    const object = await cloud.read((r) => hostObject(r, cloud.settings, 'alpha', `router/${row.id}`));
    return object?.kind === 'router' ? object.ndp_proxies : 'nothing';
  };
  assert.equal(await told(), undefined);
  await update(row, { enable_ndp_proxy: true });
  assert.deepEqual(await told(), []);
  const at = (last: string) => on.cidr.replace('/64', last);
  const [one, two] = [
    await instance(network.id, [{ subnet_id: on.id, ip_address: at('b') }]),
    await instance(network.id, [{ subnet_id: on.id, ip_address: at('a') }]),
  ];
  for (const { id } of [one, two]) await create({ router_id: row.id, port_id: id });
  assert.deepEqual(await told(), [at('a'), at('b')]);
  const give = (fixed_ips: Row<typeof port>['fixed_ips']) =>
    cloud.act(demo, async (c) =>
      required(portOperations.update)(c, required(await c.t.get(port, one.id)), { fixed_ips }),
    );
  await give([{ subnet_id: on.id, ip_address: at('c') }]);
  assert.deepEqual(await told(), [at('a')], 'its port has it no more');
  await give([{ subnet_id: on.id, ip_address: at('b') }]);
  assert.deepEqual(await told(), [at('a'), at('b')]);
  await update(row, { enable_ndp_proxy: false });
  assert.equal(await told(), undefined);
});
