/**
 * Local IPs on the integration bridge (Neutron's agent extension `local_ip`): what a port of this host sends to the address goes to
 * the port of this host that the address leads to, as if it had been sent to that port's own address; answers have the local IP as
 * their source again.
 *
 * Conntrack translates, in a zone of the port that is led to. Towards the port it does so after spoofing has been looked for and
 * before the rules, on the way back after the rules: so rules, and their connections, see the port's own address both ways.
 * Neutron, which translates before its firewall in either direction, needs `static_nat` with it.
 */
import type { HostLocalIp, HostPort } from '../../model/host-objects.ts';
import { type Flow, resubmit } from '../flow-text.ts';
import { arpAnswer } from './arp-answer.ts';
import { digest } from './digest.ts';
import { hex, ofNetwork, tables } from './ovs-tables.ts';

/** reg5: the table in which a packet goes on that was looked at here; 0: it was not. */
const goesOn = (table: number) => `reg5=${hex(table)}`;
const goOn = (table: number) => `set_field:${hex(table)}->reg5`;
const fresh = goesOn(0);

/** Zones of networks are their local VLANs; those of ports are beyond. Two ports may share one: their connections differ. */
function zoneOf(portId: string): number {
  return 8192 + (Number.parseInt(digest(portId).slice(-8), 16) % (65536 - 8192));
}

/** The flows that all ports share: where packets go on when they have been translated, and are no longer tracked. */
export function localIpBaseFlows(): Flow[] {
  const { baseEgress, acceptOrIngress, acceptedIngress, acceptedEgressNormal } = tables;
  return [baseEgress, acceptOrIngress, acceptedIngress, acceptedEgressNormal].map((table) => ({
    table: tables.localIpTranslated,
    priority: 1,
    match: [goesOn(table)],
    actions: ['ct_clear', resubmit(table)],
  }));
}

/** A port as the flows of a local IP see it. */
interface Led {
  readonly tag: number;
  readonly mac: string;
  readonly zone: number;
  /** Tells the flows of ports apart that one address leads to. reg4 is 0: the mask does nothing else. */
  readonly apart: string;
}

/** Requests for the address are answered here; its owner on another host is heard by nobody but the port itself. */
function arpFlows({ ip, fixed_ip }: HostLocalIp, { tag, mac, apart }: Led): Flow[] {
  const asked = ['arp', 'arp_op=1', ofNetwork(tag), `arp_tpa=${ip}`];
  const answered = tables.acceptedEgressNormal;
  const told = ['arp', `dl_vlan=${tag}`, `arp_spa=${ip}`];
  const heard = tables.transient;
  return [
    { table: answered, priority: 13, match: [...asked, fresh, apart], actions: arpAnswer(ip, mac) },
    {
      table: answered,
      priority: 14,
      match: [...asked, fresh, `arp_spa=${fixed_ip}`],
      actions: [goOn(answered), resubmit(answered)],
    },
    { table: heard, priority: 110, match: [...told, fresh, apart] },
    {
      table: heard,
      priority: 111,
      match: [...told, fresh, `arp_tpa=${fixed_ip}`],
      actions: [goOn(heard), resubmit(heard)],
    },
  ];
}

/** What is sent to the address: by a filtered port (it comes to table 72), or by another (to table 73). */
function towardsFlows({ ip, fixed_ip }: HostLocalIp, { tag, mac, zone, apart }: Led): Flow[] {
  const to = ['ip', ofNetwork(tag), `nw_dst=${ip}`];
  const ways = [
    { table: tables.rulesEgress, next: tables.baseEgress },
    { table: tables.acceptOrIngress, next: tables.acceptOrIngress },
  ];
  return [
    ...ways.flatMap(({ table, next }): Flow[] => [
      // The port itself reaches whoever has the address.
      {
        table,
        priority: 201,
        match: [...to, fresh, `nw_src=${fixed_ip}`],
        actions: [goOn(table), resubmit(table)],
      },
      { table, priority: 200, match: [...to, fresh, apart], actions: [goOn(next), resubmit(tables.localIp)] },
    ]),
    {
      table: tables.localIp,
      priority: 10,
      match: [...to, apart],
      actions: [
        `set_field:${mac}->eth_dst`,
        `ct(commit,table=${tables.localIpTranslated},zone=${zone},nat(dst=${fixed_ip}))`,
      ],
    },
  ];
}

/** What the port sends to a filtered port of this host (it comes to table 92), or to another (to table 94). */
function backFlows(fixedIp: string, { tag, mac, zone }: Led): Flow[] {
  const from = ['ip', ofNetwork(tag), `dl_src=${mac}`, `nw_src=${fixedIp}`, fresh];
  // Of a stateless port nothing is tracked.
  const states = ['ct_state=+rpl+trk', 'ct_state=-trk'];
  const ways = [
    { table: tables.acceptedIngress, priority: 95 },
    { table: tables.acceptedEgressNormal, priority: 20 },
  ];
  return ways.flatMap(({ table, priority }) =>
    states.map((state) => ({
      table,
      priority,
      match: [...from, state],
      actions: [goOn(table), `ct(table=${tables.localIpTranslated},zone=${zone},nat)`],
    })),
  );
}

/** The flows of the local IPs that lead to a port of this host. */
export function localIpFlows(port: HostPort, tag: number): Flow[] {
  const led: Led = {
    tag,
    mac: port.mac_address.toLowerCase(),
    zone: zoneOf(port.id),
    apart: `reg4=0/0x${port.id.slice(1, 8).replace(/^0+/, '') || '1'}`,
  };
  const all = port.local_ips ?? [];
  const fixed = [...new Set(all.map((local) => local.fixed_ip))];
  return [
    ...all.flatMap((local) => [...arpFlows(local, led), ...towardsFlows(local, led)]),
    ...fixed.flatMap((ip) => backFlows(ip, led)),
  ];
}
