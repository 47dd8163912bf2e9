/** Every type of network by every L2 driver: the MTU that is computed is the one that the wire carries. */
import { type MtuCase, mtuSuite } from './support/mtu-suite.ts';
import { skipDriver } from './support/small-cloud.ts';

const kinds: readonly Omit<MtuCase, 'skip'>[] = [
  { driver: 'linuxbridge', type: 'vxlan', mtu: 1450 },
  { driver: 'linuxbridge', type: 'flat', mtu: 1500 },
  { driver: 'openvswitch', type: 'vxlan', mtu: 1450 },
  { driver: 'openvswitch', type: 'gre', mtu: 1458 },
  { driver: 'openvswitch', type: 'geneve', mtu: 1450 },
  { driver: 'openvswitch', type: 'vlan', mtu: 1500 },
  { driver: 'openvswitch', type: 'flat', mtu: 1500 },
];

for (const kind of kinds) mtuSuite({ ...kind, skip: skipDriver(kind.driver) });
