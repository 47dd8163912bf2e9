import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { network, port, quotaUsage, trunk, trunkSubport } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { applyAgentReport, applyStatuses } from './agent.ts';
import { portOperations } from './port-operations.ts';
import { admin, agentReport, type Cloud, demo, openCloud, other, refused, required } from './router-testing.ts';
import { trunkOperations } from './trunk.ts';

type Trunk = Row<typeof trunk>;
let cloud: Cloud;
let on: Row<typeof network>;
before(async () => {
  cloud = await openCloud();
  on = await cloud.network(demo);
});
after(() => cloud.close());

const aPort = (draft: Draft<typeof port> = {}, networkId = on.id) => cloud.port(demo, networkId, draft);
const create = (draft: Draft<typeof trunk>, caller = demo) =>
  cloud.act(caller, (c) => required(trunkOperations.create)(c, draft));
const act = (name: 'add_subports' | 'remove_subports', row: Trunk, sub_ports: unknown) =>
  cloud.act(demo, (c) => required(trunkOperations.actions?.[name])(c, row, { sub_ports })) as Promise<Trunk>;
const vlan = (of: Row<typeof port>, id: number) => ({
  port_id: of.id,
  segmentation_type: 'vlan',
  segmentation_id: id,
});
const shown = async (row: Trunk) => {
  const computed = await cloud.read((r) =>
    required(trunkOperations.compute)({ r, ...cloud, caller: demo } as never, [row]),
  );
  return computed[0]?.sub_ports;
};
const removePort = (row: Row<typeof port>) => cloud.act(demo, (c) => required(portOperations.remove)(c, row));

test('a trunk has subports, which come and go; its parent port shows them', async () => {
  const [parent, first, second] = [await aPort(), await aPort(), await aPort()];
  const row = await create({ port_id: parent.id, sub_ports: [vlan(first, 10)] });
  assert.deepEqual([row.status, row.admin_state_up], ['DOWN', true]);
  assert.deepEqual(await shown(row), [vlan(first, 10)]);
  const added = await act('add_subports', row, [vlan(second, 20)]);
  assert.equal(added.revision_number, row.revision_number + 1);
  const [details, none] = await cloud.read((r) =>
    required(portOperations.compute)({ r, ...cloud, caller: demo } as never, [parent, first]),
  );
  const sub_ports = (details?.trunk_details?.sub_ports ?? []) as { segmentation_id: number }[];
  assert.deepEqual(
    sub_ports.toSorted((a, b) => a.segmentation_id - b.segmentation_id),
    [
      { ...vlan(first, 10), mac_address: first.mac_address },
      { ...vlan(second, 20), mac_address: second.mac_address },
    ],
  );
  assert.equal(none?.trunk_details, null);
  await act('remove_subports', row, [{ port_id: first.id }]);
  assert.deepEqual(await shown(row), [vlan(second, 20)]);
  await refused(
    act('remove_subports', row, [{ port_id: first.id }]),
    404,
    'SubPortNotFound',
    `SubPort ${first.id} on trunk ${row.id} could not be found.`,
  );
  const used = () => cloud.read((r) => r.first(quotaUsage, { project_id: 'p-demo', resource: 'trunk' }));
  const before_ = (await used())?.used ?? 0;
  await cloud.act(demo, (c) => required(trunkOperations.remove)(c, row));
  assert.equal((await used())?.used, before_ - 1);
  assert.equal(await cloud.read((r) => r.count(trunkSubport, { trunk_id: row.id })), 0);
  for (const each of [parent, first, second]) await removePort(each);
});

test('a port is in one trunk, on one side of it, and stays while it is', async () => {
  const [parent, sub, spare] = [await aPort(), await aPort(), await aPort()];
  const row = await create({ port_id: parent.id, sub_ports: [vlan(sub, 5)] });
  const inUse = `Port ${parent.id} is currently in use and is not eligible for use as a parent port.`;
  await refused(create({ port_id: parent.id }), 409, 'ParentPortInUse', inUse);
  await refused(create({ port_id: sub.id }), 409, 'TrunkPortInUse', `Port ${sub.id} is in use by another trunk.`);
  await refused(
    create({ port_id: spare.id, sub_ports: [vlan(sub, 5)] }),
    409,
    'TrunkPortInUse',
    `Port ${sub.id} is in use by another trunk.`,
  );
  await refused(create({ port_id: spare.id, sub_ports: [vlan(parent, 5)] }), 409, 'ParentPortInUse', inUse);
  await refused(act('add_subports', row, [vlan(parent, 6)]), 409, 'ParentPortInUse', inUse);
  await refused(
    act('add_subports', row, [vlan(spare, 5)]),
    409,
    'DuplicateSubPort',
    `segmentation_type vlan and segmentation_id 5 already in use on trunk ${row.id}.`,
  );
  await refused(
    removePort(parent),
    409,
    'PortInUseAsTrunkParent',
    `Port ${parent.id} is currently a parent port for trunk ${row.id}.`,
  );
  await refused(
    removePort(sub),
    409,
    'PortInUseAsSubPort',
    `Port ${sub.id} is currently a subport for trunk ${row.id}.`,
  );
  const busy = await aPort({ device_id: 'vm' });
  await refused(
    act('add_subports', row, [vlan(busy, 6)]),
    409,
    'PortInUse',
    `Unable to complete operation on port ${busy.id} for network ${on.id}. Port already has an attached device vm.`,
  );
  const foreign = await cloud.port(other, (await cloud.network(other)).id);
  await refused(act('add_subports', row, [vlan(foreign, 6)]), 404, 'PortNotFound', /could not be found/);
});

