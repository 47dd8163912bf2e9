import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SeededRandom } from '../lib/random.ts';
import { type ProviderRequest, providerWish, segmentCandidates, segmentInUse, tenantWishes } from './segments.ts';
import { defaultSettings, type NetworkingSettings } from './settings.ts';

const settings: NetworkingSettings = {
  ...defaultSettings,
  flatNetworks: ['public'],
  vlanRanges: { physnet1: [{ first: 100, last: 102 }], bare: [] },
};
const request = (changes: Partial<ProviderRequest>): ProviderRequest => ({
  type: null,
  physicalNetwork: null,
  id: null,
  ...changes,
});

const refusals: [Partial<ProviderRequest>, RegExp][] = [
  [{ physicalNetwork: 'public' }, /network_type required/],
  [{ type: 'flat' }, /physical_network required for flat/],
  [{ type: 'flat', physicalNetwork: 'nowhere' }, /physical_network 'nowhere' unknown for flat/],
  [{ type: 'flat', physicalNetwork: 'public', id: 5 }, /segmentation_id prohibited for flat/],
  [{ type: 'vlan', physicalNetwork: 'public' }, /physical_network 'public' unknown for VLAN/],
  [{ type: 'vlan', id: 100 }, /segmentation_id requires physical_network/],
  [{ type: 'vlan', physicalNetwork: 'physnet1', id: 4095 }, /out of range \(1 through 4094\)/],
  [{ type: 'vxlan', physicalNetwork: 'physnet1' }, /physical_network specified for vxlan/],
  [{ type: 'vxlan', id: 16777216 }, /out of range/],
  [{ type: 'local', id: 5 }, /segmentation_id prohibited for local/],
];

for (const [changes, sentence] of refusals) {
  test(`refused: ${JSON.stringify(changes)}`, () => {
    assert.throws(() => providerWish(settings, request(changes)), {
      type: 'InvalidInput',
      status: 400,
      message: sentence,
    });
  });
}

test('a type without a driver is refused', () => {
  const narrow = { ...settings, typeDrivers: ['flat'] } as const;
  assert.throws(() => providerWish(narrow, request({ type: 'vxlan' })), /'vxlan' not supported/);
});

test('a provider may name a VLAN outside the ranges, on a physical network that is known', () => {
  const wish = providerWish(settings, request({ type: 'vlan', physicalNetwork: 'bare', id: 7 }));
  assert.deepEqual(wish, { kind: 'exact', segment: { type: 'vlan', physicalNetwork: 'bare', id: 7 } });
});

test('tenants are served in the order of tenant_network_types, and never get a flat network', () => {
  const wishes = tenantWishes({ ...settings, tenantNetworkTypes: ['flat', 'vlan', 'vxlan', 'local'] });
  const types = wishes.map((wish) => (wish.kind === 'any' ? wish.type : wish.segment.type));
  assert.deepEqual(types, ['vlan', 'vxlan', 'local']);
});

test('candidates are of the ranges, and in the end each number of each range is one', () => {
  const range = fc.record({
    first: fc.integer({ min: 1, max: 900 }),
    size: fc.integer({ min: 0, max: 60 }),
    physicalNetwork: fc.constantFrom('a', 'b'),
  });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 4 }), fc.integer(), (given, seed) => {
      const ranges = given.map(({ first, size, physicalNetwork }) => ({
        first,
        last: first + size - 1,
        physicalNetwork,
      }));
      const expected = new Set(
        ranges.flatMap((r) =>
          Array.from({ length: r.last - r.first + 1 }, (_, i) => `${r.physicalNetwork} ${r.first + i}`),
        ),
      );
      const seen = [...segmentCandidates('vlan', ranges, new SeededRandom(seed))].flat();
      assert.deepEqual(new Set(seen.map((segment) => `${segment.physicalNetwork} ${segment.id}`)), expected);
    }),
  );
});

test('a segment in use is the fault of its type', () => {
  assert.equal(segmentInUse({ type: 'flat', physicalNetwork: 'public', id: null }).type, 'FlatNetworkInUse');
  assert.equal(segmentInUse({ type: 'vlan', physicalNetwork: 'physnet1', id: 100 }).type, 'VlanIdInUse');
  assert.equal(segmentInUse({ type: 'vxlan', physicalNetwork: null, id: 100 }).type, 'TunnelIdInUse');
});
