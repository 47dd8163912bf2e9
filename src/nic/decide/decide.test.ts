import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journal, Move, NicDevice, Snapshot } from '../types.ts';
import { carry, isMadeByAddress } from './carry.ts';
import { refusals, type Surroundings, warnings } from './findings.ts';
import { halfDone } from './half.ts';
import { backSteps, bootSteps, finishSteps, forwardSteps, lacking, type NicStep } from './steps.ts';
import { addressWords, readAddress, readRoutes, readRules, routeLine } from './words.ts';

const address = (local: string, prefix: number, more: object = {}) => {
  const family = local.includes(':') ? 'inet6' : 'inet';
  const read = readAddress({ family, local, prefixlen: prefix, scope: 'global', label: 'ens0', ...more });
  assert.ok(read);
  return read;
};

const device = (name: string, more: Partial<NicDevice> = {}): NicDevice => ({
  ...{ name, index: 2, linkType: 'ether', mac: '52:54:00:00:00:01', mtu: 1500, up: true, carrier: true, addresses: [] },
  ...more,
});

const routes = [
  ...readRoutes(
    `unicast default via 192.0.2.1 dev ens0 table main proto boot scope global metric 100
unicast 192.0.2.0/24 dev ens0 table main proto kernel scope link src 192.0.2.2
local 192.0.2.2 dev ens0 table local proto kernel scope host src 192.0.2.2
unicast 198.51.100.0/24 table main proto boot scope global
\tnexthop via 192.0.2.1 dev ens0 weight 2
\tnexthop via 203.0.113.1 dev eth1 weight 1 linkdown
unicast 203.0.113.0/24 dev eth1 table main proto kernel scope link src 203.0.113.2
`,
    4,
  ),
  ...readRoutes(
    `unicast 2001:db8::/64 dev ens0 table main proto kernel scope global metric 256 expires 86396sec pref medium
unicast fe80::/64 dev ens0 table main proto kernel scope global metric 256 pref medium
unicast default via fe80::1 dev ens0 table main proto ra scope global metric 1024 expires 1796sec pref medium
`,
    6,
  ),
];

const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  at: 100,
  bootId: 'boot',
  devices: [
    device('ens0', {
      addresses: [
        address('192.0.2.2', 24, { broadcast: '192.0.2.255' }),
        address('2001:db8::9', 64, { temporary: true, dynamic: true, valid_life_time: 600, preferred_life_time: 300 }),
        address('2001:db8::2', 64, { mngtmpaddr: true, dynamic: true, valid_life_time: 600, preferred_life_time: 300 }),
      ],
    }),
    device('eth1'),
  ],
  routes,
  rules: readRules('0:\tfrom all lookup local proto kernel\n500:\tfrom all iif ens0 lookup 100 proto unspec\n', 4),
  neighbours: { ens0: [{ dst: '192.0.2.1', mac: '02:00:00:00:00:01', permanent: false }] },
  groups: { ens0: ['239.1.1.1'] },
  settings: { ens0: { 'ipv6/conf/DEV/accept_dad': '1', 'ipv6/conf/DEV/accept_ra': '2', 'ipv6/conf/DEV/mtu': '1500' } },
  ovs: { bridges: {} },
  ...more,
});

const move: Move = { kind: 'adopt', nic: 'ens0', bridge: 'br-ex', driver: 'linuxbridge', ownBridge: true };
const around: Surroundings = {
  ...{ isRoot: true, isWireless: false, hasSystemd: true, answeredElsewhere: [], firewall: [], bound: [] },
  manager: 'netplan',
};

const linesOf = (steps: readonly NicStep[]): string[] =>
  steps.flatMap((step) => (step.do === 'ip' ? step.lines : [step.do]));

test('addresses are given again with what is left of their lifetimes, their flags and their alias', () => {
  const one = address('2001:db8::2', 64, {
    ...{ dynamic: true, mngtmpaddr: true, noprefixroute: true, 'stable-privacy': true, protocol: 'kernel_ra' },
    ...{ valid_life_time: 600, preferred_life_time: 50, metric: 300 },
  });
  assert.equal(
    addressWords(one, 'br-ex', 'ens0', 60).join(' '),
    '2001:db8::2/64 scope global dev br-ex valid_lft 540 preferred_lft 0 metric 300 proto kernel_ra noprefixroute mngtmpaddr',
  );
  const alias = address('10.0.0.1', 32, { address: '10.0.0.9', label: 'ens0:1', valid_life_time: 4294967295 });
  assert.equal(
    addressWords(alias, 'br-ex', 'ens0', 0).join(' '),
    '10.0.0.1 peer 10.0.0.9/32 scope global dev br-ex label br-ex:1',
  );
});

