import { testWhereKernelHas } from '../support/guest/guest-tests.ts';

await testWhereKernelHas(['802.1q devices'], 'physical networks', 'test/system/support/physical-networks.ts', {
  modules: ['8021q', 'bridge', 'br_netfilter'],
});
