import { testWhereKernelHas } from '../support/guest/guest-tests.ts';

await testWhereKernelHas(
  ['802.1q devices'],
  'trunks on hosts with Linux bridges',
  [{ file: 'test/system/support/trunk-linuxbridge.ts' }],
  { modules: ['8021q', 'bridge', 'br_netfilter', 'nf_conntrack_netlink'] },
);
