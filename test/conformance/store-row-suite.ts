/** Rows: stored, found, changed, removed, and refused by constraints. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  agent,
  floatingip,
  ipAllocation,
  network,
  port,
  quotaUsage,
  roleAssignment,
  segment,
  subnet,
} from '../../src/model/index.ts';
import type { Record_, Row } from '../../src/model/language.ts';
import { ConstraintError, type Reader, type Transactor } from '../../src/store/store.ts';
import { networkRow, portRow, subnetRow } from './store-rows.ts';
import type { Open } from './store-suite.ts';

/** Reads and writes of rows. */
export function rows(open: Open): void {
  it('come back as they were stored, fields in the order of the model', async () => {
    const { store } = await open();
    const row = { ...networkRow('n1'), tags: ['b', 'é"\\'], 'provider:network_type': 'vxlan' as const };
    const stored = await store.transact((t) => t.insert(network, row as Row<typeof network>));
    assert.deepEqual(await store.read((r) => r.get(network, 'n1')), stored);
    const columns = Object.entries(network.fields).filter(([, field]) => field.stored !== false);
    assert.deepEqual(
      Object.keys(stored),
      columns.map(([name]) => name),
    );
    assert.equal(stored.admin_state_up, true);
    assert.equal(stored['router:external'], false);
    assert.deepEqual(stored.tags, ['b', 'é"\\']);
    assert.equal(stored.revision_number, 0);
    assert.equal(stored.created_at, '2026-01-01T00:00:00Z');
    assert.equal(stored['provider:segmentation_id'], null);
  });

  it('keep JSON as it was given: the order of members too', async () => {
    const { store } = await open();
    const configurations = { zebra: 1, apple: { y: [1, 'two', null], b: true } };
    const row = {
      id: 'a1',
      agent_type: 'L3 agent',
      binary: 'neutron-l3-agent',
      topic: 'l3_agent',
      host: 'h',
      availability_zone: null,
      admin_state_up: true,
      description: null,
      created_at: '',
      started_at: '',
      heartbeat_timestamp: '',
      configurations,
    };
    await store.transact((t) => t.insert(agent, row as unknown as Row<typeof agent>));
    const found = await store.read((r) => r.get(agent, 'a1'));
    assert.equal(JSON.stringify(found?.configurations), JSON.stringify(configurations));
  });

  it('change: the revision rises and the time moves, but not quietly', async () => {
    const { store, clock } = await open();
    await store.transact((t) => t.insert(network, networkRow('n1')));
    clock.advance(5000);
    const renamed = await store.transact((t) => t.update(network, 'n1', { name: 'x', revision_number: 77 }));
    assert.equal(renamed?.name, 'x');
    assert.equal(renamed?.revision_number, 1);
    assert.equal(renamed?.updated_at, '2026-01-01T00:00:05Z');
    assert.equal(renamed?.created_at, '2026-01-01T00:00:00Z');
    clock.advance(5000);
    const quiet = await store.transact((t) => t.update(network, 'n1', { status: 'DOWN' }, { quiet: true }));
    assert.deepEqual(quiet, { ...renamed, status: 'DOWN' });
    const touched = await store.transact((t) => t.update(network, 'n1', {}));
    assert.deepEqual(touched, { ...quiet, revision_number: 2, updated_at: '2026-01-01T00:00:10Z' });
    assert.deepEqual(await store.read((r) => r.get(network, 'n1')), touched);
    assert.equal(await store.transact((t) => t.update(network, 'none', { name: 'x' })), undefined);
  });

  it('match by equality, membership and null, in the order of the key', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      for (const id of ['n3', 'n1', 'n2']) await t.insert(network, networkRow(id, { mtu: id === 'n2' ? 9000 : 1500 }));
    });
    const ids = async (match: Parameters<Reader['find']>[1]) =>
      (await store.read((r) => r.find(network, match))).map(({ id }) => id);
    assert.deepEqual(await ids({}), ['n1', 'n2', 'n3']);
    assert.deepEqual(await ids({ mtu: 1500 }), ['n1', 'n3']);
    assert.deepEqual(await ids({ id: ['n3', 'n2', 'n9'] }), ['n2', 'n3']);
    assert.deepEqual(await ids({ id: [] }), []);
    assert.deepEqual(await ids({ 'provider:network_type': null, mtu: [9000] }), ['n2']);
    assert.deepEqual(await ids({ admin_state_up: [true, false] }), ['n1', 'n2', 'n3']);
    assert.equal(await store.read((r) => r.count(network, { mtu: 1500 })), 2);
    assert.equal((await store.read((r) => r.first(network, { mtu: 1500 })))?.id, 'n1');
    assert.equal(await store.read((r) => r.first(network, { mtu: 1 })), undefined);
    await assert.rejects(ids({ mtu: undefined }), /no value for mtu/);
    await assert.rejects(ids({ 'x" or 1=1 --': 1 }), /has no column/);
  });

  it('are not found by ids that no database stores', async () => {
    const { store } = await open();
    assert.equal(await store.read((r) => r.get(network, 'a\u0000b')), undefined);
    assert.equal(await store.read((r) => r.get(network, '\ud800')), undefined);
  });

  it('are inserted, changed and removed by many', async () => {
    const { store } = await open();
    const many = Array.from({ length: 300 }, (_, i) => networkRow(`n${String(i).padStart(3, '0')}`, { mtu: i % 2 }));
    const inserted = await store.transact((t) => t.insertMany(network, many));
    assert.deepEqual(await store.read((r) => r.find(network)), inserted);
    assert.equal(await store.transact((t) => t.updateMany(network, { mtu: 1 }, { tags: ['odd'] })), 150);
    const odd = await store.read((r) => r.first(network, { mtu: 1 }));
    assert.deepEqual([odd?.tags, odd?.revision_number], [['odd'], 1]);
    assert.equal(await store.transact((t) => t.deleteMany(network, { mtu: [0, 7] })), 150);
    await store.transact((t) => t.delete(network, 'n001'));
    await store.transact((t) => t.delete(network, 'n001'));
    assert.equal(await store.read((r) => r.count(network)), 149);
    assert.deepEqual(await store.transact((t) => t.insertMany(network, [])), []);
  });

  it('with a key of several columns are changed by match', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      await withPort(t);
      await t.insert(ipAllocation, { subnet_id: 's1', ip_address: '10.0.0.2', network_id: 'n1', port_id: 'p1' });
    });
    const match = { subnet_id: 's1', ip_address: '10.0.0.2' };
    assert.equal(await store.transact((t) => t.updateMany(ipAllocation, match, { ip_address: '10.0.0.3' })), 1);
    assert.deepEqual(
      (await store.read((r) => r.find(ipAllocation))).map((row) => row.ip_address),
      ['10.0.0.3'],
    );
    await assert.rejects(
      store.read((r) => r.get(ipAllocation, 'x')),
      /key of the record ip_allocation is subnet_id, ip_address/,
    );
  });

  it('usage is added to in one statement', async () => {
    const { store } = await open();
    const used = await Promise.all([5, 2].map((by) => store.transact((t) => t.addUsage('p', 'port', by))));
    assert.deepEqual(used, [5, 7]);
    await store.transact((t) => t.releaseUsage('p', 'port', 3));
    assert.deepEqual(await store.read((r) => r.find(quotaUsage)), [{ project_id: 'p', resource: 'port', used: 4 }]);
  });

  it('refuse values that are none of the column', async () => {
    const { store } = await open();
    const insert = (row: object) => store.transact((t) => t.insert(network, { ...networkRow('n1'), ...row }));
    await assert.rejects(insert({ mtu: '1500' }), /network\.mtu is a string, where integer is expected/);
    await assert.rejects(insert({ name: null }), /network\.name is null/);
    await assert.rejects(insert({ mtu: undefined }), /network\.mtu is missing/);
    await assert.rejects(
      store.transact((t) => t.update(network, 'n1', { nonsense: 1 } as object)),
      /has no column "nonsense"/,
    );
  });
}

