/** The way out: what guards a tap goes after it, and what rules refer to goes after the rules; after a restart too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quiet, TestServer, testAgent, testFolder } from '../../src/agent/fixtures.ts';
import { addressSet, dhcp, group, network, port, router, tap, uuid } from '../../src/agent/world.ts';
import type { HostKey } from '../../src/model/host-objects.ts';
import { describeStep } from '../../src/plan/diff.ts';
import type { Step } from '../../src/plan/steps.ts';
import { SimulatedMachine } from '../../src/sim/machine.ts';

const external = network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });
const ports = Array.from({ length: 150 }, (_, n) => port(100 + n, 2));

/** A simulated machine that keeps what it was told and what it refused. */
class Witness extends SimulatedMachine {
  readonly steps: Step[] = [];
  readonly refused: string[] = [];
  override async perform(steps: readonly Step[]) {
    const failures = await super.perform(steps);
    this.steps.push(...steps);
    this.refused.push(...failures.map(({ step, error }) => `${describeStep(step)}: ${error}`));
    return failures;
  }
  get lines(): string[] {
    return this.steps.map(describeStep);
  }
}

async function world(t: { after(work: () => unknown): void }) {
  const folder = testFolder();
  const server = new TestServer();
  const machine = new Witness();
  for (const one of ports) machine.plug(`tap${one.id.slice(0, 11)}`);
  machine.plug(tap(10));
  server.put(external, network(2), group(true), addressSet('10.0.2.9/32'), port(10, 2));
  let agent = testAgent(server, machine, folder.path);
  await quiet(agent, server);
  t.after(async () => {
    await agent.stop();
    folder.remove();
  });
  const restart = async (meanwhile: () => void) => {
    await agent.stop();
    machine.steps.length = 0;
    meanwhile();
    agent = testAgent(server, machine, folder.path);
    await quiet(agent, server);
  };
  return { server, machine, restart, settle: () => quiet(agent, server) };
}

const linkLine = (machine: SimulatedMachine, name: string) =>
  machine
    .print()
    .split('\n')
    .find((line) => line.includes(`link ${name}:`));

test('the tap of a port that goes is taken off its bridge before its rules go, and stays shut', async (t) => {
  const { server, machine, settle } = await world(t);
  assert.match(linkLine(machine, tap(10)) ?? '', /master brq.*up/);
  machine.steps.length = 0;
  server.drop(`port/${uuid(10)}`);
  await settle();
  assert.match(linkLine(machine, tap(10)) ?? '', /foreign, mtu \d+, down/);
  const removals = machine.lines.filter((line) => /^(release|remove)/.test(line));
  assert.match(removals[0] ?? '', new RegExp(`^release link +${tap(10)}`));
  assert.ok(removals.some((line) => /chain.*-o0000000a/.test(line)));
  assert.deepEqual(machine.refused, []);
  // It is not ours any more: what others do with it is left alone.
  machine.steps.length = 0;
  machine.unplug(tap(10));
  machine.plug(tap(10), { up: true });
  server.put(port(11, 2));
  await settle();
  assert.match(linkLine(machine, tap(10)) ?? '', /up$/);
});

test('a port that went while the agent was away leaves its tap shut', async (t) => {
  const { server, machine, restart } = await world(t);
  await restart(() => server.drop(`port/${uuid(10)}`));
  assert.match(linkLine(machine, tap(10)) ?? '', /foreign, mtu \d+, down/);
  assert.deepEqual(machine.refused, []);
});

test('a port that comes back finds its tap', async (t) => {
  const { server, machine, settle } = await world(t);
  server.drop(`port/${uuid(10)}`);
  await settle();
  server.put(port(10, 2));
  await settle();
  assert.match(linkLine(machine, tap(10)) ?? '', /master brq.*up/);
});

test('after a restart without the last ports, nothing goes that others still refer to', async (t) => {
  const { server, machine, restart, settle } = await world(t);
  server.put(...ports, router(20, [2], [9000]), dhcp(2, [10]));
  await settle();
  assert.deepEqual(machine.refused, []);
  const going: HostKey[] = [...server.objects.keys()].filter((key) => /^(port|security_group|address_set)/.test(key));
  await restart(() => server.drop(...going));
  assert.deepEqual(machine.refused, []);
  assert.doesNotMatch(machine.print(), /neutron-linuxbri|NIPv4/);
});
