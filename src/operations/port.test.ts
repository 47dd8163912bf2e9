import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ipAllocation, port, portSecurityGroup, quotaUsage } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { createPort, removePort, updatePort } from './port.ts';
import { portOperations } from './port-operations.ts';
import { admin, type Cloud, demo, openCloud, openSmallCloud, other, refused, required } from './router-testing.ts';
import { ensureDefaultGroup } from './security-group.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type PortRow = Row<typeof port>;
const update = (row: PortRow, changes: Partial<PortRow>) => cloud.act(demo, (c) => updatePort(c, row, changes));
const ips = (row: PortRow) => row.fixed_ips.map((fixedIp) => fixedIp.ip_address);
const allocated = async (id: string) => {
  const rows = await cloud.read((r) => r.find(ipAllocation, { port_id: id }));
  return rows.map((row) => row.ip_address);
};
const defaultGroup = () => cloud.act(demo, (c) => ensureDefaultGroup(c, 'p-demo'));

/** A network of the demo project with one subnet. */
async function lan(cidr: string) {
  const on = await cloud.network(demo);
  return { on, sub: await cloud.subnet(demo, on.id, cidr) };
}

test('a port has an address of its own, a MAC address of the base, and the default group of its project', async () => {
  const { on } = await lan('10.0.0.0/24');
  const row = await cloud.port(demo, on.id, { name: 'mine' });
  assert.match(row.mac_address, /^fa:16:3e:/);
  assert.equal(row.status, 'DOWN');
  assert.equal(row['binding:vif_type'], 'unbound');
  assert.deepEqual(row.security_groups, [await defaultGroup()]);
  assert.deepEqual(await allocated(row.id), ips(row));
  const members = await cloud.read((r) => r.find(portSecurityGroup, { port_id: row.id }));
  assert.deepEqual(
    members.map((member) => member.security_group_id),
    row.security_groups,
  );
});

test('ports that are created at once have all addresses of a small subnet, each one, and then there is none', async () => {
  const { on, sub } = await lan('10.0.1.0/26');
  const rows = await Promise.all(Array.from({ length: 61 }, () => cloud.port(demo, on.id)));
  const addresses = rows.flatMap(ips);
  assert.equal(new Set(addresses).size, 61);
  assert.ok(addresses.every((ip) => /^10\.0\.1\.([2-9]|[1-5]\d|6[0-2])$/.test(ip ?? '')));
  assert.equal(new Set(rows.map((row) => row.mac_address)).size, 61);
  await refused(
    cloud.port(demo, on.id),
    409,
    'IpAddressGenerationFailure',
    `No more IP addresses available on network ${on.id}.`,
  );
  const gateway = await cloud.port(demo, on.id, { fixed_ips: [{ subnet_id: sub.id, ip_address: '10.0.1.1' }] });
  assert.deepEqual(ips(gateway), ['10.0.1.1']);
  await cloud.act(demo, (c) => removePort(c, rows[7] as PortRow));
  assert.deepEqual(ips(await cloud.port(demo, on.id)), ips(rows[7] as PortRow));
});

test('one address of the IPv4 subnets and one of the IPv6 ones; a full subnet leaves it to the next', async () => {
  const on = await cloud.network(demo);
  const pool = [{ start: '10.0.2.9', end: '10.0.2.9' }];
  await cloud.subnet(demo, on.id, '10.0.2.0/24', { allocation_pools: pool });
  await cloud.subnet(demo, on.id, '10.0.3.0/24');
  await cloud.subnet(demo, on.id, '2001:db8::/64');
  const rows = [await cloud.port(demo, on.id), await cloud.port(demo, on.id)];
  for (const row of rows) assert.equal(row.fixed_ips.length, 2);
  assert.ok(rows.flatMap(ips).some((ip) => ip?.startsWith('10.0.3.')));
});

test('an address or a MAC address in use is refused', async () => {
  const { on, sub } = await lan('10.0.4.0/24');
  const fixed_ips = [{ subnet_id: sub.id, ip_address: '10.0.4.9' }];
  const row = await cloud.port(demo, on.id, { fixed_ips });
  await refused(
    cloud.port(demo, on.id, { fixed_ips }),
    409,
    'IpAddressAlreadyAllocated',
    `IP address 10.0.4.9 already allocated in subnet ${sub.id}`,
  );
  await refused(
    cloud.port(demo, on.id, { fixed_ips: [{ ip_address: '10.0.4.10' }, { ip_address: '10.0.4.10' }] }),
    409,
    'IpAddressAlreadyAllocated',
    /10.0.4.10/,
  );
  await refused(cloud.port(demo, on.id, { mac_address: row.mac_address }), 409, 'MacAddressInUse', /is in use/);
  const elsewhere = await lan('10.0.4.0/24');
  await cloud.port(demo, elsewhere.on.id, { mac_address: row.mac_address });
});

