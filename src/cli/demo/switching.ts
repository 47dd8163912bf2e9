/** How the hosts of the demo switch frames, in the devices that a packet passes and the rule that lets it in. */
import type { LabNetworkType } from '../../lab/cloud.ts';
import type { LabHost } from '../../lab/host.ts';
import { deviceSuffix } from '../../model/host-objects.ts';

/** The devices on the way, by where it leads. */
export interface Switching {
  /** From the outside to the gateway of a router. */
  external(gatewayPortId: string): string;
  /** From a router to an instance on the same host. */
  local(instancePortId: string): string;
  /** From a router to another host, and there to the instance. */
  leaving(remote: string): string;
  arriving(instancePortId: string): string;
  /** Where the security group of a port stands, and its rule for TCP port 8080. */
  group(host: LabHost, instancePortId: string): Promise<{ place: string; rule: string | null }>;
}

/** A network as its frames travel between hosts. */
export interface Travelling {
  readonly id: string;
  readonly type: LabNetworkType;
  readonly segment: number | null;
}

const tap = (portId: string) => `tap${deviceSuffix(portId)}`;

/** The last line of a command's output that has all the words. */
async function lineOf(host: LabHost, argv: readonly string[], ...words: string[]): Promise<string | null> {
  const { stdout } = await host.run(argv, { mayFail: true });
  return (
    stdout
      .split('\n')
      .findLast((line) => words.every((word) => line.includes(word)))
      ?.trim() ?? null
  );
}

/** By bridges of the kernel. */
export function byBridges({ id, type, segment }: Travelling): Switching {
  const flat = type === 'flat';
  const bridge = flat ? 'br-rack' : `brq${deviceSuffix(id)}`;
  const between = flat ? 'eth2' : type === 'vxlan' ? `vxlan-${segment} → eth0` : `eth2.${segment}`;
  return {
    external: (gateway) => `eth1 → br-ex → ${tap(gateway)}`,
    local: (instance) => `${bridge} → ${tap(instance)}`,
    leaving: () => `${bridge} → ${between}`,
    arriving: (instance) => `${between.split(' → ').reverse().join(' → ')} → ${bridge} → ${tap(instance)}`,
    async group(host, portId) {
      const place = `neutron-linuxbri-i${portId.slice(0, 10)}`;
      return { place, rule: await lineOf(host, ['iptables', '-S', place], '-A', 'dport 8080') };
    },
  };
}

/** The part of a tunnel port's name that tells the other host. */
const hexadecimal = (ip: string) =>
  ip
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');

/** By Open vSwitch. */
export function bySwitch({ type }: Travelling): Switching {
  const physical = type === 'flat' || type === 'vlan';
  const out = (remote: string) =>
    physical ? 'int-br-rack/phy-br-rack → br-rack → eth2' : `patch-tun → br-tun → ${type}-${hexadecimal(remote)}`;
  const dump = ['ovs-ofctl', '-O', 'OpenFlow14', '--names', '--no-stats', 'dump-flows', 'br-int'];
  return {
    external: (gateway) => `eth1 → br-ex → phy-br-ex/int-br-ex → br-int → ${tap(gateway)}`,
    local: (instance) => `br-int → ${tap(instance)}`,
    leaving: (remote) => `br-int → ${out(remote)}`,
    arriving: (instance) =>
      `${physical ? 'eth2 → br-rack → phy-br-rack/int-br-rack' : 'br-tun → patch-int'} → br-int → ${tap(instance)}`,
    async group(host) {
      return { place: 'br-int, table 82', rule: await lineOf(host, dump, 'table=82,', 'tp_dst=8080') };
    },
  };
}
