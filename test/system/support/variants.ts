/** The drivers that a scenario is run with: each of them is in one variant at least. */
import type { CloudOptions } from '../../../src/lab/cloud.ts';
import { noOvs } from '../../../src/lab/ovs.ts';

/** One run of a scenario. */
export interface Variant {
  readonly name: string;
  /** Why it cannot be run here. */
  readonly skip: string | false;
  readonly options: Partial<CloudOptions>;
}

export const variants: readonly Variant[] = [
  { name: 'Linux bridge, iptables', skip: false, options: {} },
  { name: 'Open vSwitch, nftables', skip: noOvs() ?? false, options: { driver: 'openvswitch', nat: 'nftables' } },
];
