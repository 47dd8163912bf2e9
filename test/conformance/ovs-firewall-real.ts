/** The firewall's flows on a private Open vSwitch. Runs inside a private world, started by ovs-firewall.test.ts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { openHost } from '../../src/host/linux.ts';
import { run } from '../../src/host/run.ts';
import { ovsEnvironment, startDatabaseScript, startSwitchScript } from '../../src/lab/ovs.ts';
import type { Fact, FlowsFact } from '../../src/plan/facts.ts';
import { type Flow, flowTexts } from '../../src/plan/flow-text.ts';
import { type Connection, FlowModel, type Packet } from '../../src/plan/render/flow-model.ts';
import { renderSwitchedSet } from '../../src/plan/render/ovs-address-set.ts';
import { firewallBaseFlows, uplinkFlow } from '../../src/plan/render/ovs-firewall.ts';
import {
  addressSet,
  deviceOf,
  env,
  everyRule,
  flowsOf,
  group,
  port,
  tag,
  uplink,
  uuid,
} from '../../src/plan/render/ovs-firewall-testing.ts';
import { localIpBaseFlows, localIpFlows } from '../../src/plan/render/ovs-local-ip.ts';
import { switchLimits } from '../../src/plan/render/qos.ts';
import { aConnection, aPacket, aWorld, flowsOfWorld, router } from '../support/ovs-worlds.ts';
import { add, now, performAll } from './machine-suite.ts';

const folder = mkdtempSync('/tmp/neutrino-firewall-');
Object.assign(process.env, ovsEnvironment(folder));
await run(['sh', '-c', startDatabaseScript(folder)]);
await run(['sh', '-c', startSwitchScript(folder)]);
const host = await openHost({ ovs: { connection: '', integrationBridge: 'br-int' } });
after(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const fact = (owner: string, flows: readonly Flow[]): FlowsFact => {
  return { fact: 'flows', bridge: 'br-int', owner, flows: flowTexts(flows) };
};
const on = (name: string, type: '' | 'patch'): Fact => ({
  fact: 'ovs-port',
  bridge: 'br-int',
  name,
  type,
  options: type === 'patch' ? { peer: 'patch-int' } : {},
  ...(type === '' ? { tag } : {}),
  externalIds: {},
});
const link = (name: string, peer: string): Fact => ({
  fact: 'link',
  namespace: '',
  name,
  kind: { type: 'veth', peer: { namespace: '', name: peer } },
  up: true,
});

await performAll(
  host,
  [
    { fact: 'ovs-bridge', name: 'br-int', datapath: 'netdev', failMode: 'secure' } as const,
    link(deviceOf(1), 'eth1'),
    link(deviceOf(2), 'eth2'),
    on(uplink, 'patch'),
    on(deviceOf(1), ''),
    on(deviceOf(2), ''),
    link(router.device, 'ethr'),
    on(router.device, ''),
  ].map(add),
);

/** Loads flows, and expects to find them as they were written. */
async function load(owner: string, flows: readonly Flow[]): Promise<void> {
  await performAll(host, [add(fact(owner, flows))]);
  await isThere(fact(owner, flows));
}

async function isThere(written: Fact): Promise<void> {
  const read = await now(host, written);
  if (written.fact !== 'flows' || read?.fact !== 'flows') return assert.deepEqual(read, written);
  const [before, after] = [new Set(written.flows), new Set(read.flows)];
  const differences = [
    ...written.flows.filter((flow) => !after.has(flow)).map((flow) => `written: ${flow}`),
    ...read.flows.filter((flow) => !before.has(flow)).map((flow) => `read:    ${flow}`),
  ];
  assert.deepEqual(differences, []);
}

const sets = [addressSet(91, '10.0.0.1', '10.9.0.0/16', '0.0.0.0/1', 'fd00::9'), addressSet(92, 'fd00:1::/64')];

test('every flow is read as it was written: what all ports share, networks, sets', async () => {
  await load('base', [...firewallBaseFlows(env), ...localIpBaseFlows()]);
  await load('network', [uplinkFlow(tag, uplink)]);
  for (const set of sets) {
    const { facts } = env.ovs ? renderSwitchedSet(set, env.ovs) : { facts: [] };
    await performAll(host, facts.map(add));
    for (const one of facts) await isThere(one);
  }
});

const pairs = [
  { ip_address: '10.1.0.0/16' },
  { ip_address: '0.0.0.0/0', mac_address: '00:00:5e:00:01:01' },
  { ip_address: 'fd00:2::/64' },
];

