import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrContains, formatIp, parseCidr, parseIp, prefixOf } from '../lib/ip.ts';
import { defaultSettings } from './settings.ts';
import { checkChangedSubnet, checkNewSubnet, defaultGateway, defaultPools, type SubnetShape } from './subnet.ts';

function shape(changes: Partial<SubnetShape> & { cidr: string }): SubnetShape {
  const cidr = parseCidr(changes.cidr);
  assert.ok(cidr);
  const gateway = changes.gateway_ip === undefined ? defaultGateway(cidr) : changes.gateway_ip;
  return {
    ip_version: cidr.version,
    gateway_ip: gateway,
    allocation_pools: defaultPools(cidr, gateway),
    dns_nameservers: [],
    host_routes: [],
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    ...changes,
  };
}

const check = (given: SubnetShape, others: string[] = []) => checkNewSubnet(defaultSettings, given, 'net', others);

test('the usual subnet: the first address is the gateway, the rest the pool', () => {
  const usual = shape({ cidr: '10.0.0.0/24' });
  assert.equal(usual.gateway_ip, '10.0.0.1');
  assert.deepEqual(usual.allocation_pools, [{ start: '10.0.0.2', end: '10.0.0.254' }]);
  check(usual);
});

test('a gateway in the middle divides the pool; none leaves it whole', () => {
  const cidr = parseCidr('10.0.0.0/29');
  assert.ok(cidr);
  assert.deepEqual(defaultPools(cidr, '10.0.0.3'), [
    { start: '10.0.0.1', end: '10.0.0.2' },
    { start: '10.0.0.4', end: '10.0.0.6' },
  ]);
  assert.deepEqual(defaultPools(cidr, null), [{ start: '10.0.0.1', end: '10.0.0.6' }]);
});

test('/31 and /32 have no network and no broadcast address', () => {
  check(shape({ cidr: '10.0.0.0/31', enable_dhcp: false }));
  const single = shape({ cidr: '10.0.0.7/32', enable_dhcp: false });
  assert.equal(single.gateway_ip, null);
  assert.deepEqual(single.allocation_pools, [{ start: '10.0.0.7', end: '10.0.0.7' }]);
  check(single);
});

