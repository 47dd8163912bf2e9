/** For tests of the firewall: small worlds, packets through them, and the switch that they are carried by. */
import fc from 'fast-check';
import type { HostAddressSet, HostPort, HostSecurityGroup } from '../../src/model/host-objects.ts';
import { flowTexts } from '../../src/plan/flow-text.ts';
import type { Connection, Packet } from '../../src/plan/render/flow-model.ts';
import { renderSwitchedSet } from '../../src/plan/render/ovs-address-set.ts';
import { firewallBaseFlows, plainPortFlows, uplinkFlow } from '../../src/plan/render/ovs-firewall.ts';
import {
  addressSet,
  deviceOf,
  env,
  flowsOf,
  group,
  macOf,
  port,
  rule,
  tag,
  uplink,
  uuid,
} from '../../src/plan/render/ovs-firewall-testing.ts';
import type { GroupRule } from '../../src/plan/render/security.ts';

/** Ports of one network on one host, with what filters them. */
export interface World {
  readonly ports: readonly HostPort[];
  readonly groups: readonly HostSecurityGroup[];
  readonly sets: readonly HostAddressSet[];
}

/** A router on the network. */
export const router = { device: 'tapr', mac: macOf(9), tag };

/** All flows that are needed to filter the ports. */
export function flowsOfWorld(world: World): string[] {
  const objects = [...world.groups, ...world.sets];
  const flows = [
    ...firewallBaseFlows(env),
    { table: 60, priority: 3, actions: ['NORMAL'] },
    uplinkFlow(tag, uplink),
    ...plainPortFlows(router),
    ...world.ports.flatMap((one) => flowsOf(one, objects)),
  ];
  const sets = world.sets.flatMap((set) => (env.ovs ? renderSwitchedSet(set, env.ovs).facts : []));
  return [...flowTexts(flows), ...sets.flatMap((fact) => (fact.fact === 'flows' ? fact.flows : []))];
}

const prefixes = { 4: ['10.0.0.0/24', '0.0.0.0/0', '10.0.0.2/32'], 6: ['fd00::/64', '::/0', 'fd00::1/128'] } as const;
const aPort = fc.constantFrom(22, 67, 68, 80, 443, 546, 547, 1500);
const aRule = fc
  .record({
    direction: fc.constantFrom('ingress' as const, 'egress' as const),
    family: fc.constantFrom(4 as const, 6 as const),
    what: fc.oneof(
      fc.constantFrom<Partial<GroupRule>>({}, { protocol: 'icmp' }, { protocol: '112' }, { protocol: 'udplite' }),
      fc.constant<Partial<GroupRule>>({ protocol: 'icmp', port_range_min: 8 }),
      fc
        .tuple(fc.constantFrom('tcp', 'udp', 'sctp', '6'), aPort, fc.nat(1500))
        .map(([protocol, first, more]) => ({ protocol, port_range_min: first, port_range_max: first + more })),
    ),
    remote: fc.constantFrom('none', 'prefix', 'group', 'addresses'),
    which: fc.nat(2),
  })
  .map(({ direction, family, what, remote, which }) =>
    rule({
      direction,
      ethertype: family === 4 ? 'IPv4' : 'IPv6',
      ...what,
      ...(remote === 'prefix' ? { remote_ip_prefix: prefixes[family][which] ?? null } : {}),
      ...(remote === 'group' ? { remote_group_id: uuid(91) } : {}),
      ...(remote === 'addresses' ? { remote_address_group_id: uuid(92) } : {}),
    }),
  );
const aGroup = (n: number) =>
  fc.record({ rules: fc.array(aRule, { maxLength: 5 }), stateful: fc.boolean() }).map(({ rules, stateful }) => {
    return group(n, rules, stateful);
  });
const pairs = [
  { ip_address: '10.1.0.0/16' },
  { ip_address: '0.0.0.0/0', mac_address: macOf(77) },
  { ip_address: 'fd00:2::/64' },
];
const somePort = (n: number) =>
  fc
    .record({
      secure: fc.integer({ min: 0, max: 5 }).map((value) => value > 0),
      security_groups: fc.subarray([uuid(90), uuid(93)]),
      allowed_address_pairs: fc.subarray(pairs),
      bare: fc.integer({ min: 0, max: 5 }).map((value) => value === 0),
    })
    .map(({ secure, bare, ...more }) =>
      port(n, { ...more, port_security_enabled: secure, ...(bare ? { fixed_ips: [] } : {}) }),
    );
