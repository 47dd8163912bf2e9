import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canWire, chooseDhcpAgents, isAlive, isInZones, leastLoaded, spread } from './schedule.ts';

const at = (host: string, load: number) => ({ id: `id-${host}`, host, load });

test('an agent is alive for agent_down_time after its report, and no longer', () => {
  const row = { heartbeat_timestamp: '2026-01-01T00:00:00Z' };
  const start = Date.UTC(2026, 0, 1);
  assert.equal(isAlive(row, start + 75_000, 75), true);
  assert.equal(isAlive(row, start + 75_001, 75), false);
});

test('the least loaded come first, and by name where loads are equal', () => {
  const hosts = (count: number) => leastLoaded([at('c', 1), at('b', 2), at('a', 2)], count).map((c) => c.host);
  assert.deepEqual(hosts(3), ['c', 'a', 'b']);
  assert.deepEqual(hosts(1), ['c']);
  assert.deepEqual(hosts(-1), []);
});

test('DHCP stays where it is, fills up to the count, and leaves a dead agent only for a live one', () => {
  const usable = [at('a', 5), at('b', 0), at('c', 1)];
  const choose = (bound: string[], count: number, from = usable) => {
    const { stay, add, drop } = chooseDhcpAgents(bound, from, count);
    return { stay, add: add.map((c) => c.id), drop };
  };
  assert.deepEqual(choose([], 1), { stay: [], add: ['id-b'], drop: [] });
  assert.deepEqual(choose(['id-a'], 1), { stay: ['id-a'], add: [], drop: [] });
  assert.deepEqual(choose(['id-a'], 2), { stay: ['id-a'], add: ['id-b'], drop: [] });
  assert.deepEqual(choose(['id-a', 'id-b'], 1), { stay: ['id-a', 'id-b'], add: [], drop: [] });
  assert.deepEqual(choose(['id-dead'], 1), { stay: [], add: ['id-b'], drop: ['id-dead'] });
  assert.deepEqual(choose(['id-dead'], 1, []), { stay: ['id-dead'], add: [], drop: [] });
});

test('a network on a physical network needs a bridge for it', () => {
  assert.equal(canWire({}, null), true);
  assert.equal(canWire({}, 'public'), false);
  assert.equal(canWire({ bridge_mappings: { public: 'br-ex' } }, 'public'), true);
  assert.equal(canWire({ bridge_mappings: {}, interface_mappings: { public: 'eth1' } }, 'public'), true);
});

test('several are chosen from as many zones as there are', () => {
  const candidates = [
    { ...at('a', 0), zone: 'x' },
    { ...at('b', 1), zone: 'x' },
    { ...at('c', 9), zone: 'y' },
  ];
  const hosts = (count: number) => spread(candidates, count).map((one) => one.host);
  assert.deepEqual(hosts(1), ['a']);
  assert.deepEqual(hosts(2), ['a', 'c']);
  assert.deepEqual(hosts(5), ['a', 'c', 'b']);
  assert.equal(isInZones({ availability_zone: 'x' }, ['y']), false);
  assert.equal(isInZones({ availability_zone: 'x' }, []), true);
  assert.equal(isInZones({ availability_zone: null }, ['x']), false);
});