test('tags are VLAN ids, once each, or those of the network', async () => {
  const [parent, sub, second] = [await aPort(), await aPort(), await aPort()];
  const row = await create({ port_id: parent.id });
  const cases: [object[], RegExp][] = [
    [[{ ...vlan(sub, 1), segmentation_type: 'vxlan' }], /Unknown segmentation_type 'vxlan'/],
    [[vlan(sub, 0)], /Segmentation ID '0' is not in range/],
    [[vlan(sub, 4095)], /Segmentation ID '4095' is not in range/],
    [[{ port_id: sub.id }], /missing segmentation information/],
    [[{ port_id: sub.id, segmentation_type: 'vlan' }], /missing segmentation information/],
    [[vlan(sub, 7), vlan(second, 7)], /Segmentation ID '7' for '.*' is not unique/],
    [[vlan(sub, 7), vlan(sub, 8)], /Non unique UUID for subport/],
    // The network is a tunnel, which no tag tells apart.
    [[{ port_id: sub.id, segmentation_type: 'inherit' }], /Unknown segmentation_type 'vxlan'/],
  ];
  for (const [wanted, sentence] of cases)
    await refused(act('add_subports', row, wanted), 400, 'InvalidInput', sentence);
  await refused(act('add_subports', row, 'x'), 400, 'HTTPBadRequest', /Invalid input for sub_ports/);
  const tagged = await cloud.network(demo);
  const columns = { 'provider:network_type': 'vlan', 'provider:segmentation_id': 42, mtu: on.mtu } as const;
  await cloud.act(admin, (c) => c.t.update(network, tagged.id, columns));
  const heir = await aPort({}, tagged.id);
  await act('add_subports', row, [{ port_id: heir.id, segmentation_type: 'inherit' }]);
  assert.deepEqual(await shown(row), [vlan(heir, 42)]);
});

test('the network of a subport has no larger MTU than that of the parent', async () => {
  const small = await cloud.network(demo, { mtu: on.mtu - 1 });
  const [parent, sub] = [await aPort({}, small.id), await aPort()];
  await refused(
    create({ port_id: parent.id, sub_ports: [vlan(sub, 5)] }),
    409,
    'SubPortMtuGreaterThanTrunkPortMtu',
    `MTU ${on.mtu} of subport ${sub.id} cannot be greater than MTU ${small.mtu} of trunk ${parent.id}.`,
  );
});

test('a trunk that is switched off, or in error, does not change', async () => {
  const [parent, sub] = [await aPort(), await aPort()];
  const row = await create({ port_id: parent.id, admin_state_up: false });
  const disabled = `Trunk ${row.id} is currently disabled.`;
  await refused(act('add_subports', row, [vlan(sub, 5)]), 409, 'TrunkDisabled', disabled);
  await refused(act('remove_subports', row, []), 409, 'TrunkDisabled', disabled);
  await refused(
    cloud.act(demo, (c) => required(trunkOperations.remove)(c, row)),
    409,
    'TrunkDisabled',
    disabled,
  );
  const up = await cloud.act(demo, (c) => required(trunkOperations.update)(c, row, { admin_state_up: true }));
  await refused(
    act('add_subports', { ...up, status: 'ERROR' }, [vlan(sub, 5)]),
    409,
    'TrunkInErrorState',
    /in error state/,
  );
});

test('a parent port that is on a host without a bridge keeps its trunk', async () => {
  const parent = await cloud.port(admin, on.id, { 'binding:host_id': 'nowhere', project_id: 'p-demo' });
  await refused(create({ port_id: parent.id }), 409, 'ParentPortInUse', /not eligible/);
  const free = await aPort();
  const row = await create({ port_id: free.id });
  await cloud.act(admin, (c) => required(portOperations.update)(c, free, { 'binding:host_id': 'nowhere' }));
  await refused(
    cloud.act(demo, (c) => required(trunkOperations.remove)(c, row)),
    409,
    'TrunkInUse',
    `Trunk ${row.id} is currently in use.`,
  );
});

