/**
 * What a port on the integration bridge may send and receive, as flows: tables 71 to 73, 91, 93 and 94 (sent), 81, 82 and 92
 * (received), after Neutron's openvswitch firewall driver. Frames come in by table 60. Spoofing is looked for in table 71, as
 * there; tables 24 and 25 are those of Neutron's agent without this firewall.
 *
 * Where it differs: a rule is one flow, since what is to be done with an allowed packet is decided once for all rules (73 and 92);
 * remote groups are looked up in tables 83 and 84 (`ovs-address-set.ts`); frames to one receiver are not flooded.
 */
import type { HostNetwork, HostPort } from '../../model/host-objects.ts';
import { type Flow, pushVlan, resubmit } from '../flow-text.ts';
import type { HostEnvironment, Lookup } from './language.ts';
import { baseEgressFlows } from './ovs-firewall-egress.ts';
import { ruleFlows, setsOf } from './ovs-firewall-rules.ts';
import {
  commit,
  isFor,
  lookUp,
  mark,
  mostSets,
  ofNetwork,
  setNetwork,
  setReceiver,
  tables,
  track,
} from './ovs-tables.ts';
import { type PortRules, rulesOf } from './port-rules.ts';

/** A port of an instance as the integration bridge has it. */
export interface SwitchedPort {
  readonly port: HostPort;
  readonly network: HostNetwork;
  /** The interface on the integration bridge. */
  readonly device: string;
  /** The local VLAN of its network. */
  readonly tag: number;
}

/** Flows, and what they still wait for. */
export interface Filtering {
  readonly flows: readonly Flow[];
  readonly waiting: string | null;
}

const families = ['ip', 'ipv6'] as const;

/** The rules of a direction as far as they are the same for all ports; `accept` is where what is allowed goes on. */
function trackedFlows(table: number, accept: number): Flow[] {
  const drop = [resubmit(tables.dropped)];
  const go = [resubmit(accept)];
  return [
    { table, priority: 90, match: ['ct_state=+inv+trk'], actions: drop },
    // Answers, and errors about what is allowed. Connections that a rule allowed once and none does any more are marked.
    { table, priority: 80, match: ['ct_state=+est-rel+rpl+trk', 'ct_mark=0'], actions: go },
    { table, priority: 80, match: ['ct_state=+rel-inv+trk', 'ct_mark=0'], actions: go },
    ...families.map((family) => ({
      table,
      priority: 40,
      match: [family, 'ct_state=+est-rpl+trk', 'ct_mark=0'],
      actions: [mark(1)],
    })),
    { table, priority: 0, actions: drop },
  ];
}

/** What is done with the connection of a packet that is allowed, and then with the packet. */
function acceptedFlows(table: number, match: readonly string[], then: string): Flow[] {
  return [
    ...families.flatMap((family): Flow[] => [
      { table, priority: 90, match: [...match, family, 'ct_state=+new+trk'], actions: [commit, then] },
      { table, priority: 90, match: [...match, family, 'ct_state=-new+trk', 'ct_mark=0x1'], actions: [mark(0), then] },
    ]),
    { table, priority: 80, match, actions: [then] },
  ];
}

/** The flows that all ports share: what happens to frames that no port's flow takes. Table 60 is not among them. */
export function firewallBaseFlows(_env: HostEnvironment): Flow[] {
  const drop = [resubmit(tables.dropped)];
  return [
    { table: tables.baseEgress, priority: 0, actions: drop },
    ...trackedFlows(tables.rulesEgress, tables.acceptOrIngress),
    ...acceptedFlows(tables.acceptOrIngress, [], resubmit(tables.acceptedEgress)),
    { table: tables.baseIngress, priority: 0, actions: drop },
    ...trackedFlows(tables.rulesIngress, tables.acceptedIngress),
    { table: tables.acceptedEgress, priority: 1, actions: [resubmit(tables.acceptedEgressNormal)] },
    { table: tables.acceptedIngress, priority: 0 },
    { table: tables.dropped, priority: 0 },
    { table: tables.acceptedEgressNormal, priority: 1, actions: ['NORMAL'] },
  ];
}

/** What the policy of a port asks for of its flows. */
export interface Quality {
  /** The DSCP mark of what it sends. */
  readonly mark?: number | null;
  /** What it sends is metered: there is a meter for it. */
  readonly metered?: boolean;
}

