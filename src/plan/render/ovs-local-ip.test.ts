import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aPacket, aWorld, flowsOfWorld, router, type World } from '../../../test/support/ovs-worlds.ts';
import type { HostPort } from '../../model/host-objects.ts';
import { flowTexts, matchOf } from '../flow-text.ts';
import { type Connection, FlowModel, type Packet } from './flow-model.ts';
import { render } from './index.ts';
import {
  deviceOf,
  env as firewallEnv,
  group,
  lookInto,
  macOf,
  port,
  rule,
  tag,
  uplink,
  uuid,
} from './ovs-firewall-testing.ts';
import { localIpBaseFlows, localIpFlows } from './ovs-local-ip.ts';

const local = '10.0.0.100';
const led = (one: HostPort, ip = local): HostPort => ({
  ...one,
  local_ips: [{ ip, fixed_ip: one.fixed_ips[0]?.ip ?? '' }],
});

/** A world in which a local IP leads to ports; those without addresses are led to by none. */
const flowsWith = (world: World, ...ports: readonly HostPort[]): string[] => [
  ...flowsOfWorld(world),
  ...flowTexts([...localIpBaseFlows(), ...ports.flatMap((one) => localIpFlows(one, tag))]),
];

const first = (outcome: ReturnType<FlowModel['carry']>) => outcome.outputs;
const toPort = (packet: Packet): Packet => ({ ...packet, dl_dst: macOf(1), nw_dst: '10.0.0.1' });
const ofFour = aPacket.filter((packet) => packet.type === 'ip' && packet.in_port !== uplink);
const others = ofFour.filter((packet) => packet.in_port !== deviceOf(1) && packet.nw_src !== '10.0.0.1');
const someWorld = aWorld.map((world) => {
  const [one, two] = world.ports;
  return { ...world, ports: [{ ...one, fixed_ips: port(1).fixed_ips } as HostPort, two as HostPort] };
});
const states = fc.constantFrom<Connection['is']>('new', 'established', 'reply');

