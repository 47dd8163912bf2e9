/** What to do about a finding: commands, in the order in which they are tried. What is beside the commands is said in words. */

import type { Finding } from './judge.ts';
import type { ProbeWorld } from './world.ts';

const inside = (namespace: string, command: string): string =>
  namespace === '' ? command : `ip netns exec ${namespace} ${command}`;

/** The commands; `[…] option = value` is a line of the server's configuration. */
export function remedyOf(finding: Finding, { network }: ProbeWorld): string[] {
  switch (finding.code) {
    case 'underlay-small':
      return [`[ml2] path_mtu = ${finding.carries}`, 'neutrino mtu audit --fix'];
    case 'device-differs':
      return ['neutrino agent sync'];
    case 'guest-differs':
      return [inside(finding.namespace, `ip link set dev ${finding.device} mtu ${finding.expected}`)];
    case 'error-swallowed':
    case 'error-wrong': {
      const { namespace } = finding;
      return [inside(namespace, 'iptables-save | grep -i icmp'), inside(namespace, 'nft list ruleset | grep -i icmp')];
    }
    case 'elsewhere':
      return [`neutrino mtu probe ${network.id}`];
    case 'black-hole':
      return [`openstack network set --mtu ${finding.largest} ${finding.network}`];
    case 'stored-above':
      return [`openstack network set --mtu ${finding.now} ${network.id}`];
    case 'unreachable':
      return [];
  }
}
