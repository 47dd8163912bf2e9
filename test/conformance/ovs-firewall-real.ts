/** The firewall's flows on a private Open vSwitch. Runs inside a private world, started by ovs-firewall.test.ts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { openHost } from '../../src/host/linux.ts';
import { run } from '../../src/host/run.ts';
import { ovsEnvironment, startDatabaseScript, startSwitchScript } from '../../src/lab/ovs.ts';
import type { Fact, FlowsFact } from '../../src/plan/facts.ts';
import { type Flow, flowTexts } from '../../src/plan/flow-text.ts';
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
const pair = (n: number): Fact => ({
  fact: 'link',
  namespace: '',
  name: deviceOf(n),
  kind: { type: 'veth', peer: { namespace: '', name: `eth${n}` } },
  up: true,
});

await performAll(
  host,
  [
    { fact: 'ovs-bridge', name: 'br-int', datapath: 'netdev', failMode: 'secure' } as const,
    pair(1),
    pair(2),
    on(uplink, 'patch'),
    on(deviceOf(1), ''),
    on(deviceOf(2), ''),
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
  await load('base', firewallBaseFlows(env));
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
  const marked = port(1, { qos: { ingress: null, egress: null, dscp_mark: 26 } });
  await load('port/1', flowsOf(marked, [group(90, everyRule), ...sets]));
  await load('port/1', flowsOf({ ...marked, admin_state_up: false }, []));
});

test('every flow is read as it was written: a port without port security', async () => {
  await load('port/2', flowsOf(port(2, { port_security_enabled: false, security_groups: [uuid(90)] }), []));
});