test('what is sent to a local IP comes out where it would that is sent to the port itself, as if it were', () => {
  let passed = 0;
  fc.assert(
    fc.property(someWorld, fc.array(fc.tuple(others, states), { minLength: 20, maxLength: 20 }), (world, packets) => {
      const [one] = world.ports;
      const model = new FlowModel(flowsWith(world, led(one as HostPort)));
      const plain = new FlowModel(flowsOfWorld(world));
      for (const [packet, is] of packets) {
        const connection = { is, mark: 0 } as const;
        const wanted = plain.carry(toPort(packet), connection);
        // Whatever MAC address it is sent to: the client may know another one, or take a router's.
        const got = model.carry({ ...packet, nw_dst: local }, connection);
        assert.deepEqual(first(got), first(wanted), JSON.stringify(packet));
        if (got.outputs.length === 0) continue;
        passed++;
        assert.deepEqual(
          [got.packet.dl_dst, got.packet.nw_dst, got.packet.nw_src],
          [macOf(1), '10.0.0.1', packet.nw_src],
        );
        assert.deepEqual(got.committed, wanted.committed);
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(passed > 100, `${passed} passed`);
});

test('an answer comes out where it did, from the local IP where that was asked', () => {
  let passed = 0;
  fc.assert(
    fc.property(
      someWorld,
      fc.array(fc.tuple(ofFour, fc.boolean()), { minLength: 20, maxLength: 20 }),
      (world, packets) => {
        const [one] = world.ports;
        const model = new FlowModel(flowsWith(world, led(one as HostPort)));
        const plain = new FlowModel(flowsOfWorld(world));
        for (const [some, isAsked] of packets) {
          const from = { in_port: deviceOf(1), dl_src: macOf(1), nw_src: '10.0.0.1' };
          const packet = { ...some, ...from };
          const connection = { is: 'reply', mark: 0 } as const;
          const got = model.carry(packet, isAsked ? { ...connection, asked: local } : connection);
          assert.deepEqual(first(got), first(plain.carry(packet, connection)), JSON.stringify(packet));
          if (got.outputs.length === 0) continue;
          passed++;
          assert.equal(got.packet.nw_src, isAsked ? local : '10.0.0.1');
        }
      },
    ),
    { numRuns: 100 },
  );
  assert.ok(passed > 100, `${passed} passed`);
});

test('nobody else is touched: packets that are neither for the address nor answers of its port', () => {
  fc.assert(
    fc.property(someWorld, fc.array(fc.tuple(aPacket, states), { minLength: 20, maxLength: 20 }), (world, packets) => {
      const [one] = world.ports;
      const model = new FlowModel(flowsWith(world, led(one as HostPort)));
      const plain = new FlowModel(flowsOfWorld(world));
      for (const [packet, is] of packets) {
        const connection = { is, mark: 0 } as const;
        assert.deepEqual(model.carry(packet, connection), plain.carry(packet, connection), JSON.stringify(packet));
      }
    }),
    { numRuns: 100 },
  );
});

const open = (['ingress', 'egress'] as const).map((direction) => rule({ direction }));
const world: World = { ports: [port(1), port(2)], groups: [group(90, open)], sets: [] };
const model = new FlowModel(flowsWith(world, led(port(1))));
const connection = { is: 'new', mark: 0 } as const;
const all = 'ff:ff:ff:ff:ff:ff';
const arp = (from: number, arp_spa: string, arp_tpa: string, more: Packet = {}): Packet => {
  const sender = { in_port: deviceOf(from), dl_src: macOf(from) };
  return { type: 'arp', arp_op: 1, ...sender, dl_dst: all, arp_spa, arp_tpa, ...more };
};
const comesTo = (packet: Packet) => model.carry(packet, connection).outputs;

test('whoever asks for the address on this host is answered here, but for the port that it leads to', () => {
  assert.deepEqual(comesTo(arp(2, '10.0.0.2', local)), ['IN_PORT']);
  assert.deepEqual(comesTo(arp(3, '10.0.0.3', local, { in_port: router.device, dl_src: router.mac })), ['IN_PORT']);
  assert.deepEqual(comesTo(arp(1, '10.0.0.1', local)), ['NORMAL']);
  assert.deepEqual(comesTo(arp(2, '10.0.0.2', '10.0.0.50')), ['NORMAL']);
  assert.deepEqual(comesTo(arp(2, '10.0.0.9', local)), [], 'in the name of another');
  assert.deepEqual(comesTo(arp(2, '10.0.0.2', local, { arp_op: 2 })), ['NORMAL'], 'an answer is none');
});

test('its owner elsewhere tells nobody here but the port that it leads to', () => {
  const outside = { in_port: uplink, dl_vlan: tag, dl_src: macOf(60) };
  assert.deepEqual(comesTo(arp(0, local, '10.0.0.2', { ...outside, dl_dst: macOf(2), arp_op: 2 })), []);
  assert.deepEqual(comesTo(arp(0, local, local, outside)), [], 'an announcement');
  assert.deepEqual(comesTo(arp(0, local, '10.0.0.1', { ...outside, dl_dst: macOf(1), arp_op: 2 })), [deviceOf(1)]);
  assert.deepEqual(comesTo(arp(0, '10.0.0.50', '10.0.0.2', { ...outside, dl_dst: macOf(2) })), [deviceOf(2)]);
});

test('the port that it leads to reaches its owner, filtered or not', () => {
  for (const port_security_enabled of [true, false]) {
    const own = port(1, { port_security_enabled });
    const from = { type: 'ip', nw_proto: 17, tp_src: 1, tp_dst: 2, in_port: deviceOf(1), dl_src: macOf(1) };
    const there = new FlowModel(flowsWith({ ...world, ports: [own, port(2)] }, led(own)));
    const got = there.carry({ ...from, dl_dst: macOf(55), nw_src: '10.0.0.1', nw_dst: local }, connection);
    assert.deepEqual([got.outputs, got.packet.nw_dst], [[uplink], local]);
  }
});

test('one address that leads to two ports, and two that lead to one, have no flow of one match', () => {
  const two = {
    ...port(2),
    local_ips: [...(led(port(2)).local_ips ?? []), { ip: '10.0.0.101', fixed_ip: '10.0.0.2' }],
  };
  const matches = [...flowTexts(localIpFlows(led(port(1)), tag)), ...flowTexts(localIpFlows(two, tag))].map(matchOf);
  assert.equal(new Set(matches).size, matches.length);
  const both = new FlowModel(flowsWith(world, led(port(1)), two));
  const sent = { type: 'ip', nw_proto: 1, in_port: router.device, dl_src: router.mac, dl_dst: all, nw_src: '10.0.0.9' };
  assert.equal(both.carry({ ...sent, nw_dst: '10.0.0.101' }, connection).packet.nw_dst, '10.0.0.2');
  assert.equal(both.carry({ ...sent, nw_dst: local }, connection).outputs.length, 1);
});

const network = {
  kind: 'network',
  id: uuid(500),
  network_type: 'local',
  physical_network: null,
  segmentation_id: null,
  mtu: 1400,
  admin_state_up: true,
  remote_ports: [],
} as const;

test('a host with Linux bridges makes nothing of it', () => {
  const objects = [group(90, open), network];
  const env = { ...firewallEnv, driver: 'linuxbridge', links: new Set([deviceOf(1)]) } as const;
  const facts = (one: HostPort) => render(`port/${one.id}`, lookInto([...objects, one]), env);
  assert.deepEqual(facts(led(port(1))), facts(port(1)));
  assert.notEqual(facts(port(1)).facts.length, 0);
});

test('a port of its own id has a zone of its own', () => {
  const zones = [1, 2, 3].map((n) => /zone=(\d+)/.exec(flowTexts(localIpFlows(led(port(n)), tag)).join())?.[1]);
  assert.equal(new Set(zones).size, 3);
  assert.ok(
    zones.every((zone) => Number(zone) >= 8192 && Number(zone) < 65536),
    String(zones),
  );
  assert.equal(localIpFlows(port(1, { id: uuid(7) }), tag).length, 0);
});
