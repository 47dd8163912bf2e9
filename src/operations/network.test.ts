import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dhcpBinding, network, port, quotaUsage, segment as segments, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { defaultSettings, type NetworkingSettings } from '../rules/settings.ts';
import { networkOperations } from './network.ts';
import { admin, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { isGranted } from './sharing.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type NetworkRow = Row<typeof network>;
const create = required(networkOperations.create);
const update = (row: NetworkRow, changes: Partial<NetworkRow>) =>
  cloud.act(admin, (c) => required(networkOperations.update)(c, row, changes));
const remove = (row: NetworkRow) => cloud.act(demo, (c) => required(networkOperations.remove)(c, row));
const usage = async (project: string, resource: string) => {
  const row = await cloud.read((r) => r.first(quotaUsage, { project_id: project, resource }));
  return row?.used ?? 0;
};
const under = (changes: Partial<NetworkingSettings>, draft: Parameters<typeof create>[1]) =>
  cloud.act(admin, (c) => create({ ...c, settings: { ...defaultSettings, ...changes } }, draft));
const provider = (type: NetworkRow['provider:network_type'], physical: string | null, id: number | null) => ({
  'provider:network_type': type,
  'provider:physical_network': physical,
  'provider:segmentation_id': id,
});

test('a tenant network is VXLAN with a VNI of its own and the MTU that leaves room for the tunnel', async () => {
  const row = await cloud.network(demo, { name: 'mine' });
  assert.equal(row.project_id, 'p-demo');
  assert.equal(row.status, 'ACTIVE');
  assert.equal(row['provider:network_type'], 'vxlan');
  assert.equal(row.mtu, 1450);
  const segment = await cloud.read((r) => r.first(segments, { network_id: row.id }));
  assert.equal(segment?.segmentation_id, row['provider:segmentation_id']);
});

test('networks that are created at once have different VNIs, until the range is used up', async () => {
  const settings = { vxlanRanges: [{ first: 1000, last: 1039 }] };
  const rows = await Promise.all(Array.from({ length: 40 }, () => under(settings, {})));
  const ids = rows.map((row) => row['provider:segmentation_id'] ?? 0);
  assert.equal(new Set(ids).size, 40);
  assert.ok(ids.every((id) => id >= 1000 && id <= 1039));
  await refused(under(settings, {}), 503, 'NoNetworkAvailable', /No project network is available/);
});

test('what a provider takes, no other gets; a deleted network gives it back', async () => {
  const vlan = { vlanRanges: { physnet1: [] } };
  const flat = await under({}, provider('flat', 'public', null));
  await refused(
    under({}, provider('flat', 'public', null)),
    409,
    'FlatNetworkInUse',
    /Physical network public is in use/,
  );
  await under(vlan, provider('vlan', 'physnet1', 7));
  await refused(
    under(vlan, provider('vlan', 'physnet1', 7)),
    409,
    'VlanIdInUse',
    /VLAN 7 on physical network physnet1/,
  );
  await under({}, provider('vxlan', null, 77));
  await refused(under({}, provider('vxlan', null, 77)), 409, 'TunnelIdInUse', /tunnel ID 77 is in use/);
  await under({}, provider('local', null, null));
  await under({}, provider('local', null, null));
  await remove(flat);
  await under({}, provider('flat', 'public', null));
});

test('the MTU: too big is refused, 0 is the maximum, subnets set a minimum', async () => {
  await refused(under({}, { mtu: 1451 }), 400, 'InvalidInput', /Requested MTU is too big, maximum is 1450/);
  const row = await under({}, { mtu: 1300 });
  assert.equal(row.mtu, 1300);
  assert.equal((await update(row, { mtu: 0 })).mtu, 1450);
  await cloud.subnet(admin, row.id, '2001:db8::/64');
  await refused(update(row, { mtu: 1279 }), 409, 'NetworkMTUSubnetConflict', /requires a minimum of 1280/);
  await refused(update(row, { mtu: 0 }), 409, 'NetworkMTUSubnetConflict', /requires a minimum of 68/);
  const narrow = await under({}, { mtu: 1000 });
  await refused(cloud.subnet(admin, narrow.id, '2001:db8::/64'), 409, 'NetworkMTUSubnetConflict', /1280/);
  assert.equal((await update(row, { mtu: 1280 })).mtu, 1280);
});

test('a network with ports is not deleted; one with DHCP ports and subnets goes with them', async () => {
  await cloud.host('dhcp-host');
  const row = await cloud.network(demo);
  await cloud.subnet(demo, row.id, '10.9.0.0/24', { enable_dhcp: true });
  const held = await cloud.read((r) => r.find(port, { network_id: row.id }));
  assert.deepEqual(
    held.map((each) => each.device_owner),
    ['network:dhcp'],
  );
  const instance = await cloud.port(demo, row.id);
  await refused(remove(row), 409, 'NetworkInUse', /one or more ports still in use/);
  await cloud.act(demo, (c) => c.t.delete(port, instance.id));
  const before = { networks: await usage('p-demo', 'network'), subnets: await usage('p-demo', 'subnet') };
  await remove(row);
  assert.equal(await usage('p-demo', 'network'), before.networks - 1);
  assert.equal(await usage('p-demo', 'subnet'), before.subnets - 1);
  assert.equal(await cloud.read((r) => r.get(network, row.id)), undefined);
  assert.deepEqual(await cloud.read((r) => r.find(subnet, { network_id: row.id })), []);
  assert.deepEqual(await cloud.read((r) => r.find(dhcpBinding, { network_id: row.id })), []);
});

test('a network that another project uses stays shared, one with a gateway on it stays external', async () => {
  const shared = await cloud.network(admin, { shared: true, project_id: 'p-demo' });
  await cloud.port(other, shared.id);
  await refused(update(shared, { shared: false }), 409, 'InvalidSharedSetting', /Multiple projects are using it/);
  const quiet = await cloud.network(admin, { shared: true, project_id: 'p-demo' });
  await cloud.port(demo, quiet.id);
  await update(quiet, { shared: false });
  assert.equal(await cloud.read((r) => isGranted(r, quiet.id, 'p-other')), false);
  const external = await cloud.network(admin, { 'router:external': true });
  await cloud.subnet(admin, external.id, '198.51.100.0/24');
  await cloud.router(demo, { external_gateway_info: { network_id: external.id } });
  await refused(update(external, { 'router:external': false }), 409, 'ExternalNetworkInUse', /existing gateway ports/);
});

test('the quota is held to by creates that come at once', async () => {
  const draft = { project_id: 'p-small' };
  const results = await Promise.allSettled(Array.from({ length: 12 }, () => under({ quotas: { network: 5 } }, draft)));
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 5);
  assert.equal(await usage('p-small', 'network'), 5);
  await refused(
    under({ quotas: { network: 5 } }, draft),
    409,
    'OverQuota',
    "Quota exceeded for resources: ['network'].",
  );
});

test('a list of networks computes their subnets', async () => {
  const row = await cloud.network(demo);
  const on = await cloud.subnet(demo, row.id, '10.8.0.0/24');
  const bare = await cloud.network(demo);
  const { settings, clock } = cloud;
  const computed = await cloud.read(async (r) =>
    networkOperations.compute?.({ r, caller: demo, settings, clock }, [bare, row]),
  );
  assert.deepEqual(
    computed?.map(({ subnets, shared }) => [subnets, shared]),
    [
      [[], false],
      [[on.id], false],
    ],
  );
});
