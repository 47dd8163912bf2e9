/**
 * What a host with many routers costs, measured on a real kernel: `routers` of them with `forwardings` between them, looked at and
 * planned by a process that knows nothing yet; and one forwarding more on a router with many. Runs inside a private world, started
 * by cold-start.ts, and prints JSON.
 */
import { network, router } from '../../src/agent/world.ts';
import { type Host, openHost } from '../../src/host/linux.ts';
import { type HostKey, type HostObject, type HostRouter, hostKey } from '../../src/model/host-objects.ts';
import { plan } from '../../src/plan/diff.ts';
import { type Facts, factKey, factSet } from '../../src/plan/facts.ts';
import { type HostEnvironment, type NatDriver, render } from '../../src/plan/render/index.ts';
import type { Step } from '../../src/plan/steps.ts';

const [driver = 'iptables', ...numbers] = process.argv.slice(2);
const [routers = 200, forwardings = 2000, ...sizes] = numbers.map(Number);
const env: HostEnvironment = {
  stateDir: '/tmp/none',
  localIp: null,
  bridgeMappings: { public: 'br-ex' },
  links: new Set(),
  driver: 'linuxbridge',
  natDriver: driver as NatDriver,
};
const external = network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });
const objects = new Map<HostKey, HostObject>([external, network(2)].map((one) => [hostKey(one), one]));
const look = (key: HostKey) => objects.get(key);

function wanted(object: HostObject): Facts {
  objects.set(hostKey(object), object);
  return factSet(render(hostKey(object), look, env).facts);
}

async function timed<T>(work: () => Promise<T> | T): Promise<{ ms: number; value: T }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

async function done(host: Host, steps: readonly Step[]): Promise<void> {
  const [failed] = await host.perform(steps);
  if (failed) throw new Error(failed.error);
}

const ports = (first: number, count: number) => Array.from({ length: count }, (_, at) => first + at);
const nothing: Facts = new Map();

/** Takes everything of a router away again. */
function removal(want: Facts): Step[] {
  return plan(nothing, want, new Set(want.keys()), 'bench');
}

/** A router with `count` forwardings, and what one more costs, in each part of the way. */
async function growth(host: Host, n: number, count: number) {
  const of = (many: number): HostRouter => router(n, [2], ports(1000, many));
  const rendered = await timed(() => wanted(of(count)));
  const first = await timed(() => plan(rendered.value, nothing, new Set(), 'bench'));
  const loaded = await timed(() => done(host, first.value));
  const times = { render: [] as number[], diff: [] as number[], add: [] as number[], remove: [] as number[] };
  let have = rendered.value;
  for (let round = 0; round < 5; round++) {
    const more = await timed(() => wanted(of(count + 1)));
    const made = new Set(have.keys());
    const change = await timed(() => plan(more.value, have, made, 'bench'));
    const added = await timed(() => done(host, change.value));
    const back = plan(wanted(of(count)), more.value, new Set(more.value.keys()), 'bench');
    const removed = await timed(() => done(host, back));
    times.render.push(more.ms);
    times.diff.push(change.ms);
    times.add.push(added.ms);
    times.remove.push(removed.ms);
    have = wanted(of(count));
  }
  const seen = await timed(() => host.observe(have.values()));
  const left = plan(have, seen.value, new Set(have.keys()), 'bench');
  await done(host, removal(have));
  return {
    forwardings: count,
    firstPlanMs: rendered.ms + first.ms,
    firstLoadMs: loaded.ms,
    renderMs: median(times.render),
    diffMs: median(times.diff),
    addMs: median(times.add),
    removeMs: median(times.remove),
    observeMs: seen.ms,
    stepsLeft: left.length,
  };
}

/** Many routers as a new process finds them. */
async function coldStart(build: Host) {
  const each = Math.floor(forwardings / routers);
  const all = ports(100_000, routers).map((n) => router(n, [2], ports(1000, each)));
  for (const one of all) await done(build, plan(wanted(one), nothing, new Set(), 'bench'));
  await build.close();
  const host = await openHost();
  const rendered = await timed(() => all.map(wanted));
  const facts = rendered.value.flatMap((want) => [...want.values()]);
  const seen = await timed(() => host.observe(facts));
  const planned = await timed(() =>
    rendered.value.flatMap((want) => {
      const have = new Map(
        [...want.keys()].flatMap((key) => (seen.value.has(key) ? [[key, seen.value.get(key)]] : [])),
      );
      return plan(want, have as Facts, new Set(want.keys()), 'bench');
    }),
  );
  await host.close();
  return {
    routers,
    forwardings: each * routers,
    facts: facts.length,
    renderMs: rendered.ms,
    observeMs: seen.ms,
    planMs: planned.ms,
    stepsLeft: planned.value
      .map((step) => (step.do === 'cut' ? 'cut' : `${step.do} ${factKey(step.fact)}`))
      .slice(0, 5),
  };
}

const host = await openHost({ log: (line) => process.stderr.write(`${line}\n`) });
await done(host, plan(new Map([...wanted(external), ...wanted(network(2))]), nothing, new Set(), 'bench'));
const grown: unknown[] = [];
for (const [at, size] of sizes.entries()) grown.push(await growth(host, 90_000 + at, size));
const cold = routers > 0 ? await coldStart(host) : null;
if (!cold) await host.close();
process.stdout.write(`${JSON.stringify({ growth: grown, coldStart: cold })}\n`);
