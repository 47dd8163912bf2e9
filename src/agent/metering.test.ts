import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostKey, HostRouter } from '../model/host-objects.ts';
import { routerNamespace } from '../plan/render/index.ts';
import { quiet, TestLog, TestMachine, TestServer, testAgent, testFolder, until } from './fixtures.ts';
import { network, router, uuid } from './world.ts';

const label = uuid(50);
const namespace = routerNamespace(uuid(20));
const rule = {
  direction: 'egress',
  excluded: false,
  source_ip_prefix: '10.0.0.0/8',
  destination_ip_prefix: null,
} as const;
const metered: HostRouter = {
  ...router(20, [2]),
  metering: { project_id: 'p', labels: [{ label_id: label, rules: [rule] }] },
};

function openHost(intervalMs: number) {
  const folder = testFolder();
  const server = new TestServer();
  const machine = new TestMachine();
  server.put(network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null }), network(2));
  server.put(metered);
  const log = new TestLog();
  const metering = { run: 'run', boot: 'boot', intervalMs };
  const agent = testAgent(server, machine, folder.path, { log, metering });
  const count = (packets: number) => {
    machine.counters = [{ namespace, name: `egress-${label}`, packets, bytes: packets * 100 }];
  };
  const close = async () => {
    await agent.stop();
    folder.remove();
  };
  /** What the server was told, in short. */
  const told = () =>
    server.metering.flatMap(({ number, counts }) =>
      counts.map((one) => `${number}: ${one.project_id} ${one.packets}${one.ended ? ' ended' : ''}`),
    );
  return { server, machine, agent, log, count, close, told };
}

test('what counters came to is told in time, once; while the server is away it is kept', async () => {
  const { server, machine, agent, log, count, close, told } = openHost(2);
  try {
    await quiet(agent, server, machine);
    count(3);
    await until('the server knows', () => told().length === 1);
    server.goAway();
    count(5);
    await until('it was tried in vain', () => log.lines.some((line) => /Counts .* could not be reported/.test(line)));
    count(9);
    server.away = false;
    await until('the server knows the rest', () => told().at(-1)?.endsWith(' 9') === true);
    assert.deepEqual(told(), ['1: p 3', '2: p 5', '3: p 9']);
  } finally {
    await close();
  }
});

test('counters are read before their router goes, and told at the latest when the agent stops', async () => {
  const { server, machine, agent, count, close, told } = openHost(3_600_000);
  try {
    await quiet(agent, server, machine);
    count(4);
    server.drop(`router/${uuid(20)}` as HostKey);
    await until('the router is gone', () => !machine.facts.has(`netns|${namespace}`));
    machine.counters = [];
    server.put(metered);
    await until('it is back', () => machine.facts.has(`netns|${namespace}`));
    await quiet(agent, server, machine);
    count(2);
  } finally {
    await close();
  }
  assert.deepEqual(told(), ['1: p 4 ended'], 'what is there still, the next run reads');
});
