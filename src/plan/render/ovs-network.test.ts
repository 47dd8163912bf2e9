import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid, network as vxlan } from '../../agent/world.ts';
import type { HostNetwork } from '../../model/host-objects.ts';
import type { Fact } from '../facts.ts';
import { matchOf } from '../flow-text.ts';
import { render, renderBase } from './index.ts';
import type { HostEnvironment } from './language.ts';
import { tunnelPortName } from './ovs-names.ts';

const env: HostEnvironment = {
  stateDir: '/state',
  localIp: '192.0.2.1',
  bridgeMappings: { public: 'br-ex' },
  links: new Set(),
  driver: 'openvswitch',
  natDriver: 'iptables',
  ovs: {
    integrationBridge: 'br-int',
    tunnelBridge: 'br-tun',
    datapath: 'system',
    tunnelTypes: ['vxlan', 'gre'],
    arpResponder: true,
  },
  localVlan: () => 7,
  portDevice: () => undefined,
};

const remote_ports = [
  { mac: 'fa:16:3e:00:00:01', ips: ['10.0.0.5', '2001:db8::5'], vtep: '192.0.2.2' },
  { mac: 'fa:16:3e:00:00:02', ips: ['10.0.0.6'], vtep: '192.0.2.3' },
];
const network = (more: Partial<HostNetwork>) => vxlan(2, { remote_ports, ...more });
const rendered = (object: HostNetwork, on: HostEnvironment = env) => render(`network/${object.id}`, () => object, on);

const networks: readonly HostNetwork[] = [
  network({}),
  network({ network_type: 'gre' }),
  network({ network_type: 'vlan', physical_network: 'public', segmentation_id: 100 }),
  network({ network_type: 'flat', physical_network: 'public', segmentation_id: null }),
];

/** The ports that flows of the facts name and that are no facts beside them. */
function unknownPorts(facts: readonly Fact[]): string[] {
  const ports = new Set(facts.flatMap((fact) => (fact.fact === 'ovs-port' ? [`${fact.bridge} ${fact.name}`] : [])));
  const named = facts.flatMap((fact) =>
    fact.fact === 'flows'
      ? fact.flows.flatMap((text) =>
          [...text.matchAll(/\b(?:in_port=|output:)([\w.-]+)(?![\w.[-])/g)].map(
            (match) => `${fact.bridge} ${match[1]}`,
          ),
        )
      : [],
  );
  return named.filter((name) => !ports.has(name));
}

test('every port that a flow names is a fact beside it: whoever plugs it in anew wakes the unit', () => {
  for (const one of networks) assert.deepEqual(unknownPorts(rendered(one).facts), [], one.network_type);
  assert.deepEqual(unknownPorts(renderBase(env, true)), []);
});

test('no two owners have flows of one table, priority and match', () => {
  const all = [...networks.slice(0, 1), networks[2] as HostNetwork].map((one, index) => {
    const object = { ...one, id: uuid(20 + index) };
    return rendered(object, { ...env, localVlan: () => 20 + index }).facts;
  });
  const owners = new Map<string, string>();
  for (const fact of [...all.flat(), ...renderBase(env, true)])
    if (fact.fact === 'flows')
      for (const text of fact.flows) {
        const match: string = `${fact.bridge} ${matchOf(text)}`;
        assert.equal(owners.get(match) ?? fact.owner, fact.owner, match);
        owners.set(match, fact.owner);
      }
});

test('frames for all go to the hosts with a port of the network, ARP is answered once for each address', () => {
  const flows = rendered(network({})).facts.flatMap((fact) => (fact.fact === 'flows' ? fact.flows : []));
  const flood = flows.filter((text) => text.startsWith('table=22,'));
  assert.deepEqual(flood, [
    'table=22,priority=1,dl_vlan=7 actions=pop_vlan,set_field:0x2->tun_id,output:vxlan-c0000202,output:vxlan-c0000203',
  ]);
  assert.equal(flows.filter((text) => text.startsWith('table=21,')).length, 2);
  const alone = rendered(network({ remote_ports: [] })).facts;
  assert.ok(!alone.some((fact) => fact.fact === 'ovs-port' && fact.type === 'vxlan'), 'nobody to send to');
});

test('what a host cannot do is said, with what to do', () => {
  const problem = (object: HostNetwork, on = env) => rendered(object, on).problem ?? '';
  assert.match(problem(network({ network_type: 'geneve' })), /\[agent\] tunnel_types/);
  assert.match(problem(network({ network_type: 'vlan', physical_network: 'rack' })), /bridge_mappings/);
  assert.match(problem(network({}), { ...env, localIp: null }), /local_ip/);
  assert.equal(problem(network({ remote_ports: [] }), { ...env, localIp: null }), '', 'a host alone needs none');
  assert.match(problem(network({}), { ...env, localVlan: () => undefined }), /no local VLAN left/);
});

test('tunnel ports are named by type and address, in 15 characters', () => {
  assert.equal(tunnelPortName('vxlan', '10.0.0.1'), 'vxlan-0a000001');
  for (const type of ['vxlan', 'gre', 'geneve'] as const)
    assert.ok(tunnelPortName(type, '2001:db8::1').length <= 15, type);
});
