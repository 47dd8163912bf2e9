/** Reads and changes Open vSwitch: bridges and ports by its database, flows by ovs-ofctl. */
import type { Fact, FlowsFact, MeterFact, OvsBridgeFact, OvsPortFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type HostContext, type StepOn } from './batch.ts';
import { readDevices } from './ip-read.ts';
import type { Iproute } from './iproute.ts';
import { readFlows } from './ovs-flows.ts';
import { readMeters } from './ovs-meters.ts';
import { complaintOf, presentBridge, presentPort, type Topology, topologyOf } from './ovs-ports.ts';
import { SwitchDraft, type SwitchStep, toReplug } from './ovs-write.ts';
import type { Ovsdb } from './ovsdb.ts';
import { describe } from './run.ts';

/** A fact of Open vSwitch. */
export type SwitchFact = OvsBridgeFact | OvsPortFact | MeterFact | FlowsFact;

/** The devices among `names` that a switch holds on to: it listens to all that they hear. */
async function heldDevices(ip: Iproute, names: ReadonlySet<string>): Promise<Set<string>> {
  if (names.size === 0) return new Set();
  const devices = await readDevices(ip, '', names);
  return new Set([...devices.values()].flatMap(({ ifname, promiscuity = 0 }) => (promiscuity > 0 ? [ifname] : [])));
}

const givenDevices = (facts: readonly SwitchFact[]): Set<string> =>
  new Set(facts.flatMap((fact) => (fact.fact === 'ovs-port' && fact.type === '' && !fact.foreign ? [fact.name] : [])));

/** Those of the facts that are there. */
export async function readSwitch(context: HostContext, facts: readonly SwitchFact[]): Promise<Fact[]> {
  const topology = topologyOf(await context.ovsdb.tables());
  const held = await heldDevices(context.ip, givenDevices(facts));
  const found = facts.flatMap((fact): Fact[] => {
    if (fact.fact === 'ovs-bridge') return [presentBridge(fact, topology) ?? []].flat();
    return fact.fact === 'ovs-port' ? [presentPort(fact, topology, held) ?? []].flat() : [];
  });
  const flows = facts.filter((fact) => fact.fact === 'flows' && topology.bridges.has(fact.bridge)) as FlowsFact[];
  const meters = facts.filter((fact) => fact.fact === 'meter' && topology.bridges.has(fact.bridge)) as MeterFact[];
  if (meters.length > 0) found.push(...(await readMeters(meters, topology)));
  return flows.length === 0 ? found : [...found, ...(await readFlows(flows, topology))];
}

/** One transaction of all steps, and what then does not work of each. */
async function transact(
  ovsdb: Ovsdb,
  steps: readonly SwitchStep[],
  topology: Topology,
  held: ReadonlySet<string>,
): Promise<StepFailure[]> {
  const draft = new SwitchDraft(topology, held);
  for (const step of steps) draft.add(step);
  if (draft.operations.length === 0) return [];
  await ovsdb.transact(draft.operations);
  const { ports } = topologyOf(await ovsdb.tables());
  return steps.flatMap((step) => {
    // A bridge has a port of its own name, which cannot be where something else has the name.
    const error = step.do === 'remove' ? undefined : complaintOf(ports.get(step.fact.name));
    const what = step.fact.fact === 'ovs-bridge' ? 'bridge' : 'port';
    return error === undefined ? [] : [failure(step, `${what} ${step.fact.name}: ${error}`)];
  });
}

async function perform(context: HostContext, steps: readonly SwitchStep[]): Promise<StepFailure[]> {
  const { ovsdb } = context;
  let topology = topologyOf(await ovsdb.tables());
  const held = await heldDevices(context.ip, givenDevices(steps.map(({ fact }) => fact)));
  // The switch keeps to the device that it has for as long as a port of the name is there.
  const stale = toReplug(steps, topology, held);
  if (stale.length > 0) {
    const draft = new SwitchDraft(topology, held);
    for (const name of stale) draft.unplug(name);
    await ovsdb.transact(draft.operations);
    topology = topologyOf(await ovsdb.tables());
  }
  return transact(ovsdb, steps, topology, held);
}

/** Performs steps about bridges and ports in one transaction; when it is refused, one by one, so that each fails for itself. */
export async function performSwitch(
  context: HostContext,
  steps: readonly StepOn<OvsBridgeFact | OvsPortFact>[],
): Promise<StepFailure[]> {
  try {
    return await perform(context, steps);
  } catch (error) {
    if (steps.length === 1) return steps.map((step) => failure(step, describe(error)));
    const failures: StepFailure[] = [];
    for (const step of steps)
      failures.push(...(await perform(context, [step]).catch((one) => [failure(step, describe(one))])));
    return failures;
  }
}
