/** What a port may send whatever its rules say, what it never may, and what its rules are asked about: table 71. */
import type { HostPort } from '../../model/host-objects.ts';
import { type Flow, resubmit } from '../flow-text.ts';
import { addressField, addressText } from './ovs-firewall-rules.ts';
import { tables, track } from './ovs-tables.ts';
import { type SourcePair, sourcePairs } from './source-pairs.ts';

const table = tables.baseEgress;

/** ICMPv6 that is sent to find the way, and that no conntrack knows: multicast listeners, routers, neighbours. */
const findingIcmp6 = [131, 132, 133, 135, 143];
/** Of these, from the unspecified address, before there is another. */
const earlyIcmp6 = [131, 133, 135, 143];
const neighbourAdvertisement = 136;
const routerAdvertisement = 134;

const fromMac = ({ mac }: SourcePair) => `dl_src=${mac}`;

function source(family: 4 | 6, pair: SourcePair): string[] {
  const address = addressText(pair.prefix);
  return [fromMac(pair), ...(address === undefined ? [] : [`${addressField(family, 'src')}=${address}`])];
}

/** Finding neighbours: only in the port's own names. */
function findingFlows(sender: string, four: readonly SourcePair[], six: readonly SourcePair[]): Flow[] {
  const on = (...match: string[]): Flow => {
    return { table, priority: 95, match: [sender, ...match], actions: [resubmit(tables.acceptedEgressNormal)] };
  };
  const named = (field: string, pair: SourcePair) => {
    const address = addressText(pair.prefix);
    return [fromMac(pair), ...(address === undefined ? [] : [`${field}=${address}`])];
  };
  return [
    ...four.map((pair) => on('arp', ...named('arp_spa', pair))),
    ...six.flatMap((pair) => [
      ...findingIcmp6.map((type) => on('icmp6', `icmp_type=${type}`, ...source(6, pair))),
      on('icmp6', `icmp_type=${neighbourAdvertisement}`, 'icmp_code=0', ...named('nd_target', pair)),
      ...earlyIcmp6.map((type) => on('icmp6', `icmp_type=${type}`, fromMac(pair), 'ipv6_src=::', 'ipv6_dst=ff02::/16')),
    ]),
  ];
}

/** A port may ask a DHCP server, and never answer as one, nor advertise itself as a router. */
function serviceFlows(sender: string, four: readonly SourcePair[], six: readonly SourcePair[]): Flow[] {
  const ask = (...match: string[]): Flow => {
    return { table, priority: 80, match: [sender, ...match], actions: [resubmit(tables.acceptOrIngress)] };
  };
  const never = (...match: string[]): Flow => {
    return { table, priority: 70, match: [sender, ...match], actions: [resubmit(tables.dropped)] };
  };
  return [
    ...four.flatMap((pair) => [
      ask('udp', fromMac(pair), 'nw_src=0.0.0.0', 'nw_dst=255.255.255.255', 'tp_src=68', 'tp_dst=67'),
      ask('udp', ...source(4, pair), 'tp_src=68', 'tp_dst=67'),
    ]),
    ...six.map((pair) => ask('udp6', ...source(6, pair), 'tp_src=546', 'tp_dst=547')),
    never('udp', 'tp_src=67', 'tp_dst=68'),
    never('udp6', 'tp_src=547', 'tp_dst=546'),
    never('icmp6', `icmp_type=${routerAdvertisement}`),
    // In names other than its own.
    never('icmp6', `icmp_type=${neighbourAdvertisement}`),
  ];
}

/** The flows of table 71 of a port; `first` are the actions that look its peers up in sets. */
export function baseEgressFlows(port: HostPort, device: string, first: readonly string[], stateless: boolean): Flow[] {
  const sender = `in_port=${device}`;
  const [four, six] = [sourcePairs(port, 4), sourcePairs(port, 6)];
  const rules = [...first, stateless ? resubmit(tables.rulesEgress) : track(tables.rulesEgress)];
  const ruled =
    (family: 4 | 6) =>
    (pair: SourcePair): Flow => {
      const match = [sender, family === 4 ? 'ip' : 'ipv6', 'ct_state=-trk', ...source(family, pair)];
      return { table, priority: 65, match, actions: rules };
    };
  return [
    ...findingFlows(sender, four, six),
    ...serviceFlows(sender, four, six),
    ...four.map(ruled(4)),
    ...six.map(ruled(6)),
    { table, priority: 10, match: [sender], actions: [resubmit(tables.dropped)] },
  ];
}