test('routes: next hops are one route, states are left out, running times run, the kernel’s own are not read', () => {
  assert.equal(routes.length, 7);
  const [, , several] = routes;
  assert.equal(
    several?.words.join(' '),
    'unicast 198.51.100.0/24 table main proto boot scope global nexthop via 192.0.2.1 dev ens0 weight 2 nexthop via 203.0.113.1 dev eth1 weight 1',
  );
  assert.match(
    routeLine(routes[6] ?? { family: 6, words: [] }, 96),
    /^unicast ::\/0 via fe80::1 .* expires 1700 pref medium$/,
  );
});

test('the kernel’s own routes of an address are told from those that a program made', () => {
  const [, connected] = routes;
  assert.ok(connected);
  assert.equal(isMadeByAddress(connected, [address('192.0.2.2', 24)]), true);
  assert.equal(isMadeByAddress(connected, [address('192.0.2.2', 25)]), false);
  assert.equal(isMadeByAddress(connected, [address('192.0.2.2', 24, { noprefixroute: true })]), false);
});

test('what is carried: IPv6 addresses backwards, no link-local network, routes of several devices', () => {
  const load = carry(snapshot(), 'ens0', 'br-ex');
  assert.deepEqual(
    load.addresses.map(({ local }) => local),
    ['192.0.2.2', '2001:db8::2', '2001:db8::9'],
  );
  assert.deepEqual(
    load.leaving.map(({ words }) => words[1]),
    ['default', '192.0.2.0/24', '198.51.100.0/24', '2001:db8::/64', '::/0'],
  );
  assert.deepEqual(
    load.routes.map(({ words }) => words[1]),
    ['default', '198.51.100.0/24', '::/0'],
  );
  assert.match(load.routes[1]?.words.join(' ') ?? '', /dev br-ex weight 2 nexthop via 203\.0\.113\.1 dev eth1/);
});

test('forward: one strict batch that adds, then what leaves by the NIC; nothing is flushed', () => {
  const steps = forwardSteps({ move, before: snapshot(), clients: [] }, 0);
  const batches = steps.filter((step) => step.do === 'ip');
  assert.deepEqual(
    batches.map(({ strict }) => strict),
    [true, true, false, false],
  );
  assert.deepEqual(batches[1]?.lines.slice(0, 4), [
    'link set ens0 master br-ex',
    'link set ens0 up',
    'link set br-ex up',
    'address replace 192.0.2.2/24 broadcast 192.0.2.255 scope global dev br-ex',
  ]);
  const all = linesOf(steps).join('\n');
  assert.doesNotMatch(all, /flush|address del/);
  assert.match(all, /address replace 239\.1\.1\.1\/32 dev br-ex autojoin/);
  assert.deepEqual(steps.find((step) => step.do === 'settings')?.values, {
    'ipv6/conf/DEV/accept_dad': '0',
    'ipv6/conf/DEV/accept_ra': '2',
  });
});

test('Open vSwitch: bridge, IPv4, port, then routes', () => {
  const ovs: Move = { ...move, driver: 'openvswitch', datapath: 'netdev' };
  const kinds = forwardSteps({ move: ovs, before: snapshot(), clients: [] }, 0).map(({ do: what }) => what);
  assert.deepEqual(kinds, ['ovs', 'settings', 'ip', 'ovs', 'shield', 'ip', 'ip', 'ip', 'settings']);
});

/** The snapshot after the switch. */
function moved(): Snapshot {
  const before = snapshot();
  const load = carry(before, 'ens0', 'br-ex');
  const [nic, other] = before.devices;
  return {
    ...before,
    devices: [
      { ...(nic as NicDevice), master: 'br-ex' },
      other as NicDevice,
      device('br-ex', { kind: 'bridge', addresses: nic?.addresses ?? [] }),
    ],
    routes: [...before.routes.filter((route) => !load.leaving.includes(route)), ...load.routes],
    rules: [...before.rules, ...load.rules],
  };
}

test('back: from where it was, nothing; from the new state, what is missing first and the bridge last', () => {
  const before = snapshot();
  assert.deepEqual(linesOf(backSteps(move, before, before, [], 0)), ['settings']);
  const lines = linesOf(backSteps(move, before, moved(), [], 0));
  // A way to the gateway comes before what leaves by it.
  assert.match(lines[1] ?? '', /^route append unicast 192\.0\.2\.0\/24 dev ens0/);
  const [last] = lines.slice(-2);
  assert.equal(last, 'link del br-ex');
  assert.ok(lines.indexOf('link set ens0 nomaster') > lines.findLastIndex((line) => line.startsWith('route append')));
  // A route by two devices does not go with the bridge.
  assert.ok(lines.some((line) => line.startsWith('route del unicast 198.51.100.0/24') && line.includes('dev br-ex')));
  assert.ok(lines.some((line) => line === 'rule del pref 500 from all iif br-ex lookup 100'));
});

test('lacking: what is not there, in words', () => {
  const before = snapshot();
  assert.deepEqual(lacking({ move, before }, moved()), []);
  assert.deepEqual(lacking({ move, before }, before).slice(0, 2), ['port ens0', '192.0.2.2/24']);
});

