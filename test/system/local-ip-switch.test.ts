/** The flows of local IPs, by the switch outside the kernel here, and by the kernel's own in a guest. */
import './support/local-ip-switch.ts';
import { testInGuest } from '../support/guest/guest-tests.ts';

testInGuest(
  "a local IP by the kernel's Open vSwitch, in a guest",
  [{ file: 'test/system/support/local-ip-switch.ts', only: 'is stateful|takes over' }],
  {
    modules: ['openvswitch', 'veth', 'nf_conntrack', 'nf_nat'],
  },
);
