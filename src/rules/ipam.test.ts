import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, parseIp } from '../lib/ip.ts';
import { SeededRandom } from '../lib/random.ts';
import type { subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import {
  type AddressWish,
  addressCandidates,
  changeOfAddresses,
  eui64Address,
  poolSize,
  wishesOfNewPort,
} from './ipam.ts';
import { macCandidates } from './mac.ts';

type SubnetRow = Row<typeof subnet>;

function subnetRow(id: string, cidr: string, changes: Partial<SubnetRow> = {}): SubnetRow {
  return {
    id,
    project_id: 'p',
    name: '',
    description: '',
    created_at: '',
    updated_at: '',
    revision_number: 0,
    tags: [],
    network_id: 'net',
    segment_id: null,
    subnetpool_id: null,
    use_default_subnetpool: false,
    prefixlen: 0,
    service_types: [],
    dns_publish_fixed_ip: false,
    'router:external': false,
    ip_version: cidr.includes(':') ? 6 : 4,
    cidr,
    gateway_ip: null,
    allocation_pools: [],
    dns_nameservers: [],
    host_routes: [],
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    ...changes,
  };
}

const v4 = subnetRow('v4', '10.0.0.0/24');
const other4 = subnetRow('other4', '10.0.1.0/24');
const v6 = subnetRow('v6', '2001:db8::/64');
const slaac = subnetRow('slaac', '2001:db8:1::/64', { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' });
const asker = { networkId: 'net', deviceOwner: 'compute:nova', mac: 'fa:16:3e:00:00:01' };
const router = { ...asker, deviceOwner: 'network:router_interface' };
const ids = (wishes: AddressWish[]) =>
  wishes.map((wish) =>
    wish.kind === 'exact'
      ? `${wish.fixedIp.subnet_id} ${wish.fixedIp.ip_address}`
      : wish.subnets.map((row) => row.id).join('|'),
  );

test('EUI-64: the MAC address with its universal bit turned and fffe in the middle', () => {
  assert.equal(eui64Address('2001:db8::/64', 'fa:16:3e:00:00:01'), '2001:db8::f816:3eff:fe00:1');
});

test('without a request: one of the IPv4 subnets, one of the IPv6 ones, and the automatic addresses', () => {
  const wishes = wishesOfNewPort(undefined, [v4, other4, v6, slaac], asker);
  assert.deepEqual(ids(wishes), ['slaac 2001:db8:1:0:f816:3eff:fe00:1', 'v4|other4', 'v6']);
  assert.deepEqual(ids(wishesOfNewPort(undefined, [slaac], router)), []);
});

test('by subnet, by address, by both', () => {
  const requests = [{ subnet_id: 'v4' }, { ip_address: '10.0.1.9' }, { subnet_id: 'v4', ip_address: '10.0.0.9' }];
  assert.deepEqual(ids(wishesOfNewPort(requests, [v4, other4], asker)), ['other4 10.0.1.9', 'v4 10.0.0.9', 'v4']);
});

const refusals: [string, { subnet_id?: string; ip_address?: string }, SubnetRow[], string][] = [
  ['no subnets', { ip_address: '10.0.0.9' }, [], 'InvalidInput'],
  ['neither subnet nor address', {}, [v4], 'InvalidInput'],
  ['a subnet of another network', { subnet_id: 'v6' }, [v4], 'InvalidInput'],
  ['an address outside the subnet', { subnet_id: 'v4', ip_address: '10.0.1.9' }, [v4], 'InvalidIpForSubnet'],
  ['the network address', { subnet_id: 'v4', ip_address: '10.0.0.0' }, [v4], 'InvalidIpForSubnet'],
  ['the broadcast address', { ip_address: '10.0.0.255' }, [v4], 'InvalidIpForNetwork'],
  ['an address of no subnet', { ip_address: '192.0.2.1' }, [v4], 'InvalidIpForNetwork'],
  ['another address in a SLAAC subnet', { ip_address: '2001:db8:1::9' }, [slaac], 'AllocationOnAutoAddressSubnet'],
];

for (const [name, given, subnets, type] of refusals) {
  test(`refused: ${name}`, () => {
    assert.throws(() => wishesOfNewPort([given], subnets, asker), { type, status: 400 });
  });
}

test('a change keeps what is named again, keeps by subnet where it can, and gives the rest back', () => {
  const before = [
    { subnet_id: 'v4', ip_address: '10.0.0.5' },
    { subnet_id: 'v4', ip_address: '10.0.0.6' },
    { subnet_id: 'slaac', ip_address: '2001:db8:1:0:f816:3eff:fe00:1' },
  ];
  const change = (requests: { subnet_id?: string; ip_address?: string }[]) =>
    changeOfAddresses(before, requests, [v4, other4, slaac], asker);
  const named = change([{ ip_address: '10.0.0.6' }]);
  assert.deepEqual(named.keep, [before[1], before[2]]);
  assert.deepEqual(named.gone, [before[0]]);
  assert.deepEqual(named.wishes, []);
  const bySubnet = change([{ subnet_id: 'v4' }, { subnet_id: 'other4' }]);
  assert.deepEqual(bySubnet.keep, [before[0], before[2]]);
  assert.deepEqual(ids(bySubnet.wishes), ['other4']);
  assert.deepEqual(bySubnet.gone, [before[1]]);
  assert.deepEqual(change([]).keep, [before[2]]);
});

test('an automatic address follows the MAC address', () => {
  const before = [
    { subnet_id: 'slaac', ip_address: '2001:db8:1:0:f816:3eff:fe00:1' },
    { subnet_id: 'v4', ip_address: '10.0.0.5' },
  ];
  const moved = { ...asker, mac: 'fa:16:3e:00:00:02' };
  const { keep, wishes, gone } = changeOfAddresses(before, before, [v4, slaac], moved);
  assert.deepEqual(keep, [before[1]]);
  assert.deepEqual(ids(wishes), ['slaac 2001:db8:1:0:f816:3eff:fe00:2']);
  assert.deepEqual(gone, [before[0]]);
});

const pools = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 9 }), size: fc.integer({ min: 1, max: 300 }) }), { maxLength: 4 })
  .map((spans) => {
    let next = 0x0a000001n;
    return spans.map(({ gap, size }) => {
      const start = next + BigInt(gap);
      next = start + BigInt(size);
      return { start: formatIp({ version: 4, value: start }), end: formatIp({ version: 4, value: next - 1n }) };
    });
  });