test('subports are where their parent port is, and the status says how far it is', async () => {
  await cloud.host('alpha', '192.0.2.1', 'openvswitch');
  await cloud.host('beta', '192.0.2.2', 'openvswitch');
  const [parent, first, second] = [await aPort(), await aPort(), await aPort()];
  const row = await create({ port_id: parent.id, sub_ports: [vlan(first, 10)] });
  const rowOf = (of: Row<typeof port>) => cloud.read(async (r) => required(await r.get(port, of.id)));
  const placeOf = async (of: Row<typeof port>) => {
    const { device_owner, device_id, 'binding:host_id': host } = await rowOf(of);
    return [device_owner, device_id, host];
  };
  const status = async () => (await cloud.read((r) => r.get(trunk, row.id)))?.status;
  const says = (host: string, ...states: readonly [`${'port' | 'trunk'}/${string}`, 'ACTIVE' | 'DOWN' | 'ERROR'][]) =>
    cloud.act(admin, (c) => applyStatuses(c, host, { statuses: states.map(([key, state]) => ({ key, state })) }));
  const bind = async (host: string) =>
    cloud.act(admin, async (c) => required(portOperations.update)(c, await rowOf(parent), { 'binding:host_id': host }));
  assert.deepEqual(await placeOf(first), ['trunk:subport', row.id, '']);
  const bound = await bind('alpha');
  assert.equal(bound['binding:vif_details'].bridge_name, `tbr-${row.id.slice(0, 11)}`);
  assert.deepEqual(await placeOf(first), ['trunk:subport', row.id, 'alpha']);
  assert.equal(await status(), 'BUILD');
  const trunkKey = `trunk/${row.id}` as const;
  await says('alpha', [trunkKey, 'DOWN']);
  assert.equal(await status(), 'DOWN', 'its instance is not plugged in');
  await says('alpha', [`port/${parent.id}`, 'ACTIVE'], [trunkKey, 'DOWN']);
  assert.equal(await status(), 'BUILD', 'something of its subports is still to come');
  await says('alpha', [`port/${parent.id}`, 'DOWN']);
  assert.equal(await status(), 'DOWN');
  await says('alpha', [`port/${parent.id}`, 'ACTIVE'], [trunkKey, 'ACTIVE']);
  assert.equal(await status(), 'ACTIVE');
  await says('beta', [trunkKey, 'ERROR']);
  assert.equal(await status(), 'ACTIVE', 'another host has no say');
  await says('alpha', [trunkKey, 'ERROR']);
  assert.equal(await status(), 'DEGRADED');
  const added = await act('add_subports', row, [vlan(second, 20)]);
  assert.equal(added.status, 'BUILD');
  assert.deepEqual(await placeOf(second), ['trunk:subport', row.id, 'alpha']);
  await says('alpha', [trunkKey, 'ACTIVE']);
  await act('remove_subports', row, [{ port_id: second.id }]);
  assert.deepEqual(await placeOf(second), ['', '', '']);
  await bind('beta');
  assert.deepEqual(await placeOf(first), ['trunk:subport', row.id, 'beta']);
  await bind('');
  assert.deepEqual([await status(), await placeOf(first)], ['DOWN', ['trunk:subport', row.id, '']]);
  await cloud.act(demo, (c) => required(trunkOperations.remove)(c, row));
  assert.deepEqual(await placeOf(first), ['', '', '']);
});

test('a trunk with a subport that its host cannot reach is in error, until the host can', async () => {
  await cloud.host('alpha', '192.0.2.1', 'openvswitch');
  const left = await cloud.network(demo);
  const columns = { 'provider:network_type': 'vlan', 'provider:physical_network': 'left', mtu: on.mtu } as const;
  await cloud.act(admin, (c) => c.t.update(network, left.id, columns));
  const [parent, sub] = [await aPort(), await aPort({}, left.id)];
  const row = await create({ port_id: parent.id });
  const status = async () => (await cloud.read((r) => r.get(trunk, row.id)))?.status;
  await cloud.act(admin, (c) => required(portOperations.update)(c, parent, { 'binding:host_id': 'alpha' }));
  assert.equal((await act('add_subports', row, [vlan(sub, 10)])).status, 'ERROR');
  const statuses = [{ key: `trunk/${row.id}`, state: 'ACTIVE' } as const];
  await cloud.act(admin, (c) => applyStatuses(c, 'alpha', { statuses }));
  assert.equal(await status(), 'ERROR', 'what could be wired does not make up for it');
  await cloud.act(admin, (c) => {
    const report = {
      ...agentReport('192.0.2.1', 'openvswitch'),
      bridge_mappings: { public: 'br-ex', left: 'br-left' },
    };
    return applyAgentReport(c, 'alpha', report);
  });
  assert.equal((await cloud.read((r) => r.get(port, sub.id)))?.['binding:vif_type'], 'ovs');
  assert.notEqual(await status(), 'ERROR');
});
