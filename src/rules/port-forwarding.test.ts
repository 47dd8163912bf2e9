import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../model/faults.ts';
import {
  checkRelation,
  collision,
  internalAddress,
  type PortSpan,
  requestedSpan,
  spanColumns,
  spansOverlap,
  type Wanted,
} from './port-forwarding.ts';

const span = fc
  .tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 0, max: 40 }))
  .map(([first, more]): PortSpan => ({ first, last: Math.min(65535, first + more) }));

const ports = ({ first, last }: PortSpan) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

const fault = (message: RegExp) => (error: unknown) =>
  error instanceof Fault && error.status === 400 && error.type === 'BadRequest' && message.test(error.message);

test('two spans overlap exactly when they share a port', () => {
  const near = fc
    .tuple(span, fc.integer({ min: -45, max: 45 }), fc.integer({ min: 0, max: 40 }))
    .map(([a, by, more]) => {
      const first = Math.max(1, Math.min(65535, a.first + by));
      return [a, { first, last: Math.min(65535, first + more) }] as const;
    });
  fc.assert(
    fc.property(near, ([a, b]) => {
      const shared = new Set(ports(a));
      assert.equal(
        spansOverlap(a, b),
        ports(b).some((port) => shared.has(port)),
      );
    }),
  );
});

test('the relation of spans is N to N or N to 1', () => {
  fc.assert(
    fc.property(span, span, (external, internal) => {
      const [outside, inside] = [ports(external).length, ports(internal).length];
      const check = () => checkRelation({ external, internal });
      if (inside === 1 || inside === outside) assert.doesNotThrow(check);
      else assert.throws(check, fault(/must be N-N or 1-N\.$/));
    }),
  );
});

test('a single port shows as itself and as N:N, a range as a range only', () => {
  const columns = spanColumns({ external: { first: 80, last: 89 }, internal: { first: 8080, last: 8080 } });
  assert.deepEqual(columns, {
    external_port: null,
    external_port_range: '80:89',
    external_first: 80,
    external_last: 89,
    internal_port: 8080,
    internal_port_range: '8080:8080',
    internal_first: 8080,
    internal_last: 8080,
  });
});

test('a request means its single port, else its range, else nothing', () => {
  assert.deepEqual(requestedSpan(80, '90:99'), { first: 80, last: 80 });
  assert.deepEqual(requestedSpan(null, '90:99'), { first: 90, last: 99 });
  assert.deepEqual(requestedSpan(undefined, '90'), { first: 90, last: 90 });
  assert.equal(requestedSpan(null, undefined), undefined);
});

const wanted: Wanted = {
  external: { first: 9000, last: 9000 },
  internal: { first: 8080, last: 8080 },
  floatingIp: { id: 'fip', address: '203.0.113.7' },
  protocol: 'tcp',
  internalPortId: 'port',
  internalIp: '10.0.0.5',
};

test('the sentence of a collision names both ranges, that of a duplicate the values', () => {
  const message = (side: 'external' | 'internal', existing: PortSpan, isUpdate: boolean) =>
    collision(side, wanted, existing, isUpdate).message;
  assert.equal(
    message('external', { first: 8999, last: 9001 }, false),
    'Bad port_forwarding request: There is a port collision with the external_port_range. The following ranges collide: 8999:9001 and 9000:9000.',
  );
  assert.equal(
    message('external', wanted.external, false),
    "Bad port_forwarding request: A duplicate port forwarding entry with same attributes already exists, conflicting values are {'floatingip_id': 'fip', 'external_port': 9000, 'protocol': 'tcp'}.",
  );
  assert.equal(
    message('internal', wanted.internal, false),
    "Bad port_forwarding request: A duplicate port forwarding entry with same attributes already exists, conflicting values are {'internal_port_id': 'port', 'internal_ip_address': '10.0.0.5', 'internal_port': 8080, 'protocol': 'tcp'}.",
  );
  assert.equal(
    message('external', wanted.external, true),
    "Bad port_forwarding request: Another port forwarding entry with the same attributes already exists, conflicting values are {'floating_ip_address': '203.0.113.7', 'external_port': 9000}.",
  );
});

test('the inside address is the one asked for, or the first IPv4 one', () => {
  const port = {
    id: 'port',
    fixed_ips: [
      { subnet_id: 's6', ip_address: 'fd00::5' },
      { subnet_id: 's4', ip_address: '10.0.0.5' },
      { subnet_id: 's4', ip_address: '10.0.0.6' },
    ],
  };
  assert.deepEqual(internalAddress(port, undefined), { ip: '10.0.0.5', subnetId: 's4' });
  assert.deepEqual(internalAddress(port, '10.0.0.6'), { ip: '10.0.0.6', subnetId: 's4' });
  assert.throws(
    () => internalAddress(port, '10.0.0.7'),
    fault(/10\.0\.0\.7 is not suitable for internal neutron port port/),
  );
  assert.throws(() => internalAddress(port, 'fd00::5'), fault(/fd00::5 is not suitable/));
  const onlyV6 = { id: 'port', fixed_ips: [{ subnet_id: 's6', ip_address: 'fd00::5' }] };
  assert.throws(() => internalAddress(onlyV6, undefined), fault(/must allocate an IPv4 address at least/));
});
