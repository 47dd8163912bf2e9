/** Any history of changes, devices, accidents and deaths ends where a fresh start ends. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { it } from 'node:test';
import fc from 'fast-check';
import { type HostKey, type HostObject, hostKey } from '../model/host-objects.ts';
import { quiet, TestMachine, TestServer, testAgent, testFolder } from './fixtures.ts';
import type { Agent } from './index.ts';
import { addressSet, dhcp, group, network, port, router, tap } from './world.ts';

const external = network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });
/** What can be put: several shapes of each object. */
const shapes: HostObject[] = [
  external,
  { ...external, mtu: 1400 },
  network(2),
  network(2, { mtu: 1300, remote_ports: [{ mac: 'fa:16:3e:00:01:01', ips: ['10.0.2.77'], vtep: '192.0.2.2' }] }),
  network(3),
  network(3, { segmentation_id: 33 }),
  group(true),
  group(false),
  addressSet('10.0.2.9/32'),
  addressSet('10.0.2.9/32', '10.0.3.9/32'),
  port(10, 2),
  port(10, 3),
  port(10, 2, { port_security_enabled: false }),
  port(11, 2, { security_groups: [] }),
  port(11, 1),
  router(20, [2, 3], [9000]),
  router(20, [2], [9000, 9001]),
  router(20, [3]),
  router(21, [2]),
  dhcp(2, [10]),
  dhcp(2, [10, 11]),
  dhcp(3, []),
];
const keys = [...new Set(shapes.map(hostKey))];
const taps = [tap(10), tap(11)];

type Event =
  | { do: 'put'; shapes: number[] }
  | { do: 'drop'; keys: number[] }
  | { do: 'plug' | 'unplug'; tap: number }
  | { do: 'lose'; fact: number }
  | { do: 'kill'; after: number }
  | { do: 'restart' | 'away' | 'back' | 'forget' | 'rest' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      shapes: fc.array(fc.nat(shapes.length - 1), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('drop' as const),
      keys: fc.array(fc.nat(keys.length - 1), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('plug' as const, 'unplug' as const), tap: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), fact: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), after: fc.nat(40) }) },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Event>(
      { do: 'restart' },
      { do: 'away' },
      { do: 'back' },
      { do: 'forget' },
      { do: 'rest' },
      { do: 'rest' },
    ),
  },
);

const shapeOfPort = (n: number) => port(10 + n, 2);

class Run {
  readonly server = new TestServer();
  readonly machine = new TestMachine();
  readonly plugged = new Set<string>();
  #lost = false;
  #folder = testFolder();
  #folders = [this.#folder];
  agent: Agent = testAgent(this.server, this.machine, this.#folder.path);

  async step(happens: Event): Promise<void> {
    switch (happens.do) {
      case 'put':
        return this.server.put(...happens.shapes.map((n) => shapes[n] as HostObject));
      case 'drop':
        return this.server.drop(...happens.keys.map((n) => keys[n] as HostKey));
      case 'plug':
      case 'unplug':
        return this.#tap(taps[happens.tap] as string, happens.do === 'plug');
      case 'lose': {
        const facts = [...this.machine.facts.keys()].filter(
          (key) => !key.startsWith('sysctl') && !key.endsWith('|lo') && !taps.some((name) => key.endsWith(name)),
        );
        this.#lost = true;
        return this.machine.lose(facts[happens.fact % Math.max(1, facts.length)] ?? '');
      }
      case 'kill':
        return this.#kill(happens.after);
      case 'restart':
        await this.agent.stop();
        return this.#start();
      case 'away':
        return this.server.goAway();
      case 'back':
        this.server.away = false;
        return;
      case 'forget':
        this.server.horizon = this.server.rev;
        return;
      case 'rest':
        return turn(3);
    }
  }

  async #tap(name: string, there: boolean): Promise<void> {
    if (there === this.plugged.has(name)) return;
    if (there) {
      this.plugged.add(name);
      this.machine.plug(name);
    } else {
      this.plugged.delete(name);
      this.machine.lose(`link||${name}`);
    }
  }

  /** The process dies some steps from now, or soon after where it does none. What lies on disk at that moment is all that is left. */
  async #kill(after: number): Promise<void> {
    this.machine.stepsLeft = after;
    for (let turns = 0; turns < 20 && this.machine.stepsLeft > 0; turns++) await turn(0);
    this.machine.stepsLeft = 0;
    const dead = this.agent;
    const left = testFolder();
    cpSync(this.#folder.path, left.path, { recursive: true });
    await dead.stop();
    this.#folder = left;
    this.#folders.push(left);
    this.machine.stepsLeft = Number.POSITIVE_INFINITY;
    this.#start();
  }

  #start(): void {
    this.agent = testAgent(this.server, this.machine, this.#folder.path);
  }

  /** The facts at the end, files' folders aside. */
  async end(): Promise<string[]> {
    this.server.away = false;
    await quiet(this.agent, this.server, this.machine);
    // Only what was removed by hand is nobody's news.
    if (this.#lost) await this.agent.sync();
    await quiet(this.agent, this.server, this.machine);
    assert.deepEqual(await this.agent.plan(), []);
    const performed = this.machine.performed.length;
    await this.agent.sync();
    assert.equal(this.machine.performed.length, performed, 'a second look finds nothing to do');
    return [...this.machine.facts]
      .filter(([key, fact]) => fact.fact !== 'sysctl' && !this.#isLeftAlone(key))
      .map(([key, fact]) => `${key} ${JSON.stringify(fact)}`)
      .sort();
  }

  /** What a tap is like is only settled once its port is active: until then it is left as it was. */
  #isLeftAlone(key: string): boolean {
    const port = taps.indexOf(key.slice('link||'.length));
    return port >= 0 && this.server.statuses.get(hostKey(shapeOfPort(port)))?.state !== 'ACTIVE';
  }

  async close(): Promise<void> {
    await this.agent.stop();
    for (const folder of this.#folders) folder.remove();
  }
}

const turn = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function ending(
  events: readonly Event[],
): Promise<{ facts: string[]; objects: HostObject[]; plugged: string[]; statuses: unknown }> {
  const run = new Run();
  try {
    for (const happens of events) await run.step(happens);
    const facts = await run.end();
    const objects = [...run.server.objects.values()];
    const statuses = objects
      .map((object) => [object.id, object.kind, run.server.statuses.get(hostKey(object))?.state])
      .sort();
    return { facts, objects, plugged: [...run.plugged], statuses };
  } finally {
    await run.close();
  }
}

it('ends where a fresh start ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 25 }), async (events) => {
      const long = await ending(events);
      const short = await ending([
        ...long.plugged.map((name): Event => ({ do: 'plug', tap: taps.indexOf(name) })),
        { do: 'put', shapes: long.objects.map((object) => shapes.indexOf(object)) },
      ]);
      assert.deepEqual(long.facts, short.facts);
      assert.deepEqual(long.statuses, short.statuses);
    }),
    { numRuns: Number(process.env.HISTORIES ?? 40) },
  );
});
