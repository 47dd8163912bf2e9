import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChainFact, factSet } from './facts.ts';
import { cutsFor, translationOf } from './translations.ts';

const namespace = 'qrouter-1';

function chain(rules: string[]): ChainFact {
  return { fact: 'chain', namespace, family: 4, table: 'nat', chain: 'neutron-l3-agent-pf-1', rules };
}

test('a rule is read as the translation it makes', () => {
  const shifted = '-d 172.24.4.10/32 -p tcp -m tcp --dport 9000:9010 -j DNAT --to-destination 10.0.0.5:80-90/9000';
  assert.deepEqual(translationOf(namespace, shifted), {
    namespace,
    destination: '172.24.4.10',
    protocol: 'tcp',
    ports: { first: 9000, last: 9010 },
    target: '10.0.0.5',
    targetFirst: 80,
    shifted: true,
  });
  assert.equal(translationOf(namespace, '-s 10.0.0.5/32 -j SNAT --to-source 172.24.4.10 --random-fully'), null);
});

interface Rule {
  readonly protocol: 'tcp' | 'udp';
  readonly first: number;
  readonly last: number;
  readonly inside: number;
  readonly shifted: boolean;
  readonly target: string;
}

const rules: fc.Arbitrary<Rule> = fc
  .record({
    protocol: fc.constantFrom<Rule['protocol']>('tcp', 'tcp', 'udp'),
    first: fc.integer({ min: 1, max: 8 }),
    length: fc.integer({ min: 0, max: 5 }),
    inside: fc.integer({ min: 1, max: 8 }),
    shifted: fc.boolean(),
    target: fc.constantFrom('10.0.0.5', '10.0.0.5', '10.0.0.6'),
  })
  .map(({ length, ...rest }) => ({ ...rest, last: rest.first + length }));

function text({ protocol, first, last, inside, shifted, target }: Rule): string {
  const ports = first === last ? `${first}` : `${first}:${last}`;
  const to = shifted && first !== last ? `${inside}-${inside + last - first}/${first}` : `${inside}`;
  return `-d 172.24.4.10/32 -p ${protocol} -m ${protocol} --dport ${ports} -j DNAT --to-destination ${target}:${to}`;
}

/** Where each port goes by a rule: protocol, outside port, target, inside port. */
function paths({ protocol, first, last, inside, shifted, target }: Rule): string[] {
  const ports = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return ports.map((port) => `${protocol} ${port} ${target} ${shifted ? inside + port - first : inside}`);
}

test('connections are cut where no rule sends them on alike, and nowhere else', () => {
  const some = fc.array(rules, { maxLength: 3 });
  fc.assert(
    fc.property(some, some, (old, kept) => {
      const wanted = factSet([chain(kept.map(text))]);
      const cut = new Set(
        cutsFor([chain(old.map(text))], wanted, 'test').flatMap(({ connections: { protocol, ports, target } }) =>
          Array.from({ length: 20 }, (_, port) => port)
            .filter((port) => ports && port >= ports.first && port <= ports.last)
            .map((port) => `${protocol} ${port} ${target}`),
        ),
      );
      const still = new Set(kept.flatMap(paths));
      const lost = old.flatMap(paths).filter((path) => !still.has(path));
      assert.deepEqual([...cut].sort(), [...new Set(lost.map((path) => path.replace(/ \d+$/, '')))].sort());
    }),
    { numRuns: 500 },
  );
});

test('a floating IP that goes elsewhere loses the connections of every protocol', () => {
  const to = (target: string) => chain([`-d 172.24.4.11/32 -j DNAT --to-destination ${target}`]);
  const [cut, ...more] = cutsFor([to('10.0.0.5')], factSet([to('10.0.0.6')]), 'test');
  assert.deepEqual(cut?.connections, { destination: '172.24.4.11', protocol: null, ports: null, target: '10.0.0.5' });
  assert.equal(more.length, 0);
  assert.deepEqual(cutsFor([to('10.0.0.5')], factSet([to('10.0.0.5')]), 'test'), []);
});
