import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meteringCountsLimit } from '../model/host-objects.ts';
import type { Fact } from '../plan/facts.ts';
import { meteringTable, routerNamespace } from '../plan/render/index.ts';
import type { Step } from '../plan/steps.ts';
import { endingsOf, Meters } from './meters.ts';

const namespace = routerNamespace('r');
const metering = { project_id: 'p', labels: [] };
const counted = (name: string, packets: number) => ({ namespace, name, packets, bytes: packets * 100 });
const table = (...names: string[]): Fact => ({
  fact: 'nft-table',
  namespace,
  ...meteringTable,
  sets: [],
  objects: names.map((name) => ({ name, of: 'counter', body: '' })),
  chains: [],
});
const remove = (fact: Fact): Step => ({ do: 'remove', fact, why: 'test' });

function metersOf(): Meters {
  const meters = new Meters('run', 'boot');
  meters.know('r', metering);
  return meters;
}

/** What a report says, in short; undefined where there is none. */
function told(meters: Meters): string[] | undefined {
  const report = meters.next();
  meters.taken();
  return report?.counts.map((one) => `${one.direction} ${one.label_id} ${one.packets}${one.ended ? ' ended' : ''}`);
}

function end(meters: Meters, ...steps: Step[]): void {
  for (const ending of endingsOf(steps)) meters.end(ending);
}

test('what rose is told once, and a report stays the same until the server has it', () => {
  const meters = metersOf();
  meters.take([counted('egress-a', 3), counted('ingress-a', 0), counted('other', 9)], meters.moment);
  const report = meters.next();
  assert.deepEqual(report, {
    ...{ run: 'run', number: 1, boot: 'boot' },
    counts: [{ router_id: 'r', project_id: 'p', label_id: 'a', direction: 'egress', packets: 3, bytes: 300 }],
  });
  meters.take([counted('egress-a', 5)], meters.moment);
  assert.equal(meters.next(), report);
  meters.taken();
  assert.deepEqual(told(meters), ['egress a 5']);
  meters.take([counted('egress-a', 5)], meters.moment);
  assert.equal(told(meters), undefined);
});

test('a counter that goes is told as it was last, before the one that comes after it', () => {
  const meters = metersOf();
  meters.take([counted('egress-a', 3), counted('egress-b', 4), counted('ingress-b', 0)], meters.moment);
  end(meters, { do: 'change', fact: table('egress-a'), was: table('egress-a', 'egress-b'), why: 'test' });
  meters.take([counted('egress-a', 3), counted('egress-b', 1)], meters.moment);
  assert.deepEqual(told(meters), ['egress b 4 ended', 'egress a 3', 'egress b 1']);
  end(meters, remove(table('egress-a', 'egress-b')));
  assert.deepEqual(told(meters), ['egress a 3 ended', 'egress b 1 ended']);
  assert.deepEqual(meters.namespaces, [namespace], 'it may come back');
  meters.know('r', undefined);
  end(meters, remove({ fact: 'netns', name: namespace }));
  assert.deepEqual(meters.namespaces, []);
});

test('a counter that somebody made anew is another one', () => {
  const meters = metersOf();
  meters.take([counted('egress-a', 3)], meters.moment);
  meters.take([counted('egress-a', 1)], meters.moment);
  assert.deepEqual(told(meters), ['egress a 3 ended', 'egress a 1']);
});

test('a reading that began before its counter ended is not one of the counter that came after it', () => {
  const meters = metersOf();
  meters.take([counted('egress-a', 3)], meters.moment);
  const { moment } = meters;
  end(meters, remove(table('egress-a')));
  meters.take([counted('egress-a', 3)], moment);
  assert.deepEqual(told(meters), ['egress a 3 ended']);
  meters.take([counted('egress-a', 2)], meters.moment);
  assert.deepEqual(told(meters), ['egress a 2']);
});

test('other tables, and what is only added, end nothing', () => {
  const other: Fact = { ...(table('egress-a') as Extract<Fact, { fact: 'nft-table' }>), table: 'neutrino-qos' };
  assert.deepEqual(endingsOf([remove(other), { do: 'add', fact: table('egress-a'), why: 'test' }]), []);
});

test('a report is bounded, and the rest follows in the next ones', () => {
  const meters = metersOf();
  const names = Array.from({ length: meteringCountsLimit + 1 }, (_, at) => `egress-${at}`);
  meters.take(
    names.map((name) => counted(name, 1)),
    meters.moment,
  );
  assert.deepEqual([told(meters)?.length, told(meters)?.length, told(meters)], [meteringCountsLimit, 1, undefined]);
});