test('IPv6 pools go from the second address to the last', () => {
  const cidr = parseCidr('2001:db8::/64');
  assert.ok(cidr);
  assert.deepEqual(defaultPools(cidr, null), [{ start: '2001:db8::1', end: '2001:db8::ffff:ffff:ffff:ffff' }]);
  check(shape({ cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' }));
});

test('default pools hold every usable address but the gateway, and no other', () => {
  const arbitrary = fc.record({
    value: fc.bigInt({ min: 1n << 24n, max: 0xdfffffffn }),
    length: fc.integer({ min: 20, max: 32 }),
    gateway: fc.option(fc.nat(), { nil: null }),
  });
  fc.assert(
    fc.property(arbitrary, ({ value, length, gateway }) => {
      const cidr = prefixOf({ version: 4, value }, length);
      const size = cidr.last - cidr.first + 1n;
      const ip = gateway === null ? null : formatIp({ version: 4, value: cidr.first + (BigInt(gateway) % size) });
      const pools = defaultPools(cidr, ip);
      const total = pools.reduce((sum, pool) => sum + spanOf(pool), 0n);
      const usable = length <= 30 ? size - 2n : size;
      const isUsable = ip !== null && (length > 30 || ![cidr.first, cidr.last].includes(parseIp(ip)?.value ?? -1n));
      assert.equal(total, usable - (isUsable ? 1n : 0n));
      for (const { start, end } of pools) {
        for (const edge of [start, end]) assert.ok(cidrContains(cidr, parseIp(edge) ?? { version: 6, value: 0n }));
      }
    }),
  );
});

function spanOf(pool: { start: string; end: string }): bigint {
  return (parseIp(pool.end)?.value ?? 0n) - (parseIp(pool.start)?.value ?? 0n) + 1n;
}

const refusals: [string, SubnetShape, string, number, RegExp][] = [
  [
    'the version of the prefix',
    shape({ cidr: '10.0.0.0/24', ip_version: 6 }),
    'InvalidInput',
    400,
    /does not match the ip_version '6'/,
  ],
  ['version 5', shape({ cidr: '10.0.0.0/24', ip_version: 5 }), 'InvalidInput', 400, /not in \[4, 6\]/],
  [
    'everything',
    shape({ cidr: '0.0.0.0/0', enable_dhcp: false }),
    'InvalidInput',
    400,
    /0 is not allowed as CIDR prefix length/,
  ],
  ['the unspecified prefix', shape({ cidr: '::/64' }), 'InvalidInput', 400, /'::' is not supported/],
  ['DHCP in a /31', shape({ cidr: '10.0.0.0/31' }), 'InvalidInput', 400, /incompatible with DHCP/],
  ['DHCP for multicast', shape({ cidr: '224.0.0.0/24' }), 'InvalidInput', 400, /Multicast/],
  ['DHCP for loopback', shape({ cidr: '127.0.0.0/24' }), 'InvalidInput', 400, /Loopback/],
  [
    'a gateway that is the network',
    shape({ cidr: '10.0.0.0/24', gateway_ip: '10.0.0.0' }),
    'InvalidInput',
    400,
    /Gateway is not valid/,
  ],
  [
    'a gateway that is the broadcast',
    shape({ cidr: '10.0.0.0/24', gateway_ip: '10.0.0.255' }),
    'InvalidInput',
    400,
    /Gateway is not valid/,
  ],
  [
    'a gateway of the other version',
    shape({ cidr: '10.0.0.0/24', gateway_ip: 'fe80::1' }),
    'InvalidInput',
    400,
    /gateway_ip 'fe80::1'/,
  ],
  [
    'a pool with the gateway',
    shape({ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.9' }] }),
    'GatewayConflictWithAllocationPools',
    409,
    /Gateway ip 10.0.0.1 conflicts with allocation pool 10.0.0.1-10.0.0.9/,
  ],
  [
    'a pool beyond the prefix',
    shape({ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.9', end: '10.0.1.9' }] }),
    'OutOfBoundsAllocationPool',
    400,
    /spans beyond the subnet cidr 10.0.0.0\/24/,
  ],
  [
    'pools that overlap',
    shape({
      cidr: '10.0.0.0/24',
      allocation_pools: [
        { start: '10.0.0.9', end: '10.0.0.20' },
        { start: '10.0.0.2', end: '10.0.0.9' },
      ],
    }),
    'OverlappingAllocationPools',
    409,
    /Found overlapping/,
  ],
  [
    'a pool upside down',
    shape({ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.9', end: '10.0.0.8' }] }),
    'InvalidAllocationPool',
    400,
    /10.0.0.9-10.0.0.8 is not valid/,
  ],
  [
    'IPv6 modes on IPv4',
    shape({ cidr: '10.0.0.0/24', ipv6_ra_mode: 'slaac' }),
    'InvalidInput',
    400,
    /ipv6_ra_mode is not valid when ip_version is 4/,
  ],
  [
    'modes that differ',
    shape({ cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'dhcpv6-stateful' }),
    'InvalidInput',
    400,
    /must be the same value/,
  ],
  [
    'modes without DHCP',
    shape({ cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', enable_dhcp: false }),
    'InvalidInput',
    400,
    /enable_dhcp is set to False/,
  ],
  [
    'SLAAC with another length',
    shape({ cidr: '2001:db8::/80', ipv6_address_mode: 'slaac' }),
    'InvalidInput',
    400,
    /EUI-64/,
  ],
  [
    'a name server of the other version',
    shape({ cidr: '10.0.0.0/24', dns_nameservers: ['2001:db8::1'] }),
    'InvalidInput',
    400,
    /dns_nameserver/,
  ],
  [
    'too many name servers',
    shape({ cidr: '10.0.0.0/24', dns_nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.6'] }),
    'DNSNameServersExhausted',
    400,
    /exceeds the limit 5/,
  ],
];

for (const [name, given, type, status, message] of refusals) {
  test(`refused: ${name}`, () => {
    assert.throws(() => check(given), { type, status, message });
  });
}

test('subnets of one network share no address', () => {
  assert.throws(
    () => check(shape({ cidr: '10.0.0.0/16' }), ['10.1.0.0/16', '10.0.7.0/24']),
    /overlaps with another subnet/,
  );
  check(shape({ cidr: '10.0.0.0/16' }), ['10.1.0.0/16', '2001:db8::/64']);
});

test('a change is held to the same rules', () => {
  const before = shape({ cidr: '10.0.0.0/31', enable_dhcp: false });
  const change = (changes: Partial<SubnetShape>) => () =>
    checkChangedSubnet(defaultSettings, before, { ...before, ...changes }, 'id');
  assert.throws(change({ enable_dhcp: true }), /incompatible with DHCP/);
  assert.throws(change({ gateway_ip: '10.0.0.0' }), { type: 'GatewayConflictWithAllocationPools' });
  const slaac = shape({ cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' });
  assert.throws(
    () => checkChangedSubnet(defaultSettings, slaac, { ...slaac, enable_dhcp: false }, 'id'),
    /Cannot disable enable_dhcp/,
  );
});
