import { natSuite } from './support/nat-suite.ts';

for (const driver of ['iptables', 'nftables'] as const) natSuite(driver);
natSuite('iptables', 'openvswitch');
