import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { network, port, type subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { admin, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { subnetOperations } from './subnet.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type SubnetRow = Row<typeof subnet>;
const update = (row: SubnetRow, changes: Partial<SubnetRow>) =>
  cloud.act(demo, (c) => required(subnetOperations.update)(c, row, changes));
const remove = (row: SubnetRow) => cloud.act(demo, (c) => required(subnetOperations.remove)(c, row));
const portsOf = (id: string) => cloud.read((r) => r.find(port, { network_id: id }));
const portOf = async (id: string) => {
  const row = await cloud.read((r) => r.get(port, id));
  assert.ok(row);
  return row;
};

test('a subnet on a network that the caller cannot see is on none', async () => {
  const row = await cloud.network(demo);
  await refused(
    cloud.subnet(other, row.id, '10.0.0.0/24'),
    404,
    'NetworkNotFound',
    `Network ${row.id} could not be found.`,
  );
});

test('subnets of one network share no address, also when they are created at once', async () => {
  const row = await cloud.network(demo);
  const cidrs = ['10.1.0.0/16', '10.1.2.0/24', '10.0.0.0/8', '10.1.0.0/16'];
  const results = await Promise.allSettled(cidrs.map((cidr) => cloud.subnet(demo, row.id, cidr)));
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
});

test('a subnet that comes or goes is a change of its network', async () => {
  const on = await cloud.network(demo);
  const revision = async () => (await cloud.read((r) => r.get(network, on.id)))?.revision_number ?? 0;
  const start = await revision();
  const row = await cloud.subnet(demo, on.id, '10.2.0.0/24');
  assert.equal(await revision(), start + 1);
  await remove(row);
  assert.equal(await revision(), start + 2);
});

test('a gateway that a router has stays; another moves out of the pools only', async () => {
  const on = await cloud.network(demo);
  const row = await cloud.subnet(demo, on.id, '10.3.0.0/24');
  await refused(update(row, { gateway_ip: '10.3.0.9' }), 409, 'GatewayConflictWithAllocationPools', /10.3.0.9/);
  const moved = await update(row, {
    gateway_ip: '10.3.0.254',
    allocation_pools: [{ start: '10.3.0.1', end: '10.3.0.99' }],
  });
  const router = await cloud.router(demo);
  await cloud.attach(demo, router, { subnet_id: row.id });
  await refused(
    update(moved, { gateway_ip: null }),
    409,
    'GatewayIpInUse',
    /Current gateway ip 10.3.0.254 already in use/,
  );
  await refused(remove(moved), 409, 'SubnetInUse', /One or more ports have an IP allocation/);
});

test('a subnet whose addresses ports have is not deleted', async () => {
  const on = await cloud.network(demo);
  const row = await cloud.subnet(demo, on.id, '10.4.0.0/24');
  await cloud.port(demo, on.id);
  await refused(remove(row), 409, 'SubnetInUse', /One or more ports/);
});

test('automatic addresses come to the ports that are there, and go with the subnet', async () => {
  const on = await cloud.network(demo);
  const instance = await cloud.port(demo, on.id, { mac_address: 'fa:16:3e:00:00:01' });
  assert.deepEqual(instance.fixed_ips, []);
  const modes = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac', enable_dhcp: true } as const;
  const row = await cloud.subnet(demo, on.id, '2001:db8::/64', modes);
  const expected = { subnet_id: row.id, ip_address: '2001:db8::f816:3eff:fe00:1' };
  assert.deepEqual((await portOf(instance.id)).fixed_ips, [expected]);
  await remove(row);
  assert.deepEqual((await portOf(instance.id)).fixed_ips, []);
});

test('DHCP has a port with an address of each subnet that it serves, while it serves one', async () => {
  await cloud.host('alpha');
  const on = await cloud.network(demo);
  const served = async () => (await portsOf(on.id)).flatMap((row) => row.fixed_ips.map((fixedIp) => fixedIp.subnet_id));
  const first = await cloud.subnet(demo, on.id, '10.5.0.0/24', { enable_dhcp: true });
  const [made] = await portsOf(on.id);
  assert.equal(made?.device_owner, 'network:dhcp');
  assert.match(made?.device_id ?? '', new RegExp(`^dhcp[0-9a-f-]{36}-${on.id}$`));
  assert.equal(made?.['binding:host_id'], 'alpha');
  assert.equal(made?.['binding:vif_type'], 'bridge');
  assert.equal(made?.project_id, 'p-demo');
  const second = await cloud.subnet(demo, on.id, '10.6.0.0/24', { enable_dhcp: true });
  assert.deepEqual(new Set(await served()), new Set([first.id, second.id]));
  await update(second, { enable_dhcp: false });
  assert.deepEqual(await served(), [first.id]);
  await remove(first);
  assert.deepEqual(await portsOf(on.id), []);
});

test('a subnet that has no address left for DHCP is created all the same', async () => {
  const on = await cloud.network(admin);
  const row = await cloud.subnet(admin, on.id, '10.7.0.0/24', { enable_dhcp: true, allocation_pools: [] });
  assert.deepEqual(row.allocation_pools, []);
  assert.deepEqual(await portsOf(on.id), []);
});
