import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { MeteringCount, MeteringReport } from '../model/host-objects.ts';
import { agent, meteringCount, meteringTotal } from '../model/index.ts';
import { agentTypes } from '../rules/schedule.ts';
import { applyAgentReport, applyMetering } from './agent.ts';
import { meteringLabelOperations } from './metering.ts';
import { meteredLabel, meteredLabels } from './metering-view.ts';
import { admin, agentReport, openSmallCloud, refused, required } from './router-testing.ts';

let small: Awaited<ReturnType<typeof openSmallCloud>>;
let label: string;
beforeEach(async () => {
  small = await openSmallCloud();
  label = await makeLabel();
});
afterEach(() => small.cloud.close());

const makeLabel = async () =>
  (await small.cloud.act(admin, (c) => required(meteringLabelOperations.create)(c, { shared: true }))).id;

const count = (packets: number, more: Partial<MeteringCount> = {}): MeteringCount => ({
  ...{ router_id: small.router.id, project_id: 'p-demo', label_id: label, direction: 'egress' },
  ...{ packets, bytes: packets * 100 },
  ...more,
});

let number = 0;
function report(counts: readonly MeteringCount[], more: Partial<MeteringReport> = {}, host = 'alpha') {
  number += 1;
  const whole = { run: 'run', number, boot: 'boot', counts, ...more };
  return small.cloud.act(admin, (c) => applyMetering(c, host, whole));
}

const totals = async () =>
  (await small.cloud.read((r) => r.find(meteringTotal))).map(
    (row) => `${row.direction} ${row.project_id} ${row.bytes}`,
  );
const rows = async () =>
  (await small.cloud.read((r) => r.find(meteringCount))).map((row) => `${row.host} ${row.direction} ${row.packets}`);

test('readings come to sums for each label, project and direction, on whatever host', async () => {
  await report([count(3), count(1, { direction: 'ingress' })]);
  await report([count(5)]);
  await report([count(2)], {}, 'beta');
  await report([count(4)], { boot: 'another' });
  assert.deepEqual(await totals(), ['egress p-demo 1100', 'ingress p-demo 100']);
  assert.deepEqual(await rows(), ['alpha egress 9', 'alpha ingress 1', 'beta egress 2']);
});

test('a report that comes twice counts once; numbers of another run are others', async () => {
  const counts = [count(3, { ended: true }), count(2)];
  await report(counts, { number: 1 });
  await report(counts, { number: 1 });
  assert.deepEqual(await totals(), ['egress p-demo 500']);
  await report([count(2)], { run: 'next', number: 1 });
  assert.deepEqual(await totals(), ['egress p-demo 500'], 'it is the same counter');
  await report([count(3)], { run: 'next', number: 2 });
  assert.deepEqual(await totals(), ['egress p-demo 600']);
});

test('what is left of a router that is gone is what it added to the sums', async () => {
  const gone = '00000000-0000-4000-8000-000000000001';
  await report([count(3), count(7, { router_id: gone })]);
  await report([count(8, { router_id: gone, ended: true }), count(4, { ended: true })]);
  assert.deepEqual(await rows(), ['alpha egress 4']);
  assert.deepEqual(await totals(), ['egress p-demo 1200']);
  // Its counter was made anew: it is not the end of it.
  await report([count(2, { router_id: gone, ended: true }), count(1, { router_id: gone })]);
  await report([count(1, { router_id: gone })]);
  assert.deepEqual(await totals(), ['egress p-demo 1500']);
});

test('the counts of a label that is gone are passed over, and go with it', async () => {
  const other = await makeLabel();
  await report([
    count(1, { label_id: '00000000-0000-4000-8000-000000000002' }),
    count(1),
    count(2, { label_id: other }),
  ]);
  assert.equal((await rows()).length, 2);
  const [row] = (await small.cloud.read(meteredLabels)).filter(({ id }) => id === other);
  assert.deepEqual(
    row?.totals.map(({ packets }) => packets),
    [2],
  );
  const one = await small.cloud.read((r) => meteredLabel(r, other));
  assert.deepEqual(
    one.routers?.map((on) => [on.host, on.router_id, on.packets]),
    [['alpha', small.router.id, 2]],
  );
  await small.cloud.act(admin, (c) =>
    required(meteringLabelOperations.remove)(c, { id: other, shared: true } as never),
  );
  assert.deepEqual([await rows(), (await totals()).length], [['alpha egress 1'], 1]);
  await refused(
    small.cloud.read((r) => meteredLabel(r, other)),
    404,
    'MeteringLabelNotFound',
    /does not exist/,
  );
});

test('a host has a metering agent where there is metering', async () => {
  const functions = [{ agent_type: agentTypes.metering, binary: 'neutron-metering-agent', configurations: {} }];
  const { cloud } = small;
  const tell = (servicePlugins: readonly string[], host: string) =>
    cloud.act(admin, (c) => {
      const settings = { ...c.settings, servicePlugins };
      return applyAgentReport({ ...c, settings }, host, { ...agentReport(null), functions });
    });
  await tell(['router'], 'alpha');
  await tell(['router', 'metering'], 'beta');
  const agents = await cloud.read((r) => r.find(agent, { agent_type: agentTypes.metering }));
  assert.deepEqual(
    agents.map((row) => [row.host, row.topic, row.availability_zone]),
    [['beta', 'metering_agent', null]],
  );
});
