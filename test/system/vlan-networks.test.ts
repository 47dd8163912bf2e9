import { testWhereKernelHas } from '../support/guest/guest-tests.ts';

await testWhereKernelHas(
  ['802.1q devices'],
  'VLAN networks',
  [{ file: 'test/conformance/machine-real.ts', only: '802.1q' }, { file: 'test/system/support/vlan-networks.ts' }],
  { modules: ['8021q', 'bridge', 'br_netfilter'] },
);