test('when confirmed, the NIC loses its addresses, the last one first, and its rules', () => {
  assert.deepEqual(linesOf(finishSteps(move, moved())), [
    'rule del pref 500 from all iif ens0 lookup 100',
    'address del 2001:db8::2/64 dev ens0',
    'address del 2001:db8::9/64 dev ens0',
    'address del 192.0.2.2/24 dev ens0',
  ]);
});

test('in another boot, only OVSDB has to be put back', () => {
  const ovs: Move = { ...move, driver: 'openvswitch' };
  const now = snapshot({ ovs: { bridges: { 'br-ex': { datapath: 'system', ports: ['ens0'] } }, problem: 'down' } });
  assert.deepEqual(bootSteps(ovs, snapshot(), now), [
    { do: 'ovs', argv: ['--if-exists', 'del-br', 'br-ex'], ready: [] },
  ]);
  assert.deepEqual(bootSteps(move, snapshot(), now), []);
});

const codesOf = (findings: readonly { code: string }[]): string[] => findings.map(({ code }) => code);

test('every refusal has its reason', () => {
  const nic = (more: Partial<NicDevice>) => snapshot({ devices: [device('ens0', more)] });
  const pending = { move, phase: 'trial' } as Journal;
  const cases: readonly (readonly [string, Snapshot, Move, Partial<Surroundings>])[] = [
    ['not-root', snapshot(), move, { isRoot: false }],
    ['pending', snapshot(), move, { pending }],
    ['nic-absent', snapshot(), { ...move, nic: 'ens9' }, {}],
    ['nic-wireless', snapshot(), move, { isWireless: true }],
    ['nic-not-bridgeable', nic({ linkType: 'loopback' }), move, {}],
    ['nic-not-bridgeable', nic({ kind: 'ipvlan' }), move, {}],
    ['nic-taken', nic({ master: 'bond0' }), move, {}],
    ['nic-taken', snapshot({ ovs: { bridges: { 'br-lan': { datapath: 'system', ports: ['ens0'] } } } }), move, {}],
    [
      'nic-has-macvlan',
      snapshot({ devices: [device('ens0'), device('mv0', { kind: 'macvlan', lower: 'ens0' })] }),
      move,
      {},
    ],
    ['bridge-name', snapshot(), { ...move, bridge: 'a-name-too-long-for-it' }, {}],
    ['bridge-name', snapshot(), { ...move, bridge: 'ens0' }, {}],
    ['bridge-name-taken', snapshot(), { ...move, bridge: 'eth1' }, {}],
    ['ovs-silent', snapshot({ ovs: { bridges: {}, problem: 'no socket' } }), { ...move, driver: 'openvswitch' }, {}],
    ['address-conflict', snapshot(), move, { answeredElsewhere: ['192.0.2.2'] }],
    ['not-adopted', snapshot(), { ...move, kind: 'release' }, {}],
  ];
  for (const [code, seen, what, more] of cases)
    assert.ok(codesOf(refusals(seen, what, { ...around, ...more })).includes(code), code);
  const twice = snapshot({
    devices: [...snapshot().devices, device('br-ex', { kind: 'bridge', addresses: [address('192.0.2.2', 24)] })],
  });
  assert.deepEqual(codesOf(refusals(twice, { ...move, ownBridge: false }, around)), ['address-twice']);
  const [, , bridge] = moved().devices;
  const devices = [device('ens0', { master: 'br-ex' }), bridge as NicDevice, device('tap1', { master: 'br-ex' })];
  const inUse = { ...moved(), devices };
  assert.deepEqual(codesOf(refusals(inUse, { ...move, kind: 'release' }, around)), ['bridge-in-use']);
  assert.deepEqual(refusals(snapshot(), move, around), []);
});

test('what to mind', () => {
  const found = warnings(snapshot(), move, { ...around, firewall: ['-A INPUT -i ens0 -j ACCEPT'], manager: 'none' });
  assert.deepEqual(codesOf(found), ['firewall-names-nic', 'temporary-address', 'groups-joined', 'not-kept']);
});

test('a move by hand: what is wrong, and what the files supply', () => {
  const told = { addresses: ['192.0.2.2/24'], gateways: ['192.0.2.1'], dhcp: false };
  const flushed = snapshot({
    devices: [device('ens0', { master: 'br-ex' }), device('br-ex', { kind: 'bridge', up: false })],
    routes: [],
  });
  const { findings, supplement } = halfDone(flushed, { ...move, ownBridge: false }, told, { files: [] });
  assert.deepEqual(codesOf(findings), ['half-bridge-down', 'half-address-lost', 'half-no-default']);
  assert.deepEqual(supplement.routes[0]?.words.join(' '), 'unicast default via 192.0.2.1 dev br-ex');
  const lines = linesOf(
    forwardSteps({ move: { ...move, ownBridge: false }, before: flushed, clients: [], supplement }, 0),
  );
  assert.ok(lines.includes('address replace 192.0.2.2/24 broadcast + scope global dev br-ex'));
  assert.ok(lines.includes('route append unicast default via 192.0.2.1 dev br-ex'));
});
