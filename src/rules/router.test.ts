import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../model/faults.ts';
import {
  checkAddressMode,
  checkGatewayAddresses,
  checkInPools,
  checkInterfacePort,
  checkNoOverlap,
  checkOneIpv6PortPerNetwork,
  checkRoutes,
  gatewayAddressesDiffer,
  type RoutedPort,
  type RoutedSubnet,
  routeNeedsSubnet,
} from './router.ts';

function subnet(id: string, cidr: string, more: Partial<RoutedSubnet> = {}): RoutedSubnet {
  return {
    id,
    network_id: `net-${id}`,
    project_id: 'demo',
    ip_version: cidr.includes(':') ? 6 : 4,
    cidr,
    gateway_ip: null,
    allocation_pools: [],
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    ...more,
  };
}

function port(id: string, fixedIps: Record<string, string>, more: Partial<RoutedPort> = {}): RoutedPort {
  const fixed_ips = Object.entries(fixedIps).map(([ip_address, subnet_id]) => ({ ip_address, subnet_id }));
  return { id, network_id: 'net', device_owner: 'network:router_interface', fixed_ips, ...more };
}

const fault = (type: string, message: string) => (error: unknown) => {
  assert.ok(error instanceof Fault, String(error));
  assert.equal(error.status, 400);
  assert.equal(error.type, type);
  assert.equal(error.message, message);
  return true;
};

test('a router is on a subnet once, and on no two prefixes that overlap', () => {
  const a = subnet('a', '10.0.0.0/16');
  const ports = [port('p', { '10.0.0.1': 'a' })];
  assert.throws(
    () => checkNoOverlap(ports, [a], [a]),
    fault('BadRequest', 'Bad router request: Router already has a port on subnet a.'),
  );
  assert.throws(
    () => checkNoOverlap(ports, [a], [subnet('b', '10.0.5.0/24')]),
    fault('BadRequest', 'Bad router request: Cidr 10.0.5.0/24 of subnet b overlaps with cidr 10.0.0.0/16 of subnet a.'),
  );
  assert.doesNotThrow(() => checkNoOverlap(ports, [a], [subnet('c', '10.1.0.0/16'), subnet('d', 'fd00::/64')]));
});

test('an IPv6 subnet with an outside advertiser is refused', () => {
  assert.throws(() => checkAddressMode(subnet('a', 'fd00::/64', { ipv6_address_mode: 'slaac' })), Fault);
  const both = { ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' };
  assert.doesNotThrow(() => checkAddressMode(subnet('a', 'fd00::/64', both)));
  assert.doesNotThrow(() => checkAddressMode(subnet('a', 'fd00::/64')));
});

test('an interface has an address, and of one IPv4 subnet only', () => {
  assert.throws(
    () => checkInterfacePort(port('p', {}), []),
    fault('BadRequest', 'Bad router request: Router port must have at least one fixed IP.'),
  );
  const two = [subnet('a', '10.0.0.0/24'), subnet('b', '10.0.1.0/24')];
  assert.throws(
    () => checkInterfacePort(port('p', { '10.0.0.1': 'a', '10.0.1.1': 'b' }), two),
    fault('BadRequest', 'Bad router request: Cannot have multiple IPv4 subnets on router port.'),
  );
  const mixed = [subnet('a', '10.0.0.0/24'), subnet('b', 'fd00::/64')];
  assert.doesNotThrow(() => checkInterfacePort(port('p', { '10.0.0.1': 'a', 'fd00::1': 'b' }), mixed));
});

test('a router has one IPv6 port on a network', () => {
  const existing = [port('p', { 'fd00::1': 'a' })];
  assert.throws(() => checkOneIpv6PortPerNetwork(existing, port('q', { 'fd01::1': 'b' })), /Only one IPv6 port/);
  assert.doesNotThrow(() => checkOneIpv6PortPerNetwork(existing, port('q', { '10.0.0.1': 'b' })));
  assert.doesNotThrow(() =>
    checkOneIpv6PortPerNetwork(existing, port('q', { 'fd01::1': 'b' }, { network_id: 'other' })),
  );
});

test('an address outside of the pools needs an own subnet', () => {
  const pools = [{ start: '10.0.0.10', end: '10.0.0.20' }];
  const on = subnet('a', '10.0.0.0/24', { allocation_pools: pools });
  const check = (ip: string, projectId: string) => () => checkInPools(port('p', { [ip]: 'a' }), [on], projectId);
  assert.throws(check('10.0.0.9', 'other'), /out of the allocation pool of subnet a/);
  assert.throws(check('10.0.0.21', 'other'), /out of the allocation pool of subnet a/);
  assert.doesNotThrow(check('10.0.0.10', 'other'));
  assert.doesNotThrow(check('10.0.0.20', 'other'));
  assert.doesNotThrow(check('10.0.0.9', 'demo'));
});

test('a gateway does not take the address of the router outside', () => {
  const subnets = [subnet('a', '203.0.113.0/24', { gateway_ip: '203.0.113.1' })];
  assert.throws(
    () => checkGatewayAddresses([{ ip_address: '203.0.113.1' }], subnets),
    fault('BadRequest', 'Bad router request: External IP 203.0.113.1 is the same as the gateway IP.'),
  );
  assert.doesNotThrow(() => checkGatewayAddresses([{ subnet_id: 'a' }, { ip_address: '203.0.113.2' }], subnets));
});

test('a next hop is on a connected subnet and is not the router', () => {
  const routes = [{ destination: '192.0.2.0/24', nexthop: '10.0.0.9' }];
  const text = "[{'destination': '192.0.2.0/24', 'nexthop': '10.0.0.9'}]";
  const on = [subnet('a', '10.0.0.0/24')];
  assert.doesNotThrow(() => checkRoutes(routes, on, ['10.0.0.1']));
  assert.throws(
    () => checkRoutes(routes, [subnet('b', '10.1.0.0/24')], []),
    fault('InvalidRoutes', `Invalid format for routes: ${text}, the nexthop is not connected with router`),
  );
  assert.throws(
    () => checkRoutes(routes, on, ['10.0.0.9']),
    fault('InvalidRoutes', `Invalid format for routes: ${text}, the nexthop is used by router`),
  );
  assert.equal(routeNeedsSubnet(routes, { cidr: '10.0.0.0/28' }), true);
  assert.equal(routeNeedsSubnet(routes, { cidr: '10.0.0.16/28' }), false);
});

test('the addresses of a gateway change when subnets or addresses differ, and not when none are asked for', () => {
  const current = [{ subnet_id: 'a', ip_address: '203.0.113.5' }];
  assert.equal(gatewayAddressesDiffer(current, []), false);
  assert.equal(gatewayAddressesDiffer(current, current), false);
  assert.equal(gatewayAddressesDiffer(current, [{ subnet_id: 'a', ip_address: '203.0.113.6' }]), true);
  assert.equal(gatewayAddressesDiffer(current, [{ subnet_id: 'b', ip_address: '203.0.113.5' }]), true);
});
