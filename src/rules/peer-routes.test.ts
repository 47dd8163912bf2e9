import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { withPeerRoutes } from './peer-routes.ts';

type SubnetRow = Row<typeof subnet>;

const row = (at: number, changes: Partial<SubnetRow> = {}): SubnetRow =>
  ({
    ...{ id: `s${at}`, segment_id: `g${at}`, ip_version: 4, cidr: `10.0.${at}.0/24`, gateway_ip: `10.0.${at}.1` },
    ...{ host_routes: [], ...changes },
  }) as unknown as SubnetRow;

test('a subnet has a route by its gateway to each subnet on another segment', () => {
  const others = [row(1), row(2), row(3), row(4, { segment_id: 'g1' }), row(5, { ip_version: 6, cidr: 'fd00::/64' })];
  assert.deepEqual(withPeerRoutes(row(1), others), [
    { destination: '10.0.2.0/24', nexthop: '10.0.1.1' },
    { destination: '10.0.3.0/24', nexthop: '10.0.1.1' },
  ]);
  assert.deepEqual(withPeerRoutes(row(1, { gateway_ip: null }), others), []);
});

test('a route that reaches a peer already stays the only one', () => {
  const host_routes = [{ destination: '10.0.2.0/23', nexthop: '10.0.1.99' }];
  assert.deepEqual(withPeerRoutes(row(1, { host_routes }), [row(2), row(3)]), host_routes);
});

test('routes follow the gateway, and go with their subnet', () => {
  const host_routes = [
    { destination: '10.0.2.0/24', nexthop: '10.0.1.1' },
    { destination: '10.9.0.0/16', nexthop: '10.0.1.1' },
  ];
  const before = row(1, { host_routes });
  const moved = withPeerRoutes({ ...before, gateway_ip: '10.0.1.254' }, [before, row(2)], { before });
  assert.deepEqual(moved, [
    { destination: '10.9.0.0/16', nexthop: '10.0.1.1' },
    { destination: '10.0.2.0/24', nexthop: '10.0.1.254' },
  ]);
  assert.deepEqual(withPeerRoutes(before, [before], { gone: '10.0.2.0/24' }), [host_routes[1]]);
});
