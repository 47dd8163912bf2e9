import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../model/faults.ts';
import { checkMtuForSubnets, chooseMtu, maximumMtu } from './mtu.ts';
import { defaultSettings, type MtuSettings, type NetworkType } from './settings.ts';

const settings = (changes: Partial<MtuSettings>): MtuSettings => ({ ...defaultSettings.mtu, ...changes });

const rows: [string, NetworkType, Partial<MtuSettings>, number][] = [
  ['flat', 'flat', {}, 1500],
  ['vlan, jumbo', 'vlan', { globalPhysnetMtu: 9000 }, 9000],
  ['a physical network lowers', 'flat', { globalPhysnetMtu: 9000, physicalNetworkMtus: { public: 1400 } }, 1400],
  ['a physical network never raises', 'flat', { physicalNetworkMtus: { public: 9000 } }, 1500],
  ['another physical network does not matter', 'flat', { physicalNetworkMtus: { other: 1400 } }, 1500],
  ['gre', 'gre', {}, 1458],
  ['gre over IPv6', 'gre', { overlayIpVersion: 6 }, 1438],
  ['gre, jumbo', 'gre', { globalPhysnetMtu: 9000 }, 8958],
  ['vxlan', 'vxlan', {}, 1450],
  ['vxlan over IPv6', 'vxlan', { overlayIpVersion: 6 }, 1430],
  ['vxlan, jumbo over IPv6', 'vxlan', { globalPhysnetMtu: 9000, overlayIpVersion: 6 }, 8930],
  ['a path lowers', 'vxlan', { globalPhysnetMtu: 9000, pathMtu: 1500 }, 1450],
  ['a path never raises', 'vxlan', { pathMtu: 9000 }, 1450],
  ['geneve', 'geneve', {}, 1450],
  ['geneve with options', 'geneve', { geneveMaxHeaderSize: 38 }, 1442],
  ['geneve with options over IPv6', 'geneve', { geneveMaxHeaderSize: 38, overlayIpVersion: 6 }, 1422],
  ['local has no opinion', 'local', { pathMtu: 1400 }, 1500],
];

for (const [name, type, changes, expected] of rows) {
  test(`maximum MTU: ${name}`, () => {
    assert.equal(maximumMtu(settings(changes), type, 'public'), expected);
  });
}

test('a network gets what it asks for up to the maximum, and the maximum for 0 or nothing', () => {
  assert.equal(chooseMtu(undefined, 1450), 1450);
  assert.equal(chooseMtu(0, 1450), 1450);
  assert.equal(chooseMtu(1200, 1450), 1200);
  assert.throws(() => chooseMtu(1451, 1450), { type: 'InvalidInput', status: 400, message: /maximum is 1450/ });
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
