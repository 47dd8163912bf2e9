import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceMap, expectedOf, hopsOf, type Underlay } from './hops.ts';
import { type Finding, judge, type Probed } from './judge.ts';
import { choosePaths, stationsOf } from './paths.ts';
import { remedyOf } from './remedies.ts';
import type { Measured } from './search.ts';
import type { Device, ProbePath, ProbePort, ProbeWorld, Sent } from './world.ts';

const port = (id: string, host: string, deviceOwner: string, ips: string[], deviceId = ''): ProbePort => {
  return { id, name: id, host, deviceOwner, deviceId, ips };
};

const world: ProbeWorld = {
  host: 'here',
  network: { id: 'net', name: 'inside', mtu: 1450 },
  tunnel: {
    device: 'vxlan-7',
    headers: 50,
    endpoints: new Map([
      ['here', '192.0.2.1'],
      ['there', '192.0.2.2'],
    ]),
  },
  ports: [
    port('web', 'here', 'compute:nova', ['10.0.0.5', '2001:db8::5']),
    port('far', 'there', 'compute:nova', ['10.0.0.6']),
    port('door', 'here', 'network:router_interface', ['10.0.0.1'], 'r1'),
    port('lease', 'here', 'network:dhcp', ['10.0.0.2']),
  ],
  routers: [
    { id: 'r1', name: 'r1', outside: { portId: 'out', networkId: 'ext', mtu: 1400, gatewayIps: ['203.0.113.1'] } },
  ],
};

let index = 100;
/** A pair of devices, the inner one with addresses. */
function pair(
  tap: string,
  namespace: string,
  inner: string,
  addresses: string[],
  mtu: [number, number],
  master = 'brqnet',
): Device[] {
  const [outer, within] = [++index, ++index];
  return [
    { namespace: '', name: tap, index: outer, peerIndex: within, mtu: mtu[0], master, addresses: [] },
    { namespace, name: inner, index: within, peerIndex: outer, mtu: mtu[1], addresses },
  ];
}

function devices(mtus: { tap?: number; guest?: number; bridge?: number; vxlan?: number } = {}): DeviceMap {
  const { tap = 1450, guest = 1450, bridge = 1450, vxlan = 1450 } = mtus;
  return new DeviceMap([
    { namespace: '', name: 'brqnet', index: 1, mtu: bridge, addresses: [] },
    { namespace: '', name: 'vxlan-7', index: 2, mtu: vxlan, master: 'brqnet', addresses: [] },
    { namespace: '', name: 'br-ex', index: 3, mtu: 1500, addresses: [] },
    ...pair('tapweb', 'web', 'eth0', ['10.0.0.5'], [tap, guest]),
    ...pair('tapdoor', 'qrouter-r1', 'qr-door', ['10.0.0.1'], [1450, 1450]),
    ...pair('tapout', 'qrouter-r1', 'qg-out', ['203.0.113.9'], [1400, 1400], 'br-ex'),
    ...pair('taplease', 'qdhcp-net', 'ns-lease', ['10.0.0.2'], [1450, 1450]),
  ]);
}

const lost: Sent = { outcome: 'lost' };
const underlay = (changes: Partial<Underlay> = {}): Underlay => {
  return { host: 'there', from: '192.0.2.1', to: '192.0.2.2', device: 'eth0', mtu: 1500, largest: 1500, ...changes };
};

function pathTo(ip: string, map: DeviceMap): ProbePath {
  const path = choosePaths(world, stationsOf(world, map), { to: ip }).paths[0];
  assert.ok(path);
  return path;
}

/** What is found on the way to an address when this was measured on these devices. */
function found(ip: string, map: DeviceMap, measured: Partial<Measured>, under = underlay()): Finding[] {
  const path = pathTo(ip, map);
  const host = path.to.port?.host === 'there' ? 'there' : null;
  const one: Probed = {
    path,
    hops: hopsOf(world, map, path, new Map([['there', under]])),
    measured: {
      largest: 1450,
      above: { bytes: 1451, sent: { outcome: 'refused', mtu: 1450, by: null } },
      full: null,
      ...measured,
    },
    expected: expectedOf(world, path),
    host,
    underlay: host === null ? null : under,
  };
  return judge(world, [one]);
}

const short = (findings: readonly Finding[]) => findings.map(({ severity, code }) => `${severity} ${code}`);

test('the ways: everything from the first instance, the gateway from the others, one version at a time', () => {
  const { paths: ways } = choosePaths(world, stationsOf(world, devices()), {});
  assert.deepEqual(
    ways.map(({ from, to }) => `${from.port.id} ${to.kind} ${to.ip}`),
    [
      'web gateway 10.0.0.1',
      'web port 10.0.0.6',
      'web outside 203.0.113.1',
      'lease gateway 10.0.0.1',
      'door port 10.0.0.6',
    ],
  );
  const { paths: toVm } = choosePaths(world, stationsOf(world, devices()), { portId: 'far' });
  assert.deepEqual(
    toVm.map(({ from, to }) => `${from.port.id} ${to.ip}`),
    ['web 10.0.0.6'],
  );
  assert.deepEqual(choosePaths(world, [], {}), { paths: [], left: 0 });
  const many = Array.from({ length: 40 }, () => stationsOf(world, devices())[0]).flatMap((one) => one ?? []);
  const { paths, left } = choosePaths(world, many, {});
  assert.deepEqual([paths.length, left], [32, 10]);
});

