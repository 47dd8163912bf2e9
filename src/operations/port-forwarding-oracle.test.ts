import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { portForwarding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { portForwardingOperations } from './port-forwarding.ts';
import { demo, openSmallCloud, refused, required } from './router-testing.ts';

type Forwarding = Row<typeof portForwarding>;

/** What the rules of overlap say, said plainly. */
function isRefusedByOracle(existing: readonly Forwarding[], wanted: Forwarding): boolean {
  const overlap = (a: Forwarding, b: Forwarding, side: 'external' | 'internal') =>
    a[`${side}_first`] <= b[`${side}_last`] && b[`${side}_first`] <= a[`${side}_last`];
  return existing.some(
    (row) =>
      row.id !== wanted.id &&
      row.protocol === wanted.protocol &&
      ((row.floatingip_id === wanted.floatingip_id && overlap(row, wanted, 'external')) ||
        (row.internal_ip_address === wanted.internal_ip_address && overlap(row, wanted, 'internal'))),
  );
}

const aStep = fc.record({
  kind: fc.constantFrom('create', 'create', 'create', 'update', 'remove'),
  which: fc.nat(20),
  fip: fc.nat(1),
  address: fc.nat(1),
  protocol: fc.constantFrom('tcp', 'udp'),
  external: fc.integer({ min: 1, max: 30 }),
  internal: fc.integer({ min: 1, max: 30 }),
  count: fc.integer({ min: 1, max: 6 }),
  toOne: fc.boolean(),
});

test('random forwardings are refused exactly when two ports collide', async () => {
  const { cloud, outside, inside, insideSubnet } = await openSmallCloud();
  const change = (row: Forwarding, changes: Partial<Forwarding>) =>
    cloud.act(demo, (c) => required(portForwardingOperations.update)(c, row, changes));
  const remove = (row: Forwarding) => cloud.act(demo, (c) => required(portForwardingOperations.remove)(c, row));
  const fips = [await cloud.floatingIp(demo, outside.id), await cloud.floatingIp(demo, outside.id)];
  const addresses = ['10.0.0.30', '10.0.0.31'];
  const fixed_ips = addresses.map((ip_address) => ({ subnet_id: insideSubnet.id, ip_address }));
  const target = await cloud.port(demo, inside.id, { fixed_ips });
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 12, maxLength: 30, size: 'max' }), async (steps) => {
      for (const row of await cloud.read((r) => r.find(portForwarding))) await remove(row);
      const rows: Forwarding[] = [];
      for (const step of steps) {
        const chosen = rows[step.which % Math.max(1, rows.length)];
        if (step.kind === 'remove' && chosen) {
          await remove(chosen);
          rows.splice(rows.indexOf(chosen), 1);
        }
        if (step.kind === 'remove' || (step.kind === 'update' && !chosen)) continue;
        const fip = required(fips[step.fip]);
        const spans = {
          external_first: step.external,
          external_last: step.external + step.count - 1,
          internal_first: step.internal,
          internal_last: step.toOne ? step.internal : step.internal + step.count - 1,
        };
        const draft = {
          internal_port_id: target.id,
          internal_ip_address: required(addresses[step.address]),
          protocol: step.protocol as Forwarding['protocol'],
          external_port_range: `${spans.external_first}:${spans.external_last}`,
          internal_port_range: `${spans.internal_first}:${spans.internal_last}`,
        };
        const base = step.kind === 'update' ? chosen : undefined;
        const wanted = { floatingip_id: fip.id, id: '', ...base, ...draft, ...spans } as Forwarding;
        const attempt = base ? change(base, draft) : cloud.forward(demo, fip, draft);
        if (isRefusedByOracle(rows, wanted)) {
          refusals++;
          await refused(attempt, 400, 'BadRequest', /collide|already exists/);
          continue;
        }
        const row = await attempt;
        if (base) rows[rows.indexOf(base)] = row;
        else rows.push(row);
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(refusals > 20, 'the steps collide often enough to say something');
  await cloud.close();
});
