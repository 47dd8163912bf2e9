import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aConnection, aPacket, aWorld, flowsOfWorld, router, type World } from '../../../test/support/ovs-worlds.ts';
import { cidrContains, parseCidr, parseIp } from '../../lib/ip.ts';
import type { HostPort } from '../../model/host-objects.ts';
import { protocolNumber } from '../../rules/security-group.ts';
import { flowTexts, matchOf } from '../flow-text.ts';
import { type Connection, FlowModel, type Packet } from './flow-model.ts';
import { portMasks } from './ovs-firewall-rules.ts';
import { deviceOf, flowsOf, group, macOf, port, rule, uplink } from './ovs-firewall-testing.ts';
import type { GroupRule } from './security.ts';
import { sourcePairs } from './source-pairs.ts';

const isIn = (address: string, prefix: string): boolean => {
  const [cidr, ip] = [parseCidr(prefix), parseIp(address)];
  return !!cidr && !!ip && cidr.version === ip.version && cidrContains(cidr, ip);
};

// The rules, read as the Networking API tells them.
const familyOf = (packet: Packet) => (packet.type === 'ip' ? 4 : 6);
const addressOf = (packet: Packet, end: 'src' | 'dst') =>
  String(packet[packet.type === 'ip' ? `nw_${end}` : `ipv6_${end}`]);

function allows({ sets }: World, one: GroupRule, packet: Packet): boolean {
  const family = familyOf(packet);
  if (one.ethertype !== (family === 4 ? 'IPv4' : 'IPv6')) return false;
  const remote = addressOf(packet, one.direction === 'ingress' ? 'src' : 'dst');
  if (one.remote_ip_prefix && !isIn(remote, one.remote_ip_prefix)) return false;
  const setId = one.remote_group_id ?? one.remote_address_group_id;
  const set = sets.find(({ id }) => id === setId);
  if (setId && ![...(set?.ipv4 ?? []), ...(set?.ipv6 ?? [])].some((prefix) => isIn(remote, prefix))) return false;
  if (one.protocol === null) return true;
  const number = family === 6 && one.protocol === 'icmp' ? 58 : protocolNumber(one.protocol);
  if (packet.nw_proto !== number) return false;
  const { port_range_min: first, port_range_max: last } = one;
  if (first === null) return true;
  if (number === 1 || number === 58) return packet.icmp_type === first && (last === null || packet.icmp_code === last);
  return Number(packet.tp_dst) >= first && Number(packet.tp_dst) <= (last ?? first);
}

function rulesAllow(world: World, on: HostPort, direction: GroupRule['direction'], packet: Packet, c: Connection) {
  const mine = world.groups.filter(({ id }) => on.security_groups.includes(id));
  const stateless = mine.length > 0 && mine.every(({ stateful }) => !stateful);
  if (!stateless && c.is === 'reply') return c.mark === 0;
  return mine.some(({ rules }) => rules.some((one) => one.direction === direction && allows(world, one, packet)));
}

const ports = (packet: Packet) => (packet.nw_proto === 17 ? `${packet.tp_src} ${packet.tp_dst}` : '');
const asks = { 4: '68 67', 6: '546 547' } as const;
const answers = { 4: '67 68', 6: '547 546' } as const;
/** Neighbour discovery and what belongs to it. */
const isFinding = (packet: Packet, types: readonly number[]) =>
  packet.type === 'ipv6' && packet.nw_proto === 58 && types.includes(Number(packet.icmp_type));

function maySend(world: World, on: HostPort, packet: Packet, c: Connection): boolean {
  if (!on.port_security_enabled) return true;
  const family = packet.type === 'arp' ? 4 : familyOf(packet);
  const pairs = sourcePairs(on, family).filter(({ mac }) => mac === packet.dl_src);
  const named = (address: unknown) => pairs.some(({ prefix }) => prefix === null || isIn(String(address), prefix));
  if (packet.type === 'arp') return named(packet.arp_spa);
  if (isFinding(packet, [136])) return packet.icmp_code === 0 && named(packet.nd_target);
  const source = addressOf(packet, 'src');
  if (ports(packet) === asks[family]) {
    const discovers = family === 4 && source === '0.0.0.0' && addressOf(packet, 'dst') === '255.255.255.255';
    return named(source) || (discovers && pairs.length > 0);
  }
  if (ports(packet) === answers[family] || isFinding(packet, [134])) return false;
  if (!named(source)) return false;
  return isFinding(packet, [131, 132, 133, 135, 143]) || rulesAllow(world, on, 'egress', packet, c);
}

function mayReceive(world: World, on: HostPort, packet: Packet, c: Connection): boolean {
  if (!on.port_security_enabled || packet.type === 'arp') return true;
  if (isFinding(packet, [130, 134, 135, 136])) return true;
  const source = addressOf(packet, 'src');
  if (ports(packet) === answers[familyOf(packet)]) {
    if (familyOf(packet) === 4 || isIn(source, 'fe80::/64')) return true;
  }
  return rulesAllow(world, on, 'ingress', packet, c);
}

