/** The agent on the simulated machine, which refuses what Linux would refuse. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { quiet, TestServer, testAgent, testFolder } from '../../src/agent/fixtures.ts';
import type { Agent } from '../../src/agent/index.ts';
import { addressSet, dhcp, group, network, port, router, tap, uuid } from '../../src/agent/world.ts';
import { type HostObject, hostKey } from '../../src/model/host-objects.ts';
import { SimulatedMachine } from '../../src/sim/machine.ts';

const external = network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });
const shapes: HostObject[] = [
  external,
  network(2),
  network(2, { mtu: 1300, remote_ports: [{ mac: 'fa:16:3e:00:01:01', ips: ['10.0.2.77'], vtep: '192.0.2.2' }] }),
  network(3),
  network(3, { segmentation_id: 33 }),
  group(true),
  group(false),
  addressSet('10.0.2.9/32'),
  addressSet('10.0.2.9/32', '10.0.3.9/32'),
  port(10, 2),
  port(10, 2, { port_security_enabled: false }),
  port(11, 3),
  router(20, [2, 3], [9000]),
  router(20, [2], [9000, 9001]),
  router(21, [3]),
  dhcp(2, [10]),
  dhcp(2, [10, 11]),
  dhcp(3, []),
];
const keys = [...new Set(shapes.map(hostKey))];

/** The machine's state without what is never set back. */
const stateOf = (machine: SimulatedMachine) =>
  machine
    .print()
    .split('\n')
    .filter((line) => !/sysctl|net\.(ipv4|ipv6|bridge)\./.test(line))
    .join('\n');

describe('agent on the simulated machine', () => {
  let folders: ReturnType<typeof testFolder>[];
  let agents: Agent[];
  beforeEach(() => {
    folders = [];
    agents = [];
  });
  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    for (const folder of folders) folder.remove();
  });
  const fresh = (server: TestServer, machine: SimulatedMachine) => {
    const folder = testFolder();
    folders.push(folder);
    const start = () => {
      const agent = testAgent(server, machine, folder.path);
      agents.push(agent);
      return agent;
    };
    return { agent: start(), start };
  };

  it('builds everything, plans nothing then, and takes everything away again', async () => {
    const server = new TestServer();
    const machine = new SimulatedMachine();
    const empty = stateOf(machine);
    machine.plug(tap(10));
    machine.plug(tap(11));
    server.put(external, network(2), network(3), group(true), addressSet('10.0.2.9/32'));
    server.put(port(10, 2), port(11, 3), router(20, [2, 3], [9000]), dhcp(2, [10]), dhcp(3, []));
    const { agent } = fresh(server, machine);
    await quiet(agent, server);
    const bad = [...server.statuses.values()].filter((status) => status.state !== 'ACTIVE');
    assert.deepEqual(bad, []);
    assert.deepEqual(await agent.plan(), []);
    const performed = machine.performed;
    await agent.sync();
    assert.equal(machine.performed, performed);
    server.drop(...server.objects.keys());
    await quiet(agent, server);
    machine.unplug(tap(10));
    machine.unplug(tap(11));
    assert.equal(stateOf(machine), empty);
  });

  it('cuts the connections of a forwarding that was deleted, and no others', async () => {
    const server = new TestServer();
    const machine = new SimulatedMachine();
    server.put(external, network(2), router(20, [2], [9000, 9001]));
    const { agent } = fresh(server, machine);
    await quiet(agent, server);
    const namespace = `qrouter-${uuid(20)}`;
    const to = (port_: number) => ({
      namespace,
      protocol: 'tcp',
      destination: '10.0.1.200',
      port: port_,
      target: '10.0.2.5',
    });
    machine.connect(to(9000));
    machine.connect(to(9001));
    server.put(router(20, [2], [9001]));
    await quiet(agent, server);
    assert.deepEqual(machine.connections(), [to(9001)]);
  });

  it('ends where a fresh start ends, whatever failed on the way', async () => {
    const change = fc.oneof(
      { weight: 3, arbitrary: fc.record({ put: fc.array(fc.nat(shapes.length - 1), { minLength: 1, maxLength: 6 }) }) },
      { weight: 1, arbitrary: fc.record({ drop: fc.array(fc.nat(keys.length - 1), { minLength: 1, maxLength: 4 }) }) },
      { weight: 1, arbitrary: fc.constantFrom({ restart: true as const }, { rest: true as const }) },
    );
    const history = fc.array(change, { minLength: 2, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(history, fc.nat(9), async (changes, luck) => {
        const server = new TestServer();
        const machine = new SimulatedMachine();
        if (luck > 0) machine.fault = (_step, index) => (index % (luck + 5) === luck ? 'injected failure' : undefined);
        const host = fresh(server, machine);
        let { agent } = host;
        for (const one of changes) {
          if ('put' in one) server.put(...one.put.map((n) => shapes[n] as HostObject));
          else if ('drop' in one) server.drop(...one.drop.map((n) => keys[n] as (typeof keys)[number]));
          else if ('rest' in one) await new Promise((resolve) => setTimeout(resolve, 2));
          else {
            await agent.stop();
            agent = host.start();
          }
        }
        machine.fault = () => undefined;
        // A router whose networks are gone is no end that a server leaves a host in.
        server.put(external, network(2), network(3));
        await quiet(agent, server);
        assert.deepEqual(await agent.plan(), []);
        const other = new SimulatedMachine();
        const twin = new TestServer();
        twin.put(...server.objects.values());
        await quiet(fresh(twin, other).agent, twin);
        assert.equal(stateOf(machine), stateOf(other));
      }),
      { numRuns: Number(process.env.HISTORIES ?? 25) },
    );
  });
});
