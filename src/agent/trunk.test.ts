/** Any history of a trunk, its ports, its instance's interface, and of the ends of switch and agent, ends where a fresh start ends. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { type HostKey, type HostObject, type HostPort, type HostTrunk, hostKey } from '../model/host-objects.ts';
import { SimulatedMachine } from '../sim/machine.ts';
import { quiet, TestServer, testAgent, testEnvironment, testFolder } from './fixtures.ts';
import type { Agent } from './index.ts';
import { addressSet, group, network, port, tap, uuid } from './world.ts';

const ovs = {
  integrationBridge: 'br-int',
  tunnelBridge: 'br-tun',
  datapath: 'system',
  tunnelTypes: ['vxlan'],
  arpResponder: true,
} as const;
type Driver = 'linuxbridge' | 'openvswitch';

const carried = (n: number) => ({ port_id: uuid(n), mac_address: port(n, 2).mac_address });
const trunk = (...tags: readonly (readonly [number, number])[]): HostTrunk => ({
  kind: 'trunk',
  id: uuid(30),
  parent: carried(10),
  sub_ports: tags.map(([n, segmentation_id]) => ({ ...carried(n), segmentation_id })),
});
const bridge = `tbr-${uuid(30).slice(0, 11)}`;

/** A subport as its port says it; of what a trunk and the port say, the API never tells the one without the other. */
const sub = (n: number, on: number, segmentation_id: number, more: Partial<HostPort> = {}) =>
  port(n, on, { device_owner: 'trunk:subport', trunk: { parent_port_id: uuid(10), segmentation_id }, ...more });

const networks = [network(2), network(3)];
const shapes: HostObject[] = [
  trunk(),
  trunk([11, 101]),
  trunk([11, 102]),
  trunk([11, 101], [12, 102]),
  trunk([12, 101]),
  port(10, 2),
  port(10, 2, { admin_state_up: false }),
  sub(11, 3, 101),
  sub(11, 3, 102),
  sub(11, 3, 101, { port_security_enabled: false }),
  sub(11, 3, 101, {
    qos: {
      ingress: { max_kbps: 1000, max_burst_kbps: 0 },
      egress: { max_kbps: 1000, max_burst_kbps: 0 },
      dscp_mark: null,
    },
  }),
  sub(12, 2, 103),
  sub(12, 2, 103, { admin_state_up: false }),
  group(true),
  addressSet('10.0.2.9/32'),
];
const keys = [...new Set(shapes.map(hostKey))];

type Event =
  | { do: 'put'; shapes: number[] }
  | { do: 'drop'; keys: number[] }
  | { do: 'plug' | 'unplug' | 'restart' | 'switch' | 'rest' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      shapes: fc.array(fc.nat(shapes.length - 1), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('drop' as const),
      keys: fc.array(fc.nat(keys.length - 1), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...(['plug', 'plug', 'unplug', 'restart', 'switch', 'rest', 'rest'] as const).map((what) => ({ do: what })),
    ),
  },
);

/** A host with an agent and the networks, from its start to its end. */
class Run {
  readonly server = new TestServer();
  readonly machine = new SimulatedMachine();
  readonly #driver: Driver;
  readonly #folder = testFolder();
  agent: Agent;
  plugged = false;

  constructor(driver: Driver) {
    this.#driver = driver;
    if (driver === 'openvswitch') this.machine.plug(tap(10));
    this.server.put(...networks);
    this.agent = this.#start();
  }

  #start(): Agent {
    const driver = this.#driver;
    const env = { ...testEnvironment, driver, ...(driver === 'openvswitch' ? { ovs } : {}) };
    return testAgent(this.server, this.machine, this.#folder.path, { env });
  }

  async step(happens: Event): Promise<void> {
    switch (happens.do) {
      case 'put':
        return this.server.put(...happens.shapes.map((n) => shapes[n] as HostObject));
      case 'drop':
        return this.server.drop(...happens.keys.map((n) => keys[n] as HostKey));
      case 'plug':
        return this.#plug();
      case 'unplug':
        if (this.#driver === 'openvswitch') this.machine.unplugSwitch(bridge, tap(10));
        else if (this.plugged) this.machine.unplug(tap(10));
        this.plugged = false;
        return;
      case 'restart':
        await this.agent.stop();
        this.agent = this.#start();
        return;
      case 'switch':
        return this.machine.restartSwitch();
      case 'rest':
        await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  /** As os-vif does: the bridge is made where it is missing. */
  #plug(): void {
    if (this.plugged) return;
    this.plugged = true;
    if (this.#driver === 'linuxbridge') this.machine.plug(tap(10));
    else this.#plugSwitch();
  }

  #plugSwitch(): void {
    if (!this.machine.print().includes(`bridge ${bridge}:`)) this.machine.makeSwitch(bridge);
    this.machine.plugSwitch(bridge, tap(10), uuid(10));
  }

  /** The host when nothing is left to do. */
  async settled(): Promise<string> {
    await quiet(this.agent, this.server);
    await this.agent.sync();
    await quiet(this.agent, this.server);
    assert.deepEqual(await this.agent.plan(), [], 'a second plan is empty');
    // A device of someone else's is left as it was last set, and kernel settings stay.
    return this.machine.print().replace(/^ {2}(?:link tap0000000a-00:|sysctl net\.bridge\.).*\n/gm, '');
  }

  statuses(): unknown {
    return [...this.server.objects.keys()].map((key) => [key, this.server.statuses.get(key)?.state]).sort();
  }

  async close(): Promise<void> {
    await this.agent.stop();
    this.#folder.remove();
  }
}

for (const driver of ['openvswitch', 'linuxbridge'] as const)
  it(`ends where a fresh start ends, and leaves nothing behind: ${driver}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 20 }), async (events) => {
        const [long, short, bare] = [new Run(driver), new Run(driver), new Run(driver)];
        try {
          await quiet(long.agent, long.server);
          for (const happens of events) await long.step(happens);
          const end = await long.settled();
          if (long.plugged) await short.step({ do: 'plug' });
          const left = keys.flatMap((key) => long.server.objects.get(key) ?? []);
          short.server.put(...left);
          // The bridge of a trunk that never came is left as others made it.
          const known = (text: string) => text.replace(/^bridge tbr-.*\n(?! )/m, '');
          assert.equal(known(end), known(await short.settled()));
          assert.deepEqual(long.statuses(), short.statuses());
          // A bridge of a trunk that it has never heard of is none of its.
          await long.step({ do: 'put', shapes: [0] });
          await quiet(long.agent, long.server);
          await long.step({ do: 'drop', keys: keys.map((_, n) => n) });
          await quiet(long.agent, long.server);
          await long.step({ do: 'unplug' });
          assert.equal(await long.settled(), await bare.settled());
        } finally {
          for (const run of [long, short, bare]) await run.close();
        }
      }),
      { numRuns: Number(process.env.HISTORIES ?? 40) },
    );
  });
