/** Where the guards of ports are to be seen on a host, by driver. */
import type { LabDriver } from '../../../src/lab/ground.ts';
import type { LabHost } from '../../../src/lab/host.ts';
import { hostFolder } from '../../../src/lab/ovs.ts';

/** What a test asks of a host about the guards of its ports. */
export interface Guards {
  /** What sees to the names in which ports send, as text: devices and addresses. */
  text(host: LabHost): Promise<string>;
  /** The MAC addresses that the switch has heard of. */
  heard(host: LabHost): Promise<string>;
  /** The connections that are tracked. */
  tracked(host: LabHost): Promise<string>;
  /** Whether a device that is no port any more can reach nobody. */
  isReleased(host: LabHost, device: string): Promise<boolean>;
  /** Whether the host has no guard of any port. */
  isBare(host: LabHost): Promise<boolean>;
}

const sh = async (host: LabHost, line: string) => (await host.run(['sh', '-c', line], { mayFail: true })).stdout;

const linuxbridge: Guards = {
  text: (host) => sh(host, 'nft list table bridge neutrino'),
  heard: (host) => sh(host, 'bridge fdb show'),
  tracked: (host) => sh(host, 'conntrack -L'),
  async isReleased(host, device) {
    const link = await sh(host, `ip -j link show ${device}`);
    return link.includes('"operstate":"DOWN"') && !/"master"|"UP"/.test(link);
  },
  async isBare(host) {
    const rules = await sh(host, 'iptables-save; ip6tables-save; ipset list -n; nft list tables bridge');
    return !/neutron-linuxbri|NIPv|neutrino/.test(rules);
  },
};

const appctl = (host: LabHost, line: string) => sh(host, `ovs-appctl -t ${hostFolder}/ovs-vswitchd.ctl ${line}`);

const openvswitch: Guards = {
  text: (host) => sh(host, 'ovs-ofctl --names --no-stats dump-flows br-int table=71'),
  heard: (host) => appctl(host, 'fdb/show br-int'),
  tracked: (host) => appctl(host, 'dpctl/dump-conntrack'),
  async isReleased(host, device) {
    return (await sh(host, `ovs-vsctl get port ${device} tag`)).trim() === '4095';
  },
  async isBare(host) {
    const flows = await sh(host, 'for table in 71 81 82 83; do ovs-ofctl --names dump-flows br-int table=$table; done');
    return !/in_port=|metadata=|reg8=/.test(flows);
  },
};

/** The guards by driver. */
export const guardsOf: Readonly<Record<LabDriver, Guards>> = { linuxbridge, openvswitch };
