import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStep, plan } from './diff.ts';
import { type Fact, factKey, factSet, type HookFact, type LinkFact } from './facts.ts';

const namespace = 'qrouter-1';
const netns: Fact = { fact: 'netns', name: namespace };
const bridge: LinkFact = { fact: 'link', namespace: '', name: 'brq1', kind: { type: 'bridge' }, mtu: 1450, up: true };
const tap: LinkFact = {
  fact: 'link',
  namespace: '',
  name: 'tap1',
  kind: { type: 'veth', peer: { namespace, name: 'qr-1' } },
  up: true,
  master: 'brq1',
};
const inner: LinkFact = { fact: 'link', namespace, name: 'qr-1', kind: { type: 'peer' }, up: true };
const address: Fact = { fact: 'address', namespace, device: 'qr-1', cidr: '10.0.0.1/24' };
const forwarding: Fact = { fact: 'sysctl', namespace, name: 'net.ipv4.ip_forward', value: '1' };

function lines(want: Fact[], have: Fact[], made: Fact[] = have): string[] {
  const steps = plan(factSet(want), factSet(have), new Set(made.map(factKey)), 'test');
  return steps.map((step) => describeStep(step).replace(/\s+/g, ' ').replace(/ \(.*/, ''));
}

test('nothing is planned where all is as wanted', () => {
  const all = [netns, bridge, tap, inner, address];
  assert.deepEqual(lines(all, all), []);
});

test('only what stands in the ledger is removed', () => {
  assert.deepEqual(lines([], [bridge], []), []);
  assert.deepEqual(lines([], [bridge], [bridge]), ['remove link brq1']);
});

test('what goes with its namespace, or with the other end, is not removed singly', () => {
  assert.deepEqual(lines([], [netns, tap, inner, address, forwarding]), [`remove namespace ${namespace}`]);
  assert.deepEqual(lines([netns], [netns, tap, inner, address]), ['remove link tap1']);
  // Whichever way the ends are read, one step takes both.
  const mirrored: LinkFact = { ...inner, kind: { type: 'veth', peer: { namespace: '', name: 'tap1' } } };
  assert.equal(lines([netns], [netns, tap, mirrored, address]).length, 1);
});

test('half a pair, or a link made in another way, is made anew with all that stands on it', () => {
  assert.deepEqual(lines([netns, tap, inner, address], [netns, tap]), [
    'remove link tap1',
    'add link tap1',
    `add link qr-1 in ${namespace}`,
    `add address 10.0.0.1/24 on qr-1 in ${namespace}`,
  ]);
  const vxlan = (vni: number): LinkFact => {
    const kind = { type: 'vxlan', vni, local: '192.0.2.1', port: 4789 } as const;
    return { fact: 'link', namespace: '', name: 'vx', kind, up: true };
  };
  const fdb: Fact = { fact: 'fdb', namespace: '', device: 'vx', mac: '00:00:00:00:00:00', endpoint: '192.0.2.2' };
  assert.deepEqual(lines([vxlan(2), fdb], [vxlan(1), fdb]), [
    'remove link vx',
    'add link vx',
    'add fdb 00:00:00:00:00:00 at 192.0.2.2 on vx',
  ]);
  assert.deepEqual(lines([bridge, tap], [{ ...bridge, kind: { type: 'vxlan', vni: 1, local: '', port: 1 } }, tap]), [
    'remove link brq1',
    'add link brq1',
    'change link tap1',
  ]);
});

test('a device of someone else under the name of ours is never removed', () => {
  assert.deepEqual(lines([bridge], [{ ...bridge, kind: { type: 'foreign' } }], [bridge]), ['change link brq1']);
});

test('hooks end up in the order wanted, whichever is missing', () => {
  const hook = (name: string): HookFact => {
    return { fact: 'hook', namespace, family: 4, table: 'nat', chain: 'POSTROUTING', rule: `-j ${name}` };
  };
  const want = [hook('a'), hook('b'), hook('c')];
  for (const missing of [0, 1, 2]) {
    const have = want.filter((_, index) => index !== missing);
    let chain = have.map(({ rule }) => rule);
    for (const step of plan(factSet(want), factSet(have), new Set(), 'test')) {
      if (step.do === 'cut' || step.fact.fact !== 'hook') throw new Error('a step about something else');
      const { rule } = step.fact;
      chain = step.do === 'remove' ? chain.filter((one) => one !== rule) : [rule, ...chain];
    }
    assert.deepEqual(
      chain,
      want.map(({ rule }) => rule),
    );
  }
});

test('a tap is attached behind its rules, and shut before they go', () => {
  const instance: LinkFact = { fact: 'link', namespace: '', name: 'tap9', kind: { type: 'foreign' }, up: true };
  const rules: Fact = { fact: 'chain', namespace: '', family: 4, table: 'filter', chain: 'c', rules: [] };
  assert.deepEqual(lines([instance, rules], []), ['add chain filter c', 'add link tap9']);
  assert.deepEqual(lines([], [instance, rules]), ['release link tap9', 'remove chain filter c']);
});

test('a chain is made after those it jumps to, and goes before them', () => {
  const chain = (name: string, rules: string[]): Fact => {
    return { fact: 'chain', namespace, family: 4, table: 'nat', chain: name, rules };
  };
  const chains = [chain('a', ['-j b']), chain('b', ['-j c']), chain('c', [])];
  const names = (steps: string[]) => steps.map((line) => `${line.split(' ')[0]} ${line.split(' ')[3]}`);
  assert.deepEqual(names(lines(chains, [])), ['add c', 'add b', 'add a']);
  assert.deepEqual(names(lines([], chains)), ['remove a', 'remove b', 'remove c']);
});

test('a smaller MTU comes to the inner end of a pair first, a larger one to the outer end', () => {
  const pair = (mtu: number): Fact[] => [netns, { ...tap, mtu }, { ...inner, mtu }];
  assert.deepEqual(lines(pair(1300), pair(1450)), [`change link qr-1 in ${namespace}`, 'change link tap1']);
  assert.deepEqual(lines(pair(1450), pair(1300)), ['change link tap1', `change link qr-1 in ${namespace}`]);
});