for (const stateful of [true, false])
  test(`every flow is read as it was written: a ${stateful ? 'stateful' : 'stateless'} port`, async () => {
    const objects = [group(90, everyRule, stateful), ...sets];
    await load('port/1', flowsOf(port(1, { allowed_address_pairs: pairs }), objects));
    await load('port/2', flowsOf(port(2, { allowed_address_pairs: pairs, fixed_ips: [] }), objects));
    await isThere(fact('port/1', flowsOf(port(1, { allowed_address_pairs: pairs }), objects)));
  });

test('every flow is read as it was written: what a port sends is marked, or dropped', async () => {
  const marked = port(1, { qos: { ingress: null, egress: { max_kbps: 5000, max_burst_kbps: 0 }, dscp_mark: 26 } });
  const limits = switchLimits(marked, { device: deviceOf(1), bridge: 'br-int', queues: true }, 1500);
  await performAll(host, limits.map(add));
  for (const limit of limits) await isThere(limit);
  await load('port/1', flowsOf(marked, [group(90, everyRule), ...sets]));
  await load('port/1', flowsOf({ ...marked, admin_state_up: false }, []));
});

test('every flow is read as it was written: a port without port security', async () => {
  await load('port/2', flowsOf(port(2, { port_security_enabled: false, security_groups: [uuid(90)] }), []));
});

test('every flow is read as it was written: local IPs that lead to a port', async () => {
  const local_ips = ['10.0.0.100', '198.51.100.7'].map((ip) => ({ ip, fixed_ip: '10.0.0.1' }));
  await load('port/1', [
    ...flowsOf(port(1), [group(90, everyRule), ...sets]),
    ...localIpFlows(port(1, { local_ips }), tag),
  ]);
});

const kinds: Readonly<Record<string, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp', 132: 'sctp' };

/** A packet as `ofproto/trace` reads it: fields by their own names, and what one depends on stands before it. */
function traced({ type, nw_proto, icmp_type, icmp_code, tp_src, tp_dst, ...fields }: Packet): string {
  const six = type === 'ipv6';
  const name = kinds[String(nw_proto)];
  const icmp = six ? 'icmpv6' : 'icmp';
  const all = {
    ...(name ? {} : { nw_proto }),
    [`${icmp}_type`]: icmp_type,
    [`${icmp}_code`]: icmp_code,
    [`${name}_src`]: tp_src,
    [`${name}_dst`]: tp_dst,
    ...fields,
    ...(fields.dl_vlan === undefined ? {} : { dl_vlan_pcp: 0 }),
    ...(type === 'arp' ? { arp_op: 1 } : {}),
  };
  const words = Object.entries(all).flatMap(([field, value]) => (value === undefined ? [] : [`${field}=${value}`]));
  return [name ? `${name}${six ? '6' : ''}` : type, ...words].join(',');
}

/** What the switch would do with a packet: the ports that it is sent to, as flows name them. */
async function fateOf(packet: Packet, { is }: Connection): Promise<string[]> {
  const state = { new: 'trk,new', established: 'trk,est', reply: 'trk,est,rpl' }[is];
  const next = ['--ct-next', state, '--ct-next', state];
  const argv = ['ovs-appctl', '-t', `${folder}/ovs-vswitchd.ctl`, 'ofproto/trace', '--names', 'br-int', traced(packet)];
  const { stdout } = await run([...argv, ...next]);
  const skipped = stdout.includes('skipping output to input port');
  return [...stdout.matchAll(/^ +(?:output:(\S+)|(NORMAL)$)/gm)].flatMap(([, to, normal]) =>
    normal || !skipped ? [normal ?? to?.replaceAll('"', '') ?? ''] : [],
  );
}

test('the switch does with packets what the model of it does', async () => {
  const worlds = fc.sample(aWorld, { seed: 7, numRuns: 6 });
  let passed = 0;
  for (const world of worlds) {
    const texts = [...flowsOfWorld(world), 'table=0,priority=0 actions=resubmit(,60)'];
    const flows: Fact = { fact: 'flows', bridge: 'br-int', owner: 'world', flows: [...texts].sort() };
    await run(['ovs-ofctl', '-O', 'OpenFlow14', 'del-flows', 'br-int']);
    await performAll(host, [add(flows)]);
    const model = new FlowModel(texts);
    const packets = fc.sample(fc.tuple(aPacket, aConnection), { seed: passed, numRuns: 40 });
    for (const [packet, connection] of packets) {
      const { outputs } = model.carry(packet, { ...connection, mark: 0 });
      assert.deepEqual(await fateOf(packet, connection), outputs, JSON.stringify({ packet, connection, world }));
      passed += outputs.length;
    }
  }
  assert.ok(passed > 40, `${passed} passed`);
});
