/** A subport is let onto its network after what guards it, and taken off before that goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressSet, group, network, port, tap, uuid } from '../../agent/world.ts';
import { type HostKey, type HostObject, type HostTrunk, hostKey } from '../../model/host-objects.ts';
import { plan } from '../diff.ts';
import { type Fact, factSet } from '../facts.ts';
import type { Step } from '../steps.ts';
import { render } from './index.ts';
import type { HostEnvironment } from './language.ts';

const carried = (n: number) => ({ port_id: uuid(n), mac_address: port(n, 2).mac_address });
const trunk: HostTrunk = {
  kind: 'trunk',
  id: uuid(30),
  parent: carried(10),
  sub_ports: [{ ...carried(11), segmentation_id: 101 }],
};
const bridge = `tbr-${uuid(30).slice(0, 11)}`;
const patchOf = (n: number) => (n === 10 ? 'tpi-' : 'spi-') + uuid(n).slice(0, 11);

const carrier = { parent_port_id: uuid(10), segmentation_id: 101 };
const objects = new Map<HostKey, HostObject>(
  [trunk, network(2), network(3), port(10, 2), port(11, 3, { trunk: carrier }), group(true), addressSet()].map(
    (object) => [hostKey(object), object],
  ),
);
const look = (key: HostKey) => objects.get(key);

const common = { stateDir: '/state', localIp: null, bridgeMappings: {}, natDriver: 'iptables' } as const;
const bridges = (...links: string[]): HostEnvironment => ({
  ...common,
  links: new Set(links),
  driver: 'linuxbridge',
});
/** A switch on which there are these interfaces, by bridge and port. */
const switched = (interfaces: Readonly<Record<string, string>>): HostEnvironment => ({
  ...common,
  links: new Set(),
  driver: 'openvswitch',
  ovs: {
    integrationBridge: 'br-int',
    tunnelBridge: 'br-tun',
    datapath: 'system',
    tunnelTypes: [],
    arpResponder: false,
  },
  localVlan: (id) => (id === uuid(2) ? 2 : 3),
  portDevice: (id, on = 'br-int') => interfaces[`${on} ${id}`],
});

const factsOf = (key: HostKey, env: HostEnvironment) => render(key, look, env).facts;
const steps = (want: readonly Fact[], have: readonly Fact[]) => {
  const there = factSet(have);
  return plan(factSet(want), there, new Set(there.keys()), 'test');
};
const placeOf = (all: readonly Step[], is: (fact: Fact) => boolean) =>
  all.findIndex((step) => step.do !== 'cut' && is(step.fact));

test('Open vSwitch: a patch waits in VLAN 4095 until it is seen, and leaves it after the flows of its port', () => {
  const tapped = { [`${bridge} ${uuid(10)}`]: tap(10) };
  const before = factsOf(`trunk/${uuid(30)}`, switched(tapped));
  const inner = (fact: Fact) => fact.fact === 'ovs-port' && fact.name === patchOf(11);
  const shut = before.find(inner);
  assert.equal(shut?.fact === 'ovs-port' && shut.tag, 4095);
  const seen = switched({ ...tapped, [`br-int ${uuid(10)}`]: patchOf(10), [`br-int ${uuid(11)}`]: patchOf(11) });
  // Both units in one run, as their ports wake them.
  const want = [...factsOf(`port/${uuid(11)}`, seen), ...factsOf(`trunk/${uuid(30)}`, seen)];
  const all = steps(want, before);
  const [flows, open] = [placeOf(all, (fact) => fact.fact === 'flows'), placeOf(all, inner)];
  assert.ok(flows >= 0 && open > flows, `the flows are step ${flows}, the VLAN is step ${open}`);
  assert.equal(render(`trunk/${uuid(30)}`, look, seen).waiting, null);
});

test('Open vSwitch: without the interface of the instance there is the bridge, and what is waited for', () => {
  const { facts, waiting } = render(`trunk/${uuid(30)}`, look, switched({}));
  assert.deepEqual(
    facts.map(({ fact }) => fact),
    ['ovs-bridge'],
  );
  assert.equal(waiting, `no interface on ${bridge} has external_ids:iface-id=${uuid(10)} yet`);
});

test('Linux bridge: a device is made without a bridge, let onto it after the rules, and taken away before them', () => {
  const key = `port/${uuid(11)}` as const;
  const own = (fact: Fact) => fact.fact === 'link' && fact.name === tap(11);
  const first = factsOf(key, bridges(tap(10)));
  const made = first.find(own);
  assert.ok(made?.fact === 'link' && made.master === undefined && made.up);
  const full = factsOf(key, bridges(tap(10), tap(11)));
  const guards = (all: readonly Step[]) => all.findLastIndex((step) => step.do !== 'cut' && step.fact.fact === 'hook');
  const coming = steps(full, [made]);
  assert.ok(guards(coming) >= 0 && placeOf(coming, own) > guards(coming));
  const going = steps([], full);
  const firstGuard = placeOf(going, (fact) => fact.fact === 'hook' || fact.fact === 'chain');
  assert.ok(placeOf(going, own) >= 0 && placeOf(going, own) < firstGuard);
});

test('Linux bridge: a subport is down while its parent is, and waits for the tap of its parent', () => {
  const down = (key: HostKey) => (key === `port/${uuid(10)}` ? port(10, 2, { admin_state_up: false }) : look(key));
  const { facts } = render(`port/${uuid(11)}`, down, bridges(tap(10), tap(11)));
  const link = facts.find((fact) => fact.fact === 'link' && fact.name === tap(11));
  assert.equal(link?.fact === 'link' && link.up, false);
  assert.match(render(`port/${uuid(11)}`, look, bridges()).waiting ?? '', new RegExp(`^device ${tap(10)} `));
});
