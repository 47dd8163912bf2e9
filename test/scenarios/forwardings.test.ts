import assert from 'node:assert/strict';
import { test } from 'node:test';
import { network, router } from '../../src/agent/world.ts';
import { type HostKey, type HostObject, type HostRouter, hostKey } from '../../src/model/host-objects.ts';
import { describeStep, plan } from '../../src/plan/diff.ts';
import { type Facts, factSet } from '../../src/plan/facts.ts';
import { type NatDriver, render } from '../../src/plan/render/index.ts';

const environment = {
  stateDir: '/state',
  localIp: null,
  bridgeMappings: { public: 'br-ex' },
  links: new Set<string>(),
  driver: 'linuxbridge',
} as const;
const external = network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });

function facts(forwarded: readonly number[], natDriver: NatDriver): Facts {
  const objects = [external, network(2), router(20, [2], forwarded)];
  const known = new Map<HostKey, HostObject>(objects.map((one) => [hostKey(one), one]));
  return factSet(
    render(hostKey(objects[2] as HostObject), (key) => known.get(key), { ...environment, natDriver }).facts,
  );
}

function change(from: readonly number[], to: readonly number[], natDriver: NatDriver = 'iptables'): string[] {
  const have = facts(from, natDriver);
  const steps = plan(facts(to, natDriver), have, new Set(have.keys()), 'test');
  return steps.map((step) =>
    describeStep(step)
      .replace(/ in qrouter\S*/, '')
      .replace(/\s+/g, ' '),
  );
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => 2000 + 2 * at);

test('a forwarding comes with its chain and one jump, and goes with them, whatever the number of others', () => {
  const others = numbers(500);
  for (const one of [1001, 2501, 9001]) {
    const all = [...others, one].sort((a, b) => a - b);
    const steps = change(others, all);
    assert.equal(steps.length, 2, steps.join('\n'));
    assert.match(steps[0] ?? '', /^add chain nat neutron-l3-agent-pf-/);
    assert.match(steps[1] ?? '', /^add hook nat neutron-l3-agent-fip-pf/);
    assert.deepEqual(
      change(all, others).map((step) => step.split(' ').slice(0, 2).join(' ')),
      ['remove hook', 'remove chain', 'cut connections'],
    );
  }
});

test('with nftables a forwarding is one element, whatever the number of others', () => {
  const others = numbers(500);
  for (const one of [1001, 2501, 9001]) {
    const all = [...others, one].sort((a, b) => a - b);
    const steps = change(others, all, 'nftables');
    assert.equal(steps.length, 1, steps.join('\n'));
    assert.match(steps[0] ?? '', /^add nft inet neutrino forwardings 10\.0\.1\.200 \. tcp \. /);
    assert.deepEqual(
      change(all, others, 'nftables').map((step) => step.split(' ').slice(0, 2).join(' ')),
      ['remove nft', 'cut connections'],
    );
  }
});

test('shifted ranges that come to too many elements are refused by the forwarding, and the others live', () => {
  const wide = (n: number, width: number) => ({
    ...(router(20, [2], [n]).port_forwardings[0] as HostRouter['port_forwardings'][number]),
    external_first: n,
    external_last: n + width - 1,
    internal_first: n + 1,
    internal_last: n + width,
  });
  const one = {
    ...router(20, [2], [9000]),
    port_forwardings: [wide(1, 40_000), wide(41_000, 20_000), wide(62_000, 9)],
  };
  const tooMuch = { ...one, port_forwardings: [...one.port_forwardings, { ...wide(1, 30_000), protocol: 'udp' }] };
  const rendered = (object: HostRouter) => {
    const known = new Map<HostKey, HostObject>([external, network(2), object].map((each) => [hostKey(each), each]));
    return render(hostKey(object), (key) => known.get(key), { ...environment, natDriver: 'nftables' });
  };
  assert.equal(rendered(one).problem, null);
  const { facts: left, problem } = rendered(tooMuch);
  assert.match(problem ?? '', /forwarding .*65536.*nat_driver = iptables/);
  assert.equal(left.filter(({ fact }) => fact === 'nft-element').length, 3);
});