/** Where a packet to one receiver may come out. */
function expected(world: World, packet: Packet, c: Connection): string[] {
  const sender = world.ports.find(({ id }) => `tap${id.slice(0, 11)}` === packet.in_port);
  if (sender && !maySend(world, sender, packet, c)) return [];
  const receiver = world.ports.find(({ mac_address }) => mac_address === packet.dl_dst);
  if (receiver === sender && receiver) return [];
  // What finds the way to a neighbour is not filtered on its way in.
  const direct =
    sender?.port_security_enabled && (packet.type === 'arp' || isFinding(packet, [131, 132, 133, 135, 136, 143]));
  if (receiver) {
    const device = `tap${receiver.id.slice(0, 11)}`;
    return direct || mayReceive(world, receiver, packet, c) ? [device] : [];
  }
  if (packet.dl_dst === router.mac) return packet.in_port === router.device ? [] : [router.device];
  return packet.in_port === uplink ? ['NORMAL'] : [uplink];
}

test('flows let through what the rules let through, and nothing else', () => {
  const seen = { passed: 0, dropped: 0 };
  fc.assert(
    fc.property(
      aWorld,
      fc.array(fc.tuple(aPacket, aConnection), { minLength: 20, maxLength: 20 }),
      (world, packets) => {
        const model = new FlowModel(flowsOfWorld(world));
        for (const [packet, connection] of packets) {
          const { outputs } = model.carry(packet, connection);
          const wanted = expected(world, packet, connection);
          assert.deepEqual(outputs, wanted, JSON.stringify({ packet, connection }));
          seen[wanted.length > 0 ? 'passed' : 'dropped']++;
        }
      },
    ),
    { numRuns: Number(process.env.FIREWALL_RUNS ?? 150) },
  );
  assert.ok(seen.passed > 300 && seen.dropped > 300, JSON.stringify(seen));
});

test('a port that may send everything serves no DHCP, advertises no router, and speaks for no other', () => {
  const open = (['IPv4', 'IPv6'] as const).map((ethertype) => rule({ direction: 'egress', ethertype }));
  const world = { ports: [port(1)], groups: [group(90, open)], sets: [] };
  const model = new FlowModel(flowsOfWorld(world));
  const from = { in_port: deviceOf(1), dl_src: macOf(1), dl_dst: macOf(55) };
  const four = { ...from, type: 'ip', nw_src: '10.0.0.1', nw_dst: '10.0.0.9' };
  const six = { ...from, type: 'ipv6', ipv6_src: 'fd00::1', ipv6_dst: 'fd00::9' };
  const goes = (packet: Packet) => model.carry(packet, { is: 'new', mark: 0 }).outputs.length > 0;
  const udp = { nw_proto: 17 };
  assert.ok(goes({ ...four, ...udp, tp_src: 67, tp_dst: 69 }) && goes({ ...six, ...udp, tp_src: 547, tp_dst: 548 }));
  assert.ok(!goes({ ...four, ...udp, tp_src: 67, tp_dst: 68 }), 'a DHCP server');
  assert.ok(!goes({ ...six, ...udp, tp_src: 547, tp_dst: 546 }), 'a DHCPv6 server');
  const icmp6 = (type: number, more: Packet = {}) => ({ ...six, nw_proto: 58, icmp_type: type, icmp_code: 0, ...more });
  assert.ok(
    goes(icmp6(128)) && goes(icmp6(136, { nd_target: 'fd00::1' })) && goes(icmp6(135, { nd_target: 'fd00::9' })),
  );
  assert.ok(!goes(icmp6(134)), 'a router');
  assert.ok(!goes(icmp6(136, { nd_target: 'fd00::9' })), 'a neighbour');
  assert.ok(!goes({ ...four, ...udp, nw_src: '10.0.0.9', tp_src: 1, tp_dst: 2 }), 'an address');
  assert.ok(!goes({ ...four, ...udp, dl_src: macOf(2), tp_src: 1, tp_dst: 2 }), 'a MAC address');
  assert.ok(
    !goes({ ...from, type: 'arp', arp_spa: '10.0.0.9' }) && goes({ ...from, type: 'arp', arp_spa: '10.0.0.1' }),
  );
  assert.ok(!goes({ ...from, type: 'other' }), 'another protocol than IP and ARP');
});

test('two ports and two sets have no flow of one match', () => {
  fc.assert(
    fc.property(aWorld, (world) => {
      const objects = [...world.groups, ...world.sets];
      const texts = world.ports.map((one) => flowTexts(flowsOf(one, objects)));
      for (const own of texts) assert.equal(new Set(own.map(matchOf)).size, own.length, 'within one port');
      const all = texts.flat().map(matchOf);
      assert.equal(new Set(all).size, all.length);
    }),
    { numRuns: 50 },
  );
});

test('a range of ports becomes as few masks as can be, and covers just itself', () => {
  assert.deepEqual(portMasks(0, 65535), [{ value: 0, mask: 0 }]);
  assert.deepEqual(portMasks(22, 22), [{ value: 22, mask: 65535 }]);
  fc.assert(
    fc.property(fc.nat(65535), fc.nat(65535), (one, other) => {
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      const masks = portMasks(first, last);
      assert.ok(masks.length <= 30);
      const covered = masks.reduce((sum, { mask }) => sum + 65536 - mask, 0);
      assert.equal(covered, last - first + 1, 'none twice');
      const around = [first - 1, first, last, last + 1].filter((value) => value >= 0 && value <= 65535);
      for (const value of around) {
        const hit = masks.some((one_) => (value & one_.mask) === one_.value);
        assert.equal(hit, value >= first && value <= last, String(value));
      }
    }),
  );
});
