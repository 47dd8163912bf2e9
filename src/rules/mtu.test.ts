import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../model/faults.ts';
import { checkMtuForSubnets, chooseMtu, type MtuSegment, networkMtu, segmentMtu } from './mtu.ts';
import { defaultSettings, type MtuSettings, type NetworkType } from './settings.ts';

const settings = (changes: Partial<MtuSettings>): MtuSettings => ({ ...defaultSettings.mtu, ...changes });
const on = (type: NetworkType, physicalNetwork: string | null = null): MtuSegment => ({ type, physicalNetwork });

const rows: [string, NetworkType, Partial<MtuSettings>, number][] = [
  ['flat', 'flat', {}, 1500],
  ['flat, jumbo', 'flat', { globalPhysnetMtu: 9000 }, 9000],
  ['vlan', 'vlan', {}, 1500],
  ['vlan, jumbo', 'vlan', { globalPhysnetMtu: 9000 }, 9000],
  ['a physical network lowers flat', 'flat', { globalPhysnetMtu: 9000, physicalNetworkMtus: { public: 1400 } }, 1400],
  ['a physical network lowers vlan', 'vlan', { globalPhysnetMtu: 9000, physicalNetworkMtus: { public: 1400 } }, 1400],
  ['a physical network never raises', 'flat', { physicalNetworkMtus: { public: 9000 } }, 1500],
  ['another physical network does not matter', 'flat', { physicalNetworkMtus: { other: 1400 } }, 1500],
  ['a physical network does not matter to a tunnel', 'vxlan', { physicalNetworkMtus: { public: 1400 } }, 1450],
  ['a path does not matter to a physical network', 'flat', { pathMtu: 1400 }, 1500],
  ['gre', 'gre', {}, 1458],
  ['gre over IPv6', 'gre', { overlayIpVersion: 6 }, 1438],
  ['gre, jumbo', 'gre', { globalPhysnetMtu: 9000 }, 8958],
  ['gre, jumbo over IPv6', 'gre', { globalPhysnetMtu: 9000, overlayIpVersion: 6 }, 8938],
  ['vxlan', 'vxlan', {}, 1450],
  ['vxlan over IPv6', 'vxlan', { overlayIpVersion: 6 }, 1430],
  ['vxlan, jumbo', 'vxlan', { globalPhysnetMtu: 9000 }, 8950],
  ['vxlan, jumbo over IPv6', 'vxlan', { globalPhysnetMtu: 9000, overlayIpVersion: 6 }, 8930],
  ['a path lowers', 'vxlan', { globalPhysnetMtu: 9000, pathMtu: 1500 }, 1450],
  ['a path never raises', 'vxlan', { pathMtu: 9000 }, 1450],
  ['geneve', 'geneve', {}, 1450],
  ['geneve over IPv6', 'geneve', { overlayIpVersion: 6 }, 1430],
  ['geneve, jumbo', 'geneve', { globalPhysnetMtu: 9000 }, 8950],
  ['geneve with options', 'geneve', { geneveMaxHeaderSize: 38 }, 1442],
  ['geneve with options over IPv6', 'geneve', { geneveMaxHeaderSize: 38, overlayIpVersion: 6 }, 1422],
  ['geneve with options, jumbo', 'geneve', { geneveMaxHeaderSize: 38, globalPhysnetMtu: 9000 }, 8942],
  ['local has no opinion', 'local', { pathMtu: 1400 }, 1500],
  ['local has no opinion, jumbo', 'local', { globalPhysnetMtu: 9000 }, 9000],
  ['an underlay smaller than the headers carries nothing', 'geneve', { pathMtu: 60, geneveMaxHeaderSize: 300 }, 0],
];

for (const [name, type, changes, expected] of rows) {
  test(`maximum MTU: ${name}`, () => {
    assert.equal(networkMtu(settings(changes), [on(type, 'public')]).mtu, expected);
  });
}

test('several segments: the least counts, local ones have no say, and without any opinion global_physnet_mtu counts', () => {
  const jumbo = settings({ globalPhysnetMtu: 9000, physicalNetworkMtus: { narrow: 1400 } });
  assert.equal(networkMtu(jumbo, [on('vlan', 'wide'), on('vlan', 'narrow')]).mtu, 1400);
  assert.equal(networkMtu(jumbo, [on('local'), on('vxlan')]).mtu, 8950);
  assert.equal(networkMtu(jumbo, [on('local'), on('local')]).mtu, 9000);
  assert.equal(networkMtu(jumbo, []).mtu, 9000);
});