const members = ['10.0.0.1', '10.0.0.2', '10.1.0.0/16', 'fd00::2', 'fd00:2::/64', '128.0.0.0/1'];
/** Any world. */
export const aWorld: fc.Arbitrary<World> = fc.record({
  ports: fc.tuple(somePort(1), somePort(2)),
  groups: fc.tuple(aGroup(90), aGroup(93)),
  sets: fc
    .tuple(fc.subarray(members), fc.subarray(members))
    .map(([some, others]) => [addressSet(91, ...some), addressSet(92, ...others)]),
});

const addresses = {
  4: ['10.0.0.1', '10.0.0.2', '10.0.0.9', '10.1.0.7', '0.0.0.0', '255.255.255.255', '198.51.100.1'],
  6: ['fd00::1', 'fd00::2', 'fd00:2::7', 'fe80::f816:3eff:fe00:1', 'fe80::f816:3eff:fe00:2', '2001:db8::1'],
} as const;
/** Any packet from a port, the router or the uplink. */
export const aPacket: fc.Arbitrary<Packet> = fc
  .record({
    from: fc.constantFrom(1, 2, 3, 4),
    to: fc.constantFrom(macOf(1), macOf(2), macOf(9), macOf(55)),
    as: fc.constantFrom(macOf(1), macOf(2), macOf(77)),
    honest: fc.integer({ min: 0, max: 3 }),
    family: fc.constantFrom(4 as const, 6 as const),
    protocol: fc.constantFrom(6, 17, 17, 58, 1, 112, 132, 136, 0),
    ports: fc.oneof(
      fc.tuple(aPort, aPort),
      fc.constantFrom<[number, number]>([68, 67], [67, 68], [546, 547], [547, 546]),
    ),
    icmp: fc.constantFrom(0, 8, 128, 131, 133, 134, 135, 136),
    src: fc.nat(6),
    dst: fc.nat(6),
  })
  .map(({ from, to, as, honest, family, protocol, ports: [tp_src, tp_dst], icmp, src, dst }): Packet => {
    const in_port = from === 3 ? router.device : from === 4 ? uplink : deviceOf(from);
    const own = from === 3 ? router.mac : from === 4 ? macOf(60) : macOf(from);
    const dl_src = honest > 0 ? own : as;
    const common = { in_port, dl_dst: to, dl_src, ...(from === 4 ? { dl_vlan: tag } : {}) };
    const pick = (list: readonly string[], n: number) => list[n % list.length] ?? '';
    const source = honest > 1 && from < 3 ? pick(addresses[family], from - 1) : pick(addresses[family], src);
    if (protocol === 0) return { ...common, type: 'arp', arp_spa: pick(addresses[4], honest > 1 ? from - 1 : src) };
    const nw_proto = protocol === 58 && family === 4 ? 1 : protocol === 1 && family === 6 ? 58 : protocol;
    const to6 = pick(addresses[family], dst);
    const way = family === 4 ? { nw_src: source, nw_dst: to6 } : { ipv6_src: source, ipv6_dst: to6 };
    const more =
      nw_proto === 1 || nw_proto === 58
        ? {
            icmp_type: icmp,
            icmp_code: 0,
            ...(nw_proto === 58 && (icmp === 135 || icmp === 136) ? { nd_target: pick(addresses[6], src) } : {}),
          }
        : nw_proto === 112 || nw_proto === 136
          ? {}
          : { tp_src, tp_dst };
    return { ...common, type: family === 4 ? 'ip' : 'ipv6', nw_proto, ...way, ...more };
  });
/** Any connection. */
export const aConnection: fc.Arbitrary<Connection> = fc
  .record({
    is: fc.constantFrom('new' as const, 'established' as const, 'reply' as const),
    mark: fc.constantFrom(0 as const, 1 as const),
  })
  .map(({ is, mark }) => ({ is, mark: is === 'new' ? 0 : mark }));
