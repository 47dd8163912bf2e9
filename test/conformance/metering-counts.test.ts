/**
 * What the server says was counted is what passed, whatever happens to agents, kernels, answers and routers: counters of a
 * simulated machine, the agent's readings, and a real database.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endingsOf, Meters } from '../../src/agent/meters.ts';
import type { MeteringReport } from '../../src/model/host-objects.ts';
import { meteringTotal } from '../../src/model/index.ts';
import { applyMetering } from '../../src/operations/agent.ts';
import { meteringLabelOperations } from '../../src/operations/metering.ts';
import { admin, openCloud, required } from '../../src/operations/router-testing.ts';
import type { NetnsFact, NftTableFact } from '../../src/plan/facts.ts';
import { meteringTable, routerNamespace } from '../../src/plan/render/index.ts';
import type { Step } from '../../src/plan/steps.ts';
import { SimulatedMachine } from '../../src/sim/machine.ts';

const routers = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];

const acts = [
  ...(['pass', 'pass', 'pass', 'read', 'tell', 'lose the answer', 'restart', 'reboot', 'narrow'] as const),
  ...(['remove', 'remove', 'make', 'make', 'make'] as const),
] as const;
type Act = { readonly what: (typeof acts)[number]; readonly router: number; readonly packets: number };

type Send = (report: MeteringReport) => Promise<void>;

class World {
  machine = new SimulatedMachine();
  meters = new Meters('run 0', 'boot 0');
  passed = 0;
  #runs = 0;
  #boots = 0;
  readonly #label: string;
  readonly #send: Send;
  constructor(label: string, send: Send) {
    this.#label = label;
    this.#send = send;
  }

  #table(router: string, directions: readonly string[]): NftTableFact {
    const names = directions.map((direction) => `${direction}-${this.#label}`);
    const objects = names.map((name) => ({ name, of: 'counter', body: '' }));
    return { fact: 'nft-table', namespace: routerNamespace(router), ...meteringTable, sets: [], objects, chains: [] };
  }

  /** As the agent performs: what goes is read before. */
  async #perform(steps: readonly Step[]): Promise<void> {
    await this.#read();
    assert.deepEqual(await this.machine.perform(steps), []);
    for (const ending of endingsOf(steps)) this.meters.end(ending);
  }

  async #read(): Promise<void> {
    const tables = this.meters.namespaces.map((namespace) => ({ namespace, ...meteringTable }));
    this.meters.take(await this.machine.readCounters(tables), this.meters.moment);
  }

  async act({ what, router: at, packets }: Act): Promise<void> {
    const router = routers[at] ?? '';
    const netns: NetnsFact = { fact: 'netns', name: routerNamespace(router) };
    const both = this.#table(router, ['ingress', 'egress']);
    const there = (await this.machine.observe([both])).size > 0;
    const why = 'test';
    switch (what) {
      case 'pass': {
        const [egress] = (await this.machine.readCounters([both])).filter(({ name }) => name.startsWith('egress'));
        if (!egress) return;
        this.machine.count(netns.name, egress.name, packets, packets * 100);
        this.passed += packets;
        return;
      }
      case 'read':
        return this.#read();
      case 'tell':
      case 'lose the answer':
        await this.#read();
        for (let report = this.meters.next(); report; report = this.meters.next()) {
          await this.#send(report);
          if (what === 'lose the answer') return;
          this.meters.taken();
        }
        return;
      case 'restart':
        // What has ended and was not told is told before.
        await this.act({ what: 'tell', router: at, packets });
        this.meters = new Meters(`run ${++this.#runs}`, `boot ${this.#boots}`);
        for (const id of routers) this.meters.know(id, { project_id: 'p', labels: [] });
        return;
      case 'reboot':
        await this.act({ what: 'tell', router: at, packets });
        this.machine = new SimulatedMachine();
        this.meters = new Meters(`run ${++this.#runs}`, `boot ${++this.#boots}`);
        return;
      case 'remove':
        if (there) await this.#perform([{ do: 'remove', fact: netns, why }]);
        return;
      case 'make':
        this.meters.know(router, { project_id: 'p', labels: [] });
        if (!there) await this.#perform([netns, both].map((fact) => ({ do: 'add', fact, why })));
        return;
      case 'narrow':
        if (there) await this.#perform([{ do: 'change', fact: this.#table(router, ['ingress']), was: both, why }]);
    }
  }
}

test('the sum of a label is what passed, after any acts', async () => {
  const anAct = fc.record({
    what: fc.constantFrom(...acts),
    router: fc.nat(1),
    packets: fc.integer({ min: 1, max: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anAct, { minLength: 10, maxLength: 40, size: 'max' }), async (sequence) => {
      const cloud = await openCloud();
      try {
        const { id } = await cloud.act(admin, (c) => required(meteringLabelOperations.create)(c, { shared: true }));
        const world = new World(id, (report) => cloud.act(admin, (c) => applyMetering(c, 'alpha', report)));
        for (const router of [0, 1]) await world.act({ what: 'make', router, packets: 0 });
        for (const act of sequence) await world.act(act);
        await world.act({ what: 'tell', router: 0, packets: 0 });
        const [total] = await cloud.read((r) => r.find(meteringTotal));
        assert.deepEqual([total?.packets ?? 0, total?.bytes ?? 0], [world.passed, world.passed * 100]);
      } finally {
        await cloud.close();
      }
    }),
    { numRuns: Number(process.env.METERING_RUNS ?? 40) },
  );
});