test('an address that cannot be is refused, and so is a subnet of another network', async () => {
  const { on, sub } = await lan('10.0.5.0/24');
  const { sub: foreign } = await lan('10.0.6.0/24');
  const hidden = await cloud.network(other).then((net) => cloud.subnet(other, net.id, '10.0.7.0/24'));
  const ask = (fixedIp: { subnet_id?: string; ip_address?: string }) =>
    cloud.port(demo, on.id, { fixed_ips: [fixedIp] });
  await refused(ask({ ip_address: '10.0.6.1' }), 400, 'InvalidIpForNetwork', /not a valid IP for any of the subnets/);
  await refused(ask({ subnet_id: sub.id, ip_address: '10.0.5.255' }), 400, 'InvalidIpForSubnet', /10.0.5.255/);
  await refused(ask({ subnet_id: foreign.id }), 400, 'InvalidInput', /invalid subnet/);
  await refused(ask({ subnet_id: hidden.id }), 404, 'SubnetNotFound', /could not be found/);
});

test('changing addresses keeps, takes and gives back', async () => {
  const { on, sub } = await lan('10.0.8.0/24');
  const row = await cloud.port(demo, on.id, { fixed_ips: [{ ip_address: '10.0.8.5' }, { ip_address: '10.0.8.6' }] });
  const changed = await update(row, { fixed_ips: [{ ip_address: '10.0.8.6' }, { ip_address: '10.0.8.7' }] });
  assert.deepEqual(ips(changed).toSorted(), ['10.0.8.6', '10.0.8.7']);
  assert.deepEqual((await allocated(row.id)).toSorted(), ['10.0.8.6', '10.0.8.7']);
  const taker = await cloud.port(demo, on.id, { fixed_ips: [{ subnet_id: sub.id, ip_address: '10.0.8.5' }] });
  assert.deepEqual(ips(taker), ['10.0.8.5']);
  await refused(
    update(changed, { fixed_ips: [{ ip_address: '10.0.8.5' }] }),
    409,
    'IpAddressAlreadyAllocated',
    /10.0.8.5/,
  );
  assert.deepEqual((await allocated(row.id)).toSorted(), ['10.0.8.6', '10.0.8.7']);
});

test('port security: groups and pairs need it, the network decides where the port does not say', async () => {
  const { on } = await lan('10.0.9.0/24');
  const group = await defaultGroup();
  const open = await cloud.network(demo, { port_security_enabled: false });
  await cloud.subnet(demo, open.id, '10.0.10.0/24');
  const free = await cloud.port(demo, open.id);
  assert.deepEqual([free.port_security_enabled, free.security_groups], [false, []]);
  const insecure = { port_security_enabled: false };
  const needs = 'PortSecurityAndIPRequiredForSecurityGroups';
  await refused(cloud.port(demo, on.id, { ...insecure, security_groups: [group] }), 400, needs, /must be enabled/);
  const unaddressed = await cloud.port(demo, on.id, { fixed_ips: [] });
  assert.deepEqual([unaddressed.port_security_enabled, unaddressed.security_groups], [true, [group]]);
  const named = await cloud.port(demo, open.id, { security_groups: [group] });
  assert.equal(named.port_security_enabled, true, 'groups that are named for a port with addresses count');
  const pairs = { allowed_address_pairs: [{ ip_address: '10.0.9.100/32' }] };
  await refused(
    cloud.port(demo, on.id, { ...insecure, ...pairs }),
    409,
    'AddressPairAndPortSecurityRequired',
    /Port Security/,
  );
  const row = await cloud.port(demo, on.id, pairs);
  assert.deepEqual(row.allowed_address_pairs, [{ ip_address: '10.0.9.100', mac_address: row.mac_address }]);
  await refused(
    update(row, { ...insecure, allowed_address_pairs: [] }),
    409,
    'PortSecurityPortHasSecurityGroup',
    /associated/,
  );
  const bare = await update(row, { ...insecure, allowed_address_pairs: [], security_groups: [] });
  assert.equal(bare.port_security_enabled, false);
  assert.deepEqual(await cloud.read((r) => r.find(portSecurityGroup, { port_id: row.id })), []);
  await refused(update(bare, { security_groups: [group] }), 400, needs, /Port security must be enabled/);
});

test("a group of another project's is not there", async () => {
  const { on } = await lan('10.0.11.0/24');
  const foreign = await cloud.act(other, (c) => ensureDefaultGroup(c, 'p-other'));
  await refused(
    cloud.port(demo, on.id, { security_groups: [foreign] }),
    404,
    'SecurityGroupNotFound',
    /does not exist/,
  );
});

