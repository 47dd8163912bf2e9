/** What every machine does, whatever it is made of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../../src/host/machine.ts';
import { plan } from '../../src/plan/diff.ts';
import { type Fact, factKey, factSet, type HookFact } from '../../src/plan/facts.ts';
import { same } from '../../src/plan/same.ts';
import type { Step } from '../../src/plan/steps.ts';
import { type Sample, samples } from './machine-samples.ts';

const why = 'test';
export const add = (fact: Fact): Step => ({ do: 'add', fact, why });
export const change = (was: Fact, fact: Fact): Step => ({ do: 'change', fact, was, why });
export const remove = (fact: Fact): Step => ({ do: 'remove', fact, why });

/** Performs steps that must all succeed. */
export async function performAll(machine: Machine, steps: readonly Step[]): Promise<void> {
  const failures = await machine.perform(steps);
  assert.deepEqual(
    failures.map(({ step, error }) => `${step.do} ${step.do === 'cut' ? '' : factKey(step.fact)}: ${error}`),
    [],
  );
}

/** The present state of one fact. */
export async function now(machine: Machine, fact: Fact): Promise<Fact | undefined> {
  return (await machine.observe([fact])).get(factKey(fact));
}

async function lives(machine: Machine, { before, first, second, stays, opaque }: Sample): Promise<void> {
  await performAll(machine, before.map(add));
  for (const _ of ['once', 'again']) {
    await performAll(machine, [add(first)]);
    assert.deepEqual(await now(machine, first), first, 'added');
  }
  if (second) {
    const seen = await now(machine, second);
    if (opaque) assert.ok(seen && !same(second, seen), 'asked about as it is wanted to become');
    else assert.deepEqual(seen, first, 'asked about as it is wanted to become');
    for (const _ of ['once', 'again']) {
      await performAll(machine, [change(first, second)]);
      assert.deepEqual(await now(machine, second), second, 'changed');
    }
    await performAll(machine, [change(second, first)]);
    assert.deepEqual(await now(machine, first), first, 'changed back');
  }
  for (const _ of ['once', 'again']) {
    await performAll(machine, [remove(first)]);
    if (!stays) assert.equal(await now(machine, first), undefined, 'removed');
  }
  await performAll(machine, before.map(remove).reverse());
  for (const fact of before) assert.equal(await now(machine, fact), undefined, `${factKey(fact)} is gone as well`);
}

/** Counters of many tables, one of which is not there; a changed table keeps those that stay in it. */
async function counters(machine: Machine): Promise<void> {
  const at = (namespace: string) => ({ namespace, family: 'inet', table: 'counting' }) as const;
  const table = (namespace: string, ...names: string[]): Fact => ({
    ...{ fact: 'nft-table', ...at(namespace), sets: [], chains: [] },
    objects: names.map((name) => ({ name, of: 'counter', body: '' })),
  });
  const places = ['counting-1', 'counting-2'];
  const spaces = places.map((name): Fact => ({ fact: 'netns', name }));
  const first = table('counting-1', 'one', 'two');
  await performAll(machine, [...spaces, first].map(add));
  const read = async () => {
    const all = await machine.readCounters([...places, 'counting-3'].map(at));
    return all.map(({ namespace, name, packets, bytes }) => `${namespace} ${name} ${packets} ${bytes}`).sort();
  };
  assert.deepEqual(await read(), ['counting-1 one 0 0', 'counting-1 two 0 0']);
  await performAll(machine, [change(first, table('counting-1', 'two')), add(table('counting-2', 'three'))]);
  assert.deepEqual(await read(), ['counting-1 two 0 0', 'counting-2 three 0 0']);
  await performAll(machine, spaces.map(remove));
  assert.deepEqual(await read(), []);
}