test('candidates lie in the pools, and taking the first free one never gives an address twice until all are gone', () => {
  fc.assert(
    fc.property(pools, fc.integer(), (given, seed) => {
      const row = subnetRow('v4', '10.0.0.0/16', { allocation_pools: given });
      const random = new SeededRandom(seed);
      const taken = new Set<string>();
      const size = Number(poolSize(given));
      for (let count = 0; count < size; count++) {
        const free = firstFree(row, random, taken);
        assert.ok(free !== undefined && isInside(free, given));
        taken.add(free);
      }
      assert.equal(taken.size, size);
      assert.equal(firstFree(row, random, taken), undefined);
    }),
    { numRuns: 20 },
  );
});

function firstFree(row: SubnetRow, random: SeededRandom, taken: Set<string>): string | undefined {
  for (const batch of addressCandidates(row, random)) {
    const free = batch.find((ip) => !taken.has(ip));
    if (free !== undefined) return free;
  }
  return undefined;
}

function isInside(ip: string, given: { start: string; end: string }[]): boolean {
  const value = parseIp(ip)?.value ?? -1n;
  return given.some(
    (pool) => value >= (parseIp(pool.start)?.value ?? 0n) && value <= (parseIp(pool.end)?.value ?? -1n),
  );
}

test('MAC addresses keep three octets of the base, or four when the fourth is set', () => {
  const all = (base: string) => [...macCandidates(base, new SeededRandom(5))].flat();
  assert.ok(all('fa:16:3e:00:00:00').every((mac) => /^fa:16:3e(:[0-9a-f]{2}){3}$/.test(mac)));
  assert.ok(all('fa:16:3e:4f:00:00').every((mac) => /^fa:16:3e:4f(:[0-9a-f]{2}){2}$/.test(mac)));
  assert.equal(new Set(all('fa:16:3e:00:00:00').map((mac) => mac.slice(9, 11))).size > 1, true);
});
