import assert from 'node:assert/strict';
import { test } from 'node:test';
import { router } from '../../agent/world.ts';
import type { HostRouterInterface } from '../../model/host-objects.ts';
import type { HostEnvironment } from './language.ts';
import { advertisementFacts } from './router-advertisements.ts';

const env: HostEnvironment = {
  stateDir: '/state',
  localIp: null,
  bridgeMappings: {},
  links: new Set(),
  driver: 'linuxbridge',
  natDriver: 'iptables',
};

function facts(advertised: HostRouterInterface['advertised'], more: Partial<HostRouterInterface> = {}) {
  const one = router(20, [2, 3]);
  const [first, ...rest] = one.interfaces;
  assert.ok(first);
  const interfaces = [{ ...first, ...more, ...(advertised ? { advertised } : {}) }, ...rest];
  return advertisementFacts({ ...one, interfaces }, 'qrouter-x', env);
}

function fileOf(...given: Parameters<typeof facts>): string {
  const [file] = facts(...given);
  return file?.fact === 'file' ? file.content : '';
}

const dns = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4'];

test('a router without IPv6 subnets to tell of runs no radvd', () => {
  assert.deepEqual(facts(undefined), []);
});

test('SLAAC: prefix, MTU and three DNS servers at most', () => {
  const [file, process] = facts([{ cidr: 'fd00:1::/64', mode: 'slaac', dns_nameservers: dns }]);
  assert.deepEqual(file, {
    fact: 'file',
    path: '/state/ra/00000014-0000-4000-8000-000000000000.radvd.conf',
    mode: 0o444,
    content: `# Written by neutrino.
interface qr-00001402-00
{
    AdvSendAdvert on;
    MinRtrAdvInterval 30;
    MaxRtrAdvInterval 100;
    AdvLinkMTU 1450;
    RDNSS 2001:db8::1 2001:db8::2 2001:db8::3 {};
    prefix fd00:1::/64
    {
        AdvOnLink on;
        AdvAutonomous on;
    };
};
`,
  });
  assert.equal(process?.fact === 'process' && process.namespace, 'qrouter-x');
});

test('the flags say what comes from DHCPv6, which tells of DNS servers itself', () => {
  const stateless = fileOf([{ cidr: 'fd00:1::/64', mode: 'dhcpv6-stateless', dns_nameservers: dns }]);
  assert.match(stateless, /AdvOtherConfigFlag on;[\s\S]*AdvAutonomous on;/);
  assert.doesNotMatch(stateless, /AdvManagedFlag|RDNSS/);
  const stateful = fileOf([{ cidr: 'fd00:1::/64', mode: 'dhcpv6-stateful', dns_nameservers: dns }]);
  assert.match(stateful, /AdvManagedFlag on;[\s\S]*AdvAutonomous off;/);
  assert.doesNotMatch(stateful, /AdvOtherConfigFlag|RDNSS/);
});

test('no MTU is told that IPv6 does not know', () => {
  const told = (mtu: number) => fileOf([{ cidr: 'fd00:1::/64', mode: 'slaac', dns_nameservers: [] }], { mtu });
  assert.match(told(1280), /AdvLinkMTU 1280;/);
  assert.doesNotMatch(told(1279), /AdvLinkMTU/);
});

test('another prefix is read again by the same process', () => {
  const process = (cidr: string) => facts([{ cidr, mode: 'slaac', dns_nameservers: [] }])[1];
  const [before, after] = [process('fd00:1::/64'), process('fd00:2::/64')];
  assert.ok(before?.fact === 'process' && after?.fact === 'process');
  assert.equal(before.restartOn, after.restartOn);
  assert.notEqual(before.reloadOn, after.reloadOn);
});