test('a port is bound where a live agent can wire it, and fails elsewhere', async () => {
  const { on } = await lan('10.0.12.0/24');
  await cloud.host('wired');
  const bind = (row: PortRow, host: string) => cloud.act(admin, (c) => updatePort(c, row, { 'binding:host_id': host }));
  const row = await cloud.port(demo, on.id);
  const bound = await bind(row, 'wired');
  assert.equal(bound['binding:vif_type'], 'bridge');
  assert.equal((await bind(bound, 'nowhere'))['binding:vif_type'], 'binding_failed');
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'unmapped' } as const;
  const physical = await cloud.network(admin, { ...flat, shared: true });
  const failed = await cloud.port(admin, physical.id, { 'binding:host_id': 'wired' });
  assert.equal(failed['binding:vif_type'], 'binding_failed');
  await refused(
    cloud.act(admin, (c) => updatePort(c, bound, { mac_address: 'fa:16:3e:99:99:99' })),
    409,
    'PortBound',
    /port is already bound, port type: bridge/,
  );
  cloud.clock.advance(76_000);
  assert.equal((await bind(row, 'wired'))['binding:vif_type'], 'binding_failed');
});

test('a port cannot pass for an interface of a router of another project', async () => {
  const { on } = await lan('10.0.13.0/24');
  const foreign = await cloud.router(other);
  const draft = { device_owner: 'network:router_interface', device_id: foreign.id };
  await refused(cloud.port(demo, on.id, draft), 409, 'DeviceIDNotOwnedByTenant', /is not owned by your tenant/);
  const row = await cloud.port(demo, on.id);
  await refused(update(row, draft), 409, 'DeviceIDNotOwnedByTenant', /is not owned by your tenant/);
});

test("a router's port goes only with its router, and counts without being refused", async () => {
  const small = await openSmallCloud();
  try {
    const [gateway] = await small.cloud.read((r) => r.find(port, { device_owner: 'network:router_interface' }));
    assert.ok(gateway);
    const byApi = (row: PortRow) => small.cloud.act(demo, (c) => required(portOperations.remove)(c, row));
    await refused(byApi(gateway), 409, 'ServicePortInUse', /has device owner network:router_interface/);
    await small.cloud.act(demo, (c) => removePort(c, gateway, { force: true }));
    assert.equal(await small.cloud.read((r) => r.get(port, gateway.id)), undefined);
  } finally {
    await small.cloud.close();
  }
});

test('usage follows what is there; the system is counted and never refused', async () => {
  const on = await cloud.network(admin, { project_id: 'p-few', shared: true });
  await cloud.subnet(admin, on.id, '10.0.14.0/24');
  const used = async () =>
    (await cloud.read((r) => r.first(quotaUsage, { project_id: 'p-few', resource: 'port' })))?.used;
  const draft = { network_id: on.id, project_id: 'p-few' };
  const make = (owner: { owner?: 'system' }) =>
    cloud.act(admin, (c) => createPort({ ...c, settings: { ...c.settings, quotas: { port: 1 } } }, draft, owner));
  const first = await make({});
  await refused(make({}), 409, 'OverQuota', /\['port'\]/);
  await make({ owner: 'system' });
  assert.equal(await used(), 2);
  await cloud.act(admin, (c) => removePort(c, first));
  assert.equal(await used(), 1);
});

test('a bulk of ports that fails on its way leaves nothing', async () => {
  const { on } = await lan('10.0.15.0/24');
  const before = await cloud.read((r) => r.count(ipAllocation));
  const bulk = cloud.act(demo, async (c) => {
    await createPort(c, { network_id: on.id, fixed_ips: [{ ip_address: '10.0.15.9' }] });
    await createPort(c, { network_id: on.id, fixed_ips: [{ ip_address: '10.0.15.9' }] });
  });
  await refused(bulk, 409, 'IpAddressAlreadyAllocated', /10.0.15.9/);
  assert.equal(await cloud.read((r) => r.count(ipAllocation)), before);
});

test('deleting the port of a DHCP service that is wanted makes a new one', async () => {
  await cloud.host('dhcp-host');
  const on = await cloud.network(demo);
  await cloud.subnet(demo, on.id, '10.0.16.0/24', { enable_dhcp: true });
  const [served] = await cloud.read((r) => r.find(port, { network_id: on.id }));
  assert.ok(served);
  const disguised = await update(served, { device_owner: '' });
  await cloud.act(demo, (c) => required(portOperations.remove)(c, disguised));
  const [anew] = await cloud.read((r) => r.find(port, { network_id: on.id }));
  assert.equal(anew?.device_owner, 'network:dhcp');
  assert.notEqual(anew?.id, served.id);
});