async function manyAtOnce(machine: Machine): Promise<void> {
  const namespace = 'many';
  const name = (i: number) => `neutron-l3-agent-c${i}`;
  const chains: Fact[] = Array.from({ length: 10 }, (_, i) => ({
    fact: 'chain',
    namespace,
    family: 4,
    table: 'nat',
    chain: name(i),
    rules: i < 9 ? [`-j ${name(i + 1)}`] : ['-j RETURN'],
  }));
  const hook: Fact = { fact: 'hook', namespace, family: 4, table: 'nat', chain: 'PREROUTING', rule: `-j ${name(0)}` };
  const facts: Fact[] = [
    { fact: 'netns', name: namespace },
    { fact: 'link', namespace, name: 'br', kind: { type: 'bridge' }, up: true },
    { fact: 'address', namespace, device: 'br', cidr: '10.1.0.1/24' },
    { fact: 'sysctl', namespace, name: 'net.ipv4.ip_forward', value: '1' },
    { fact: 'route', namespace, destination: '10.2.0.0/24', via: '10.1.0.9', device: 'br' },
    ...chains,
    hook,
  ];
  await performAll(machine, facts.map(add));
  assert.deepEqual(
    [...(await machine.observe(facts)).values()].map(factKey).sort(),
    facts.map(factKey).sort(),
    'a chain may jump to one that a later step makes',
  );
  await performAll(machine, facts.map(remove).reverse());
  assert.deepEqual([...(await machine.observe(facts)).keys()], []);
}

async function orderOfHooks(machine: Machine): Promise<void> {
  const place = { namespace: 'order', family: 4, table: 'raw' } as const;
  const hook = (chain: string): HookFact => ({ fact: 'hook', ...place, chain: 'PREROUTING', rule: `-j ${chain}` });
  const chains = ['one', 'two', 'three'];
  const hooks = chains.map((chain, at): HookFact => {
    const front = chains[at - 1];
    return front === undefined ? hook(chain) : { ...hook(chain), behind: `-j ${front}` };
  });
  const facts: Fact[] = [
    { fact: 'netns', name: place.namespace },
    ...chains.map((chain): Fact => ({ fact: 'chain', ...place, chain, rules: [] })),
    ...hooks,
  ];
  const want = factSet(facts);
  const converge = async () => performAll(machine, plan(want, await machine.observe(facts), new Set(), why));
  await converge();
  assert.equal((await machine.observe(facts)).size, facts.length);
  for (const moved of hooks.slice(1)) {
    // It comes to the front, as if somebody had taken the others out and put them in again behind it.
    await performAll(machine, [add(hook(moved.rule.slice(3)))]);
    assert.equal(await now(machine, moved), undefined, 'before the one that it is to stand behind, it is not there');
    await converge();
    assert.equal((await machine.observe(facts)).size, facts.length, 'in order again');
  }
  await performAll(machine, facts.map(remove).reverse());
}

async function missingNamespace(machine: Machine): Promise<void> {
  const address: Fact = { fact: 'address', namespace: 'nowhere', device: 'lo', cidr: '10.9.9.9/32' };
  assert.equal(await now(machine, address), undefined);
  await performAll(machine, [remove(address)]);
  const failures = await machine.perform([add(address), add({ fact: 'netns', name: 'after' })]);
  assert.equal(failures.length, 1);
  assert.deepEqual(failures[0]?.step, add(address));
  assert.match(failures[0]?.error ?? '', /nowhere/);
  assert.ok(await now(machine, { fact: 'netns', name: 'after' }), 'what has nothing to do with it goes on');
  await performAll(machine, [remove({ fact: 'netns', name: 'after' })]);
}

/** Defines a test for each sample. `open` gives a fresh machine; what needs something that the kernel `lacks` is skipped. */
export function sampleSuite(
  name: string,
  open: () => Promise<Machine>,
  all: readonly Sample[],
  lacks: ReadonlySet<string> = new Set(),
): void {
  for (const sample of all) {
    const skip = sample.needs && lacks.has(sample.needs) ? `this kernel has no ${sample.needs}` : false;
    test(`${name}: ${sample.title} comes, changes and goes, twice`, { skip }, async () => lives(await open(), sample));
  }
}

/** Defines the tests. `open` gives a fresh machine, `folder` is one for files. */
export function machineSuite(
  name: string,
  open: () => Promise<Machine>,
  folder: string,
  lacks: ReadonlySet<string> = new Set(),
): void {
  sampleSuite(name, open, samples(folder), lacks);
  test(`${name}: many steps in one plan`, async () => manyAtOnce(await open()));
  test(`${name}: counters are read, of as many tables as there are`, async () => counters(await open()));
  test(`${name}: hooks stand in their order`, async () => orderOfHooks(await open()));
  test(`${name}: a missing namespace fails its own steps only`, async () => missingNamespace(await open()));
}
