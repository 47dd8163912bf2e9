/** Reads flows, and changes them in bundles: by ovs-ofctl. */
import type { Fact, FlowsFact } from '../plan/facts.ts';
import { cookieOf, matchOf, parseFlow } from '../plan/flow-text.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type HostContext, type StepOn } from './batch.ts';
import { groupBy } from './limit.ts';
import { meterNames, meterNumber } from './ovs-meters.ts';
import { type Topology, topologyOf } from './ovs-ports.ts';
import { CommandError, describe, run } from './run.ts';

const ofctl = ['ovs-ofctl', '-O', 'OpenFlow14'];
const deadlineMs = 30_000;
/** Up to this number of owners, each is asked for by its cookie; beyond, all flows of the bridge are read. */
const askEach = 2;

/** The flows of a bridge with one of the cookies, by cookie; none where the switch does not have the bridge (yet). */
async function dump(bridge: string, cookies: readonly string[], topology: Topology): Promise<Map<string, string[]>> {
  const which = cookies.length === 1 ? [`cookie=${cookies[0]}/-1`] : [];
  const flows = new Map<string, string[]>(cookies.map((cookie) => [cookie, []]));
  let output: string;
  try {
    output = (await run([...ofctl, '--names', '--no-stats', 'dump-flows', bridge, ...which], { deadlineMs })).stdout;
  } catch (error) {
    if (error instanceof CommandError && /is not a bridge or a socket/.test(error.stderr)) return flows;
    throw error;
  }
  const named = meterNames(bridge, topology);
  for (const line of output.split('\n')) {
    // Most of a bridge's flows may be others': they are not read any further.
    const own = flows.get(/^ cookie=(0x[0-9a-f]+),/.exec(line)?.[1] ?? '');
    const flow = own && parseFlow(named(line));
    if (flow) own.push(flow.text);
  }
  return flows;
}

async function readBridge(bridge: string, facts: readonly FlowsFact[], topology: Topology): Promise<FlowsFact[]> {
  const cookies = facts.map(({ owner }) => cookieOf(owner));
  const each = facts.length <= askEach;
  const asked = each ? cookies.map((cookie) => [cookie]) : [cookies];
  const dumps = await Promise.all(asked.map((some) => dump(bridge, some, topology)));
  return facts.flatMap((fact, index) => {
    const flows = (dumps[each ? index : 0] as Map<string, string[]>).get(cookies[index] ?? '') ?? [];
    return flows.length === 0 ? [] : [{ ...fact, flows: flows.sort() }];
  });
}

/** Those of the facts of which there is a flow. */
export async function readFlows(facts: readonly FlowsFact[], topology: Topology): Promise<Fact[]> {
  const bridges = [...groupBy(facts, ({ bridge }) => bridge)];
  return (await Promise.all(bridges.map(([bridge, own]) => readBridge(bridge, own, topology)))).flat();
}

/** The lines of a step for a bundle. */
function linesOf(step: StepOn<FlowsFact>): string[] {
  const { fact } = step;
  const cookie = cookieOf(fact.owner);
  const all = `delete cookie=${cookie}/-1`;
  if (step.do === 'remove') return [all];
  const add = (text: string) => `add cookie=${cookie},${text}`;
  if (step.do === 'add') return [all, ...fact.flows.map(add)];
  const before = new Set(step.was.flows);
  const matches = new Set(fact.flows.map(matchOf));
  const gone = step.was.flows.map(matchOf).filter((match) => !matches.has(match));
  return [
    ...fact.flows.filter((text) => !before.has(text)).map(add),
    ...gone.map((match) => `delete_strict cookie=${cookie}/-1,${match}`),
  ];
}

/** Flows with the numbers of the meters that they refer to by the names of ports. */
async function withMeterNumbers(context: HostContext, bridge: string, texts: readonly string[]): Promise<string[]> {
  const refers = /\bmeter:([\w.-]+)/g;
  if (!texts.some((text) => text.includes('meter:'))) return [...texts];
  const topology = topologyOf(await context.ovsdb.tables());
  return texts.map((text) => text.replace(refers, (_, port: string) => `meter:${meterNumber(bridge, port, topology)}`));
}

async function load(context: HostContext, bridge: string, steps: readonly StepOn<FlowsFact>[]): Promise<void> {
  const texts = steps.flatMap(linesOf);
  if (texts.length === 0) return;
  const lines = await withMeterNumbers(context, bridge, texts);
  try {
    await run([...ofctl, '--bundle', 'add-flows', bridge, '-'], { stdin: `${lines.join('\n')}\n`, deadlineMs });
  } catch (error) {
    // With the bridge its flows are gone.
    const away = error instanceof CommandError && /is not a bridge or a socket/.test(error.stderr);
    if (!away || steps.some((step) => step.do !== 'remove')) throw named(error, lines);
  }
}

/** The error with the text of the flow that it is about, where ovs-ofctl names its line. */
function named(error: unknown, lines: readonly string[]): unknown {
  const line = error instanceof CommandError ? /^ovs-ofctl: -:(\d+):/m.exec(error.stderr)?.[1] : undefined;
  const text = line && lines[Number(line) - 1];
  return text ? new Error(`${describe(error)} (${text})`) : error;
}

/** Performs steps about one bridge in one bundle; when it is refused, one by one, so that each fails for itself. */
async function performBridge(
  context: HostContext,
  bridge: string,
  steps: readonly StepOn<FlowsFact>[],
): Promise<StepFailure[]> {
  try {
    await load(context, bridge, steps);
    return [];
  } catch (error) {
    if (steps.length === 1) return steps.map((step) => failure(step, describe(error)));
    const failures: StepFailure[] = [];
    for (const step of steps) {
      const one = await load(context, bridge, [step]).then(() => undefined, describe);
      if (one !== undefined) failures.push(failure(step, one));
    }
    return failures;
  }
}

/** Performs steps about flows: those of each bridge together, the bridges side by side. */
export async function performFlows(context: HostContext, steps: readonly StepOn<FlowsFact>[]): Promise<StepFailure[]> {
  const bridges = [...groupBy(steps, ({ fact }) => fact.bridge)];
  return (await Promise.all(bridges.map(([bridge, own]) => performBridge(context, bridge, own)))).flat();
}
