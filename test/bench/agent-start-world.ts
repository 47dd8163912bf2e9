/**
 * A whole agent that starts over a host with many routers, on the simulated machine: what the agent itself costs, without the
 * kernel. Started by agent-start.ts in a process of its own, prints JSON.
 */
import { quiet, TestServer, testAgent, testEnvironment, testFolder } from '../../src/agent/fixtures.ts';
import { network, router } from '../../src/agent/world.ts';
import type { NatDriver } from '../../src/plan/render/index.ts';
import { SimulatedMachine } from '../../src/sim/machine.ts';

const [driver = 'iptables', ...numbers] = process.argv.slice(2);
const [routers = 1000, forwardings = 10_000] = numbers.map(Number);
const env = { ...testEnvironment, natDriver: driver as NatDriver };
const folder = testFolder();
const server = new TestServer();
const machine = new SimulatedMachine();
const each = Math.floor(forwardings / routers);
const ports = Array.from({ length: each }, (_, at) => 1000 + at);
server.put(
  network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null }),
  network(2),
  ...Array.from({ length: routers }, (_, at) => router(100_000 + at, [2], ports)),
);

const residentMiB = () => Math.round(process.memoryUsage().rss / 2 ** 20);
/** What lives on the heap; the process runs with --expose-gc. */
function liveMiB(): number {
  (globalThis as unknown as { gc(): void }).gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
const lines: string[] = [];
const log = { info: (text: string) => lines.push(text), warn: (text: string) => lines.push(text), error() {} };

async function start() {
  const before = machine.performed;
  const live = liveMiB();
  const from = performance.now();
  const agent = testAgent(server, machine, folder.path, { env, log });
  await quiet(agent, server);
  const ms = performance.now() - from;
  const performed = machine.performed - before;
  const figures = { ms, performed, residentMiB: residentMiB(), agentMiB: Math.round(liveMiB() - live) };
  await agent.stop();
  return figures;
}

const built = await start();
lines.length = 0;
const again = await start();
folder.remove();
process.stdout.write(`${JSON.stringify({ driver, routers, forwardings: each * routers, built, again, lines })}\n`);
