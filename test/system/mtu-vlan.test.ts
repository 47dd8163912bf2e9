import { testWhereKernelHas } from '../support/guest/guest-tests.ts';

await testWhereKernelHas(['802.1q devices'], 'the MTU of VLANs', [{ file: 'test/system/support/mtu-vlan.ts' }], {
  modules: ['8021q', 'bridge', 'br_netfilter', 'vxlan'],
});
