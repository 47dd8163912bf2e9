import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostMetering, HostRouter } from '../../model/host-objects.ts';
import { counterOf, meteringFacts } from './router-metering.ts';

type Rule = HostMetering['rules'][number];

const gateway = { port_id: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' };
const rule = (direction: Rule['direction'], more: Partial<Rule> = {}): Rule => {
  return { direction, excluded: false, source_ip_prefix: null, destination_ip_prefix: null, ...more };
};

function tableOf(labels: readonly HostMetering[]) {
  const metering = { project_id: 'p', labels };
  const [table] = meteringFacts({ gateway, metering } as HostRouter, 'qrouter-r');
  return table;
}

test('a label counts what its rules name and none of them leaves out, each direction by its own counter', () => {
  const rules = [
    rule('egress', { source_ip_prefix: '10.0.0.0/24' }),
    rule('egress', { source_ip_prefix: '10.0.2.0/24' }),
    rule('egress', { source_ip_prefix: '10.0.2.128/25' }),
    rule('egress', { source_ip_prefix: 'fd00::/8' }),
    rule('egress', { destination_ip_prefix: '198.51.100.0/24', excluded: true }),
    rule('ingress', { source_ip_prefix: '0.0.0.0/0', destination_ip_prefix: '10.0.0.5/32' }),
  ];
  const table = tableOf([{ label_id: 'l', rules }]);
  assert.deepEqual(table?.chains, [
    {
      name: 'ingress-l',
      rules: ['ip saddr 0.0.0.0/0 ip daddr 10.0.0.5/32 counter name "ingress-l" return'],
    },
    {
      name: 'egress-l',
      rules: [
        'ip daddr 198.51.100.0/24 return',
        'ip saddr { 10.0.0.0/24, 10.0.2.0/24 } counter name "egress-l" return',
        'ip6 saddr fd00::/8 counter name "egress-l" return',
      ],
    },
    { name: 'ingress', rules: ['jump ingress-l'] },
    { name: 'egress', rules: ['jump egress-l'] },
    {
      name: 'FORWARD',
      hook: 'type filter hook forward priority 10; policy accept;',
      rules: ['iifname "qg-aaaaaaaa-bb" jump ingress', 'oifname "qg-aaaaaaaa-bb" jump egress'],
    },
  ]);
  assert.deepEqual(
    table?.objects?.map(({ name, of }) => `${of} ${name}`),
    ['counter ingress-l', 'counter egress-l'],
  );
});

test('a label counts nothing in a direction for which it only leaves out, and nothing where there is no gateway', () => {
  const egress = rule('egress', { destination_ip_prefix: '0.0.0.0/0' });
  const excluded = rule('ingress', { destination_ip_prefix: '0.0.0.0/0', excluded: true });
  const labels = [{ label_id: 'l', rules: [egress, excluded] }];
  const [own, ...shared] = tableOf(labels)?.chains.map(({ name }) => name) ?? [];
  assert.deepEqual([own, shared], ['egress-l', ['ingress', 'egress', 'FORWARD']]);
  assert.deepEqual(
    meteringFacts({ gateway: null, metering: { project_id: 'p', labels } } as unknown as HostRouter, 'qrouter-r'),
    [],
  );
});

test('the name of a counter tells of what it is', () => {
  assert.deepEqual(counterOf('egress-1-2'), { direction: 'egress', labelId: '1-2' });
  for (const name of ['egress', 'other-1', '']) assert.equal(counterOf(name), undefined);
});
