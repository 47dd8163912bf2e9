import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../lib/clock.ts';
import type { HostKey } from '../model/host-objects.ts';
import { tellProgress } from './progress.ts';
import { Units } from './units.ts';
import { network, uuid } from './world.ts';

test('a start that takes long tells how far it has come, and that it is over', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const known = new Map(
    [1, 2, 3].map((n): [HostKey, ReturnType<typeof network>] => [`network/${uuid(n)}`, network(n)]),
  );
  const env = {
    stateDir: '/state',
    localIp: null,
    bridgeMappings: {},
    driver: 'linuxbridge',
    natDriver: 'iptables',
  } as const;
  const units = new Units(known, env, { tagOf: () => undefined, free() {} });
  const all = [...known.keys()].map((key) => units.unit(key));
  for (const unit of all) units.wake(unit, 'start');
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  const clock = new ManualClock();
  const pass = () => {
    clock.advance(2000);
    t.mock.timers.tick(2000);
  };
  tellProgress(units, { info: say, warn: say, error: say }, clock);
  for (const unit of all.slice(0, 2)) unit.started = 1;
  if (all[1]) all[1].running = true;
  pass();
  for (const unit of all) Object.assign(unit, { started: 1, running: false });
  pass();
  pass();
  assert.deepEqual(lines, [
    '1 of 3 objects have been looked at, 2.0 s after the start.',
    'All 3 objects have been looked at, 4.0 s after the start.',
  ]);
});
