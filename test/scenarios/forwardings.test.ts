import assert from 'node:assert/strict';
import { test } from 'node:test';
import { network, router } from '../../src/agent/world.ts';
import { type HostKey, type HostObject, hostKey } from '../../src/model/host-objects.ts';
import { describeStep, plan } from '../../src/plan/diff.ts';
import { type Facts, factSet } from '../../src/plan/facts.ts';
import { render } from '../../src/plan/render/index.ts';

const environment = {
  stateDir: '/state',
  localIp: null,
  bridgeMappings: { public: 'br-ex' },
  links: new Set<string>(),
  driver: 'linuxbridge',
  natDriver: 'iptables',
} as const;
const external = network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });

function facts(forwarded: readonly number[]): Facts {
  const objects = [external, network(2), router(20, [2], forwarded)];
  const known = new Map<HostKey, HostObject>(objects.map((one) => [hostKey(one), one]));
  return factSet(render(hostKey(objects[2] as HostObject), (key) => known.get(key), environment).facts);
}

function change(from: readonly number[], to: readonly number[]): string[] {
  const have = facts(from);
  const steps = plan(facts(to), have, new Set(have.keys()), 'test');
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
