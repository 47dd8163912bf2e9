/**
 * The flows of a local IP on a switch of its own, with ports of every kind: with netdev here, with the kernel's Open vSwitch in a
 * guest, as local-ip-switch.test.ts decides.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { createHost, type LabHost, patient } from '../../../src/lab/host.ts';
import { plugInstance } from '../../../src/lab/instance.ts';
import { startOvs } from '../../../src/lab/ovs.ts';
import { askUdp, fetchPage, serve } from '../../../src/lab/probe.ts';
import type { HostKey, HostObject, HostPort } from '../../../src/model/host-objects.ts';
import { render, renderBase } from '../../../src/plan/render/index.ts';
import {
  deviceOf,
  env as firewallEnv,
  group,
  port,
  rule,
  tag,
  uuid,
} from '../../../src/plan/render/ovs-firewall-testing.ts';
import { skipDriver } from './small-cloud.ts';

const datapath = process.env.NEUTRINO_GUEST ? 'system' : 'netdev';
const local = '10.0.0.100';
const ovs = {
  integrationBridge: 'br-int',
  tunnelBridge: 'br-tun',
  datapath,
  tunnelTypes: [],
  arpResponder: true,
} as const;
const env = { ...firewallEnv, ovs, localIp: null, localVlan: () => tag };
const open = (['ingress', 'egress'] as const).map((direction) => rule({ direction }));
const network: HostObject = {
  kind: 'network',
  id: uuid(500),
  network_type: 'local',
  physical_network: null,
  segmentation_id: null,
  mtu: 1400,
  admin_state_up: true,
  remote_ports: [],
};
const groups = [group(90, open), group(91, open, false)];
const kinds = {
  stateful: {},
  stateless: { security_groups: [uuid(91)] },
  unfiltered: { port_security_enabled: false, security_groups: [] },
} as const;
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];
const clientOf = (kind: Kind) => 11 + names.indexOf(kind);

describe(`a local IP by the flows of the ${datapath} switch`, {
  skip: skipDriver('openvswitch'),
  timeout: patient(120_000),
}, () => {
  let host: LabHost;
  let server: ChildProcess;

  /** Has the flows of the base and of these ports, and no others. */
  async function load(ports: readonly HostPort[]): Promise<void> {
    const objects = new Map<HostKey, HostObject>(
      [network, ...groups, ...ports].map((one) => [`${one.kind}/${one.id}`, one]),
    );
    const look = (key: HostKey) => objects.get(key);
    const known = { ...env, portDevice: (id: string) => `tap${id.slice(0, 11)}` };
    const facts = [...renderBase(known, true), ...ports.flatMap((one) => render(`port/${one.id}`, look, known).facts)];
    const flows = facts.flatMap((fact) => (fact.fact === 'flows' ? fact.flows : []));
    const options = ['-O', 'OpenFlow14', '--names'];
    await host.run(['ovs-ofctl', ...options, 'replace-flows', 'br-int', '-'], { input: `${flows.join('\n')}\n` });
  }
  const led = (n: number, more: Partial<HostPort> = {}) =>
    port(n, { ...more, local_ips: [{ ip: local, fixed_ip: `10.0.0.${n}` }] });
  const clients = names.map((kind) => port(clientOf(kind), kinds[kind]));

  before(async () => {
    host = await createHost('switch');
    await startOvs(host);
    const make = ['add-br', 'br-int', '--', 'set', 'Bridge', 'br-int', `datapath_type=${datapath}`, 'fail_mode=secure'];
    await host.run(['ovs-vsctl', ...make]);
    for (const one of [port(1), port(2), ...clients]) {
      const netns = one.id.slice(0, 8);
      await plugInstance(host, netns, one, { mtu: 1400, driver: 'openvswitch' });
      const device = deviceOf(Number.parseInt(netns, 16));
      await host.run([
        'ovs-vsctl',
        'set',
        'Port',
        device,
        `tag=${tag}`,
        '--',
        'clear',
        'Port',
        device,
        'vlan_mode',
        'trunks',
      ]);
      await host.run(['ip', '-n', netns, 'address', 'add', `${one.fixed_ips[0]?.ip}/24`, 'dev', 'eth0']);
    }
    server = await serve(host, 'app', { tcp: [80], udp: [53] }, netnsOf(1));
  });
  after(async () => {
    if (server) host.kill(server);
    await host?.close();
  });

  const netnsOf = (n: number) => uuid(n).slice(0, 8);
  const page = async (n: number) => {
    const got = await fetchPage(host, local, 80, { netns: netnsOf(n) });
    return got.reached ? got.text.trim() : got.why;
  };

  for (const kind of names)
    test(`TCP, UDP and ping from ports of every kind to one that is ${kind}; its own address is itself`, async () => {
      await load([led(1, kinds[kind]), port(2), ...clients]);
      for (const n of names.map(clientOf)) {
        const netns = netnsOf(n);
        assert.equal(await page(n), `hello from app port 80 to 10.0.0.${n}`);
        const pinged = await host.run(['ping', '-c', '2', '-i', '0.2', '-W', '2', local], { netns, mayFail: true });
        assert.equal(pinged.code, 0, pinged.stdout);
        assert.match(pinged.stdout, new RegExp(`from ${local}: `));
        const asked = await askUdp(host, local, 53, 'x', { netns });
        assert.equal(asked.reached && asked.text, 'echo 53 x', JSON.stringify(asked));
        const direct = await fetchPage(host, '10.0.0.1', 80, { netns });
        assert.equal(direct.reached && direct.text.trim(), `hello from app port 80 to 10.0.0.${n}`);
      }
    });

  test('another port takes over from it: what goes on from the same source goes there', async () => {
    const [first] = names.map(clientOf);
    const other = await serve(host, 'other', { tcp: [80], udp: [53] }, netnsOf(2));
    try {
      // The same source port each time: conntrack remembers what it was led to.
      const script = `const s = require('dgram').createSocket('udp4'); s.bind(7777, () => s.send('x', 53, '${local}'));
        setTimeout(() => process.exit(1), 5000); s.on('message', (m, from) => { console.log(String(m)); process.exit(0); });`;
      const ask = () => host.run([process.execPath, '-e', script], { netns: netnsOf(first ?? 0), mayFail: true });
      await load([led(1), port(2), ...clients]);
      assert.equal((await ask()).stdout.trim(), 'echo 53 x');
      await load([port(1), led(2), ...clients]);
      assert.equal(await page(first ?? 0), `hello from other port 80 to 10.0.0.${first}`);
      assert.equal((await ask()).stdout.trim(), 'echo 53 x');
    } finally {
      host.kill(other);
    }
  });

  test('nobody answers where it leads to no port', async () => {
    await load([port(1), port(2), ...clients]);
    assert.match(await page(clientOf('stateful')), /no answer|EHOSTUNREACH/);
  });
});