test('the hops of a way through the tunnel, and of one out through the router', () => {
  const map = devices();
  const lines = (ip: string) =>
    hopsOf(world, map, pathTo(ip, map), new Map([['there', underlay()]])).map(
      ({ kind, device, mtu, expected }) => `${kind} ${device} ${mtu}/${expected}`,
    );
  assert.deepEqual(lines('10.0.0.6'), [
    ...['sender eth0 1450/1450', 'tap tapweb 1450/1450', 'bridge brqnet 1450/1450', 'tunnel vxlan-7 1450/1450'],
    'underlay eth0 1500/1500',
  ]);
  assert.deepEqual(lines('203.0.113.1'), [
    ...['sender eth0 1450/1450', 'tap tapweb 1450/1450', 'bridge brqnet 1450/1450', 'tap tapdoor 1450/1450'],
    ...['router qr-door 1450/1450', 'router qg-out 1400/1400', 'tap tapout 1400/1400', 'bridge br-ex 1500/1500'],
  ]);
});

test('nothing is wrong where full size passes and every device says so', () => {
  assert.deepEqual(found('10.0.0.6', devices(), {}), []);
});

test('the first device that is too small is the failure, others that differ are warnings', () => {
  const findings = found('10.0.0.6', devices({ tap: 1300, vxlan: 1200, bridge: 9000 }), {
    largest: 1200,
    above: { bytes: 1201, sent: lost },
  });
  assert.deepEqual(
    findings.map((one) => [one.severity, 'device' in one && one.device]),
    [
      ['failure', 'tapweb'],
      ['warning', 'brqnet'],
      ['warning', 'vxlan-7'],
    ],
  );
});

test('an underlay that carries less than it says; one that says so itself; one that cannot be measured', () => {
  const measured = { largest: 1350, above: { bytes: 1351, sent: lost } };
  const [hole] = found('10.0.0.6', devices(), measured, underlay({ largest: 1400 }));
  assert.ok(hole?.code === 'underlay-small' && hole.silent && hole.carries === 1400 && hole.needs === 1500);
  const [small] = found('10.0.0.6', devices(), measured, underlay({ mtu: 1400, largest: 1400 }));
  assert.ok(small?.code === 'underlay-small' && small.mtu === 1400);
  const [unknown] = found('10.0.0.6', devices(), measured, underlay({ largest: null }));
  assert.equal(unknown?.code, 'black-hole');
});

test('everything here is right: the other host is named', () => {
  const [finding] = found('10.0.0.6', devices(), { largest: 1300, above: { bytes: 1301, sent: lost } });
  assert.ok(finding?.code === 'elsewhere' && finding.host === 'there');
});

test('a guest with an MTU of its own: a failure where what it sends is lost', () => {
  const map = devices({ guest: 1500 });
  const full = { bytes: 1500, sent: lost };
  assert.deepEqual(short(found('10.0.0.1', map, { full })), ['failure guest-differs']);
  assert.deepEqual(short(found('10.0.0.1', devices({ guest: 1400 }), { largest: 1400 })), ['failure guest-differs']);
  assert.deepEqual(short(found('10.0.0.1', map, {})), ['warning guest-differs']);
});

test('a router that swallows the error, one that says the wrong size, and a hole behind it', () => {
  const refused = (mtu: number): Sent => ({ outcome: 'refused', mtu, by: '10.0.0.1' });
  const at = (bytes: number, sent: Sent) => ({ largest: bytes - 1, above: { bytes, sent } });
  assert.deepEqual(found('203.0.113.1', devices(), at(1401, refused(1400))), []);
  assert.deepEqual(short(found('203.0.113.1', devices(), at(1401, lost))), ['failure error-swallowed']);
  assert.deepEqual(short(found('203.0.113.1', devices(), at(1401, refused(1500)))), ['failure error-wrong']);
  const [hole] = found('203.0.113.1', devices(), at(1301, lost));
  assert.ok(hole?.code === 'black-hole' && hole.network === 'ext');
  // A smaller way further out that says so is as it should be.
  assert.deepEqual(found('203.0.113.1', devices(), at(1301, { outcome: 'refused', mtu: 1300, by: '203.0.113.1' })), []);
});

test('no answer says nothing of the MTU', () => {
  const nothing = { largest: null, above: { bytes: 100, sent: lost } };
  assert.deepEqual(short(found('10.0.0.6', devices(), nothing)), ['warning unreachable']);
});

test('every finding but the one that says nothing has something to do', () => {
  const about = { severity: 'failure', way: { from: 'a', to: 'b' }, largest: 1, expected: 2 } as const;
  const findings: Finding[] = [
    { code: 'elsewhere', host: 'there', ...about },
    { code: 'black-hole', after: 'qg', network: 'ext', ...about },
    { code: 'stored-above', severity: 'failure', stored: 1500, now: 1450 },
  ];
  for (const finding of findings) assert.ok(remedyOf(finding, world).length > 0, finding.code);
});