/** A port that is not filtered, and what it has on the integration bridge. */
export interface PlainPort extends Quality {
  readonly device: string;
  readonly mac: string;
  readonly tag: number;
}

/** The flow of a port that is down: what it sends is dropped. (Its VLAN, the dead one, it has in common with all that are.) */
export function deadPortFlow(device: string): Flow {
  return { table: tables.transient, priority: 100, match: [`in_port=${device}`] };
}

/** Where frames from a port come in and go on, its packets marked if they are to be. */
function departureFlows(device: string, tag: number, next: number, { mark = null, metered = false }: Quality): Flow[] {
  const table = tables.transient;
  const match = [`in_port=${device}`];
  // A meter comes first, whatever else is done.
  const meter = metered ? [`meter:${device}`] : [];
  const go = [setNetwork(tag), resubmit(next)];
  const marked = (family: string): Flow => {
    return {
      table,
      priority: 101,
      match: [...match, family],
      actions: [...meter, `set_field:${mark}->ip_dscp`, ...go],
    };
  };
  return [{ table, priority: 100, match, actions: [...meter, ...go] }, ...(mark === null ? [] : families.map(marked))];
}

/**
 * The flows of a port that may send and receive everything: of a router, of a DHCP service, or without port security. What
 * it sends to a filtered port of this host is filtered there, and what is for it alone goes to it alone.
 */
export function plainPortFlows({ device, mac, tag, ...quality }: PlainPort): Flow[] {
  return [
    ...departureFlows(device, tag, tables.acceptOrIngress, quality),
    {
      table: tables.transient,
      priority: 90,
      match: [`dl_vlan=${tag}`, `dl_dst=${mac.toLowerCase()}`],
      actions: ['pop_vlan', `output:${device}`],
    },
    directFlow({ device, mac, tag }),
  ];
}

/** Frames that a port of this host was allowed to send to one of this host go there and nowhere else. */
function directFlow({ device, mac, tag }: PlainPort, apart: readonly string[] = []): Flow {
  const match = [ofNetwork(tag), `dl_dst=${mac.toLowerCase()}`, ...apart];
  return { table: tables.acceptedEgressNormal, priority: 12, match, actions: [`output:${device}`] };
}

/**
 * The flow of a network whose frames leave the host through `uplink` (the patch port to the tunnels, or to the bridge of the physical
 * network): what was sent to one receiver that is not here goes there, and not to the other ports of the network.
 */
export function uplinkFlow(tag: number, uplink: string): Flow {
  return {
    table: tables.acceptedEgressNormal,
    priority: 10,
    match: [ofNetwork(tag), 'dl_dst=00:00:00:00:00:00/01:00:00:00:00:00'],
    actions: [pushVlan(tag), `output:${uplink}`],
  };
}

/** Frames for the port: from the network, and from other ports of this host. */
function arrivalFlows({ port, device, tag }: SwitchedPort): Flow[] {
  const own = port.mac_address.toLowerCase();
  const macs = new Set([own, ...port.allowed_address_pairs.map((pair) => pair.mac_address?.toLowerCase() ?? own)]);
  const receive = [setReceiver(port.id), resubmit(tables.baseIngress)];
  return [...macs].flatMap((mac): Flow[] => {
    // Several ports may share the MAC address of a pair. reg7 is 0 here: the mask only tells their flows apart.
    const apart = mac === own ? [] : [`reg7=0/0x${port.id.slice(0, 8).replace(/^0+/, '') || '1'}`];
    return [
      {
        table: tables.transient,
        priority: 90,
        match: [`dl_vlan=${tag}`, `dl_dst=${mac}`, ...apart],
        actions: ['pop_vlan', setNetwork(tag), ...receive],
      },
      {
        table: tables.acceptOrIngress,
        priority: 100,
        match: [ofNetwork(tag), `dl_dst=${mac}`, ...apart],
        actions: receive,
      },
      directFlow({ device, mac, tag }, apart),
    ];
  });
}

/** ICMPv6 that a port receives whatever its rules say: MLD query, router advertisement, neighbour discovery. */
const receivedIcmp6 = [130, 134, 135, 136];

