/** The MTU of VLANs on Linux bridges. Run here or in a guest, as mtu-vlan.test.ts decides. */
import { mtuSuite } from './mtu-suite.ts';
import { skipDriver } from './small-cloud.ts';

mtuSuite({ driver: 'linuxbridge', type: 'vlan', mtu: 1500, skip: skipDriver('linuxbridge') });