test('the sum names the option that decided, with its place, and those that did not', () => {
  const given = settings({
    globalPhysnetMtu: 9000,
    pathMtu: 4000,
    overlayIpVersion: 6,
    places: { path_mtu: { file: '/etc/neutron/ml2.ini', line: 7 }, overlay_ip_version: { flag: '--ip' } },
  });
  assert.deepEqual(segmentMtu(given, on('geneve')), {
    type: 'geneve',
    physicalNetwork: null,
    mtu: 3930,
    lines: [
      {
        part: 'base',
        bytes: 4000,
        option: { section: 'ml2', name: 'path_mtu', value: 4000, place: { file: '/etc/neutron/ml2.ini', line: 7 } },
        others: [{ section: 'DEFAULT', name: 'global_physnet_mtu', value: 9000 }],
      },
      {
        part: 'ip-header',
        bytes: -40,
        option: { section: 'ml2', name: 'overlay_ip_version', value: 6, place: { flag: '--ip' } },
      },
      {
        part: 'encapsulation',
        bytes: -30,
        type: 'geneve',
        option: { section: 'ml2_type_geneve', name: 'max_header_size', value: 30 },
      },
    ],
  });
  const flat = segmentMtu(settings({ physicalNetworkMtus: { public: 1400 } }), on('flat', 'public'));
  assert.deepEqual(flat.lines, [
    {
      part: 'base',
      bytes: 1400,
      option: { section: 'ml2', name: 'physical_network_mtus', value: 1400, network: 'public' },
      others: [{ section: 'DEFAULT', name: 'global_physnet_mtu', value: 1500 }],
    },
  ]);
  assert.deepEqual(segmentMtu(settings({}), on('local')).lines, []);
  assert.deepEqual(networkMtu(settings({}), [on('local')]).fallback, {
    part: 'base',
    bytes: 1500,
    option: { section: 'DEFAULT', name: 'global_physnet_mtu', value: 1500 },
    others: [],
  });
});

const physical = fc.constantFrom('a', 'b', 'constructor', '__proto__');
const anySettings: fc.Arbitrary<MtuSettings> = fc.record({
  globalPhysnetMtu: fc.integer({ min: 68, max: 65535 }),
  pathMtu: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 65535 })),
  physicalNetworkMtus: fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 68, max: 65535 })),
  overlayIpVersion: fc.constantFrom(4, 6),
  geneveMaxHeaderSize: fc.integer({ min: 8, max: 300 }),
  places: fc.constant({}),
});
const anySegment: fc.Arbitrary<MtuSegment> = fc.record({
  type: fc.constantFrom('flat', 'vlan', 'gre', 'vxlan', 'geneve', 'local'),
  physicalNetwork: fc.option(physical),
});

/** The formulas of the reference, each written out for itself; null: no opinion. */
const formulas: Readonly<Record<NetworkType, (s: MtuSettings, physical: string | null) => number | null>> = {
  flat: (s, name) =>
    Math.min(s.globalPhysnetMtu, new Map(Object.entries(s.physicalNetworkMtus)).get(name ?? '') ?? 65535),
  vlan: (s, name) =>
    Math.min(s.globalPhysnetMtu, new Map(Object.entries(s.physicalNetworkMtus)).get(name ?? '') ?? 65535),
  gre: (s) => Math.min(s.globalPhysnetMtu, s.pathMtu || 65535) - (s.overlayIpVersion === 4 ? 42 : 62),
  vxlan: (s) => Math.min(s.globalPhysnetMtu, s.pathMtu || 65535) - (s.overlayIpVersion === 4 ? 50 : 70),
  geneve: (s) =>
    Math.min(s.globalPhysnetMtu, s.pathMtu || 65535) - (s.overlayIpVersion === 4 ? 20 : 40) - s.geneveMaxHeaderSize,
  local: () => null,
};

test('any configuration, any segments: the formulas, and lines that add up', () => {
  fc.assert(
    fc.property(anySettings, fc.array(anySegment, { maxLength: 4 }), (given, segments) => {
      const opinions = segments
        .map((one) => formulas[one.type](given, one.physicalNetwork))
        .filter((one) => one !== null);
      const expected = opinions.length === 0 ? given.globalPhysnetMtu : Math.max(0, Math.min(...opinions));
      const found = networkMtu(given, segments);
      assert.equal(found.mtu, expected);
      for (const { mtu, lines } of found.segments) {
        if (mtu === null) assert.deepEqual(lines, []);
        else
          assert.equal(
            Math.max(
              0,
              lines.reduce((sum, { bytes }) => sum + bytes, 0),
            ),
            mtu,
          );
        for (const line of lines)
          if (line.part === 'base') assert.ok(line.others.every(({ value }) => value === 0 || value >= line.bytes));
      }
    }),
  );
});

test('a network gets what it asks for up to the maximum, and the maximum for 0 or nothing', () => {
  assert.equal(chooseMtu(undefined, 1450), 1450);
  assert.equal(chooseMtu(0, 1450), 1450);
  assert.equal(chooseMtu(1200, 1450), 1200);
  assert.equal(chooseMtu(1450, 1450), 1450);
  assert.throws(() => chooseMtu(1451, 1450), { type: 'InvalidInput', status: 400, message: /maximum is 1450/ });
  assert.throws(() => chooseMtu(1, 0), { type: 'InvalidInput', status: 400, message: /maximum is 0/ });
});

test('subnets set a minimum: 68 for IPv4, 1280 for IPv6', () => {
  const conflict = (mtu: number, versions: number[]) => {
    try {
      checkMtuForSubnets('n', mtu, versions);
      return undefined;
    } catch (error) {
      return error instanceof Fault ? `${error.status} ${error.message}` : error;
    }
  };
  assert.equal(conflict(0, []), undefined);
  assert.equal(conflict(68, [4]), undefined);
  assert.equal(conflict(1280, [4, 6]), undefined);
  assert.equal(conflict(67, [4]), '409 MTU of n is not valid, subnet requires a minimum of 68');
  assert.equal(conflict(1279, [4, 6]), '409 MTU of n is not valid, subnet requires a minimum of 1280');
});