function baseIngressFlows({ port }: SwitchedPort, sets: readonly string[], stateless: boolean): Flow[] {
  const table = tables.baseIngress;
  const mine = isFor(port.id);
  const accept = [resubmit(tables.acceptedIngress)];
  const first = lookUp(tables.sources, sets);
  const rules = [...first, resubmit(tables.rulesIngress)];
  return [
    { table, priority: 100, match: [mine, 'arp'], actions: accept },
    ...receivedIcmp6.map((type) => {
      return { table, priority: 100, match: [mine, 'icmp6', `icmp_type=${type}`], actions: accept };
    }),
    { table, priority: 95, match: [mine, 'udp', 'tp_src=67', 'tp_dst=68'], actions: accept },
    {
      table,
      priority: 95,
      match: [mine, 'udp6', 'ipv6_src=fe80::/64', 'tp_src=547', 'tp_dst=546'],
      actions: accept,
    },
    ...families.flatMap((family): Flow[] => {
      if (stateless) return [{ table, priority: 80, match: [mine, family], actions: rules }];
      const ask = [...first, track(tables.rulesIngress)];
      return [
        { table, priority: 90, match: [mine, family, 'ct_state=-trk'], actions: ask },
        // From a port of this host: it is tracked in the same zone already.
        { table, priority: 80, match: [mine, family, 'ct_state=+trk'], actions: rules },
      ];
    }),
  ];
}

/** The rules of the groups; of a stateless port they alone count, whatever conntrack knows of its peer's connections. */
function groupFlows({ port, device }: SwitchedPort, { rules, stateless }: PortRules, sets: Sets): Flow[] {
  const state = stateless ? [] : ['ct_state=-rpl+trk'];
  const priority = stateless ? 98 : 70;
  const [sender, receiver] = [`in_port=${device}`, isFor(port.id)];
  const egress = { table: tables.rulesEgress, priority, match: [sender, ...state], accept: tables.acceptOrIngress };
  const ingress = { table: tables.rulesIngress, priority, match: [receiver, ...state], accept: tables.acceptedIngress };
  const drop = [resubmit(tables.dropped)];
  return [
    ...ruleFlows(rules, 'egress', sets.egress, egress),
    ...ruleFlows(rules, 'ingress', sets.ingress, ingress),
    ...(stateless
      ? [
          { table: tables.rulesEgress, priority: 97, match: [sender], actions: drop },
          { table: tables.rulesIngress, priority: 97, match: [receiver], actions: drop },
        ]
      : []),
  ];
}

interface Sets {
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
  readonly waiting: string | null;
}

/** The sets that a port looks into. */
function setsToLookInto({ rules }: PortRules): Sets {
  const [ingress, egress] = [setsOf(rules, 'ingress'), setsOf(rules, 'egress')];
  const tooMany = ingress.length > mostSets || egress.length > mostSets;
  return {
    ingress: ingress.slice(0, mostSets),
    egress: egress.slice(0, mostSets),
    waiting: tooMany
      ? `the rules of its groups refer to more than ${mostSets} groups in one direction; those beyond allow nothing`
      : null,
  };
}

/** The flows of one port, in table 60 too. */
export function portFirewallFlows(at: SwitchedPort, look: Lookup, _env: HostEnvironment): Filtering {
  const { port, device, tag } = at;
  if (!port.admin_state_up || !at.network.admin_state_up) return { flows: [deadPortFlow(device)], waiting: null };
  const quality = { mark: port.qos?.dscp_mark ?? null, metered: Boolean(port.qos?.egress) };
  if (!port.port_security_enabled)
    return { flows: plainPortFlows({ device, mac: port.mac_address, tag, ...quality }), waiting: null };
  const held = rulesOf(port, look);
  const sets = setsToLookInto(held);
  const flows: Flow[] = [
    ...departureFlows(device, tag, tables.baseEgress, quality),
    ...arrivalFlows(at),
    ...baseEgressFlows(port, device, lookUp(tables.destinations, sets.egress), held.stateless),
    ...baseIngressFlows(at, sets.ingress, held.stateless),
    ...groupFlows(at, held, sets),
    ...acceptedFlows(tables.acceptedIngress, [isFor(port.id)], `output:${device}`),
  ];
  return { flows, waiting: held.waiting ?? sets.waiting };
}