async function withPort(t: Transactor): Promise<void> {
  await t.insert(network, networkRow('n1'));
  await t.insert(subnet, subnetRow('s1', 'n1'));
  await t.insert(port, portRow('p1', 'n1'));
}

/** What constraints refuse. */
export function constraints(open: Open): void {
  const refused = (constraint: string, record: string, columns: string[]) => (error: unknown) => {
    assert(error instanceof ConstraintError, String(error));
    assert.deepEqual([error.constraint, error.record, error.columns], [constraint, record, columns]);
    return true;
  };

  it('name the record and the columns of what stands twice', async () => {
    const { store } = await open();
    await store.transact(withPort);
    const insert = <R extends Record_>(record: R, row: Row<R>) => store.transact((t) => t.insert(record, row));
    await assert.rejects(insert(network, networkRow('n1')), refused('unique', 'network', ['id']));
    const mac = ['network_id', 'mac_address'];
    const twin = { ...portRow('p2', 'n1'), mac_address: portRow('p1', 'n1').mac_address };
    await assert.rejects(insert(port, twin), refused('unique', 'port', mac));
    await insert(port, portRow('p2', 'n1'));
    const rename = store.transact((t) => t.update(port, 'p2', { mac_address: twin.mac_address }));
    await assert.rejects(rename, refused('unique', 'port', mac));
    const both = [portRow('p3', 'n1'), { ...twin, id: 'p4' }];
    await assert.rejects(
      store.transact((t) => t.insertMany(port, both)),
      refused('unique', 'port', mac),
    );
    assert.equal(await store.read((r) => r.get(port, 'p3')), undefined);
    const address = { subnet_id: 's1', ip_address: '10.0.0.2', network_id: 'n1', port_id: 'p1' };
    await insert(ipAllocation, address);
    const again = refused('unique', 'ip_allocation', ['subnet_id', 'ip_address']);
    await assert.rejects(insert(ipAllocation, { ...address, port_id: 'p2' }), again);
  });

  it('let null stand many times in a unique constraint', async () => {
    const { store } = await open();
    const row: Omit<Row<typeof segment>, 'id'> = {
      ...{
        network_id: 'n1',
        network_type: 'local' as const,
        physical_network: null,
        segmentation_id: null,
        name: null,
      },
      ...{ description: '', created_at: '', updated_at: '', revision_number: 0, position: 0, claim: null },
    };
    await store.transact(async (t) => {
      await t.insert(network, networkRow('n1'));
      await t.insert(segment, { id: 'a', ...row });
      await t.insert(segment, { id: 'b', ...row });
    });
    assert.equal(await store.read((r) => r.count(segment)), 2);
  });

  it('keep references whole', async () => {
    const { store } = await open();
    await store.transact(withPort);
    const dangling = store.transact((t) => t.insert(subnet, subnetRow('s2', 'none')));
    await assert.rejects(dangling, refused('reference', 'subnet', []));
    const held = store.transact((t) => t.delete(network, 'n1'));
    await assert.rejects(held, refused('reference', 'network', []));
    const byNobody = { user_id: 'u', project_id: 'p', role_id: 'r' };
    const grant = store.transact((t) => t.insert(roleAssignment, byNobody));
    await assert.rejects(grant, refused('reference', 'role_assignment', []));
  });

  it('take along what goes by cascade', async () => {
    const { store } = await open();
    await store.transact(async (t) => {
      await withPort(t);
      await t.insert(ipAllocation, { subnet_id: 's1', ip_address: '10.0.0.2', network_id: 'n1', port_id: 'p1' });
      await t.delete(port, 'p1');
      assert.equal(await t.count(ipAllocation), 0);
    });
    assert.equal(await store.read((r) => r.count(floatingip)), 0);
  });
}
