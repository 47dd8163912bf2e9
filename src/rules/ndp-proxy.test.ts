import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../model/faults.ts';
import { checkSameScope, ipv6ScopeOf, keepsIpv6, proxiedAddress } from './ndp-proxy.ts';
import type { RoutedPort } from './router.ts';

const port = (id: string, fixed_ips: RoutedPort['fixed_ips']): RoutedPort => {
  return { id, network_id: 'n', device_owner: '', fixed_ips };
};
const at = (subnet_id: string, ip_address: string) => ({ subnet_id, ip_address });

function outcome(work: () => string): string {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Fault);
    return `${error.status} ${error.type}`;
  }
}

test('the address is one of IPv6 that the port has on a subnet of the router, whichever way it is written', () => {
  const router = { id: 'r', interfaces: [port('leg', [at('four', '10.0.0.1'), at('near', '2001:db8::1')])] };
  const inside = port('p', [at('four', '10.0.0.5'), at('far', '2001:db8:9::5'), at('near', '2001:db8::5')]);
  const choose = (asked: string | null, of = inside) => outcome(() => proxiedAddress(of, router, asked));
  assert.equal(choose(null), '2001:db8::5');
  assert.equal(choose('2001:DB8:0::5'), '2001:db8::5');
  assert.equal(choose('2001:db8:9::5'), '400 InvalidAddress');
  assert.equal(choose('10.0.0.5'), '400 InvalidAddress');
  assert.equal(choose(null, port('p', [at('four', '10.0.0.5')])), '400 BadRequest');
  assert.equal(choose(null, port('p', [at('far', '2001:db8:9::5')])), '409 PortUnreachableRouter');
});

test('what is chosen is an address that may be asked for, and what may be asked for is reached', () => {
  const subnets = ['a', 'b', 'c'];
  const ips = fc
    .uniqueArray(fc.nat(9), { maxLength: 4 })
    .chain((hosts) =>
      fc.tuple(
        ...hosts.map((host) =>
          fc.constantFrom(...subnets).map((on) => at(on, `2001:db8:${subnets.indexOf(on)}::${host + 1}`)),
        ),
      ),
    );
  fc.assert(
    fc.property(ips, ips, (own, legs) => {
      const router = { id: 'r', interfaces: [port('leg', legs)] };
      const of = port('p', own);
      const reached = own.filter((fixed) => legs.some((leg) => leg.subnet_id === fixed.subnet_id));
      const chosen = outcome(() => proxiedAddress(of, router, null));
      assert.equal(chosen, reached[0]?.ip_address ?? (own.length > 0 ? '409 PortUnreachableRouter' : '400 BadRequest'));
      for (const { ip_address } of own) {
        const expected = reached.some((fixed) => fixed.ip_address === ip_address) ? ip_address : '400 InvalidAddress';
        assert.equal(
          outcome(() => proxiedAddress(of, router, ip_address)),
          expected,
        );
      }
    }),
  );
});

test('a gateway keeps IPv6 by an address, by a subnet, and where nothing is asked for', () => {
  const subnets = [
    { id: 'four', ip_version: 4 },
    { id: 'six', ip_version: 6 },
  ];
  assert.ok(keepsIpv6([], subnets));
  assert.ok(keepsIpv6([{ subnet_id: 'four' }, { subnet_id: 'six' }], subnets));
  assert.ok(keepsIpv6([{ ip_address: '2001:db8::9' }], subnets));
  assert.ok(!keepsIpv6([{ subnet_id: 'four' }], subnets));
  assert.ok(!keepsIpv6([{ ip_address: '203.0.113.9' }], subnets));
});

test('the scope of a network is that of its IPv6 pools; both sides have the same', () => {
  const scopes = new Map([
    ['p4', 's4'],
    ['p6', 's6'],
    ['free', null],
  ]);
  const on = (ip_version: number, subnetpool_id: string | null) => ({ ip_version, subnetpool_id });
  assert.equal(ipv6ScopeOf([on(4, 'p4'), on(6, null), on(6, 'p6')], scopes), 's6');
  assert.equal(ipv6ScopeOf([on(4, 'p4'), on(6, 'free')], scopes), null);
  assert.doesNotThrow(() => checkSameScope('s6', 's6'));
  assert.throws(() => checkSameScope('s6', null), /address scope s6 of external network conflict .* scope None\.$/);
});
