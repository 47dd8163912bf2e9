/** Reads and sets meters: by ovs-ofctl. A meter has a number, which is made from that of its port. */
import type { Fact, MeterFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, failure, type HostContext, type StepOn } from './batch.ts';
import { groupBy } from './limit.ts';
import { type Topology, topologyOf } from './ovs-ports.ts';
import { CommandError, describe, run } from './run.ts';

const ofctl = ['ovs-ofctl', '-O', 'OpenFlow14'];
const deadlineMs = 10_000;
/** Our meters are numbered from here; ports have numbers of 16 bits. */
const first = 65_536;
const gone = /is not a bridge or a socket|OFPMMFC_UNKNOWN_METER/;

/** The number of the meter of a port. Throws where the bridge has no such port. */
export function meterNumber(bridge: string, port: string, topology: Topology): number {
  const row = topology.ports.get(port);
  if (row?.bridge !== bridge || row.ofport === undefined || row.ofport < 0)
    throw new Error(`there is no port ${port} on ${bridge} that a meter could be for`);
  return first + row.ofport;
}

/** Turns the numbers of meters in texts of flows into the names of their ports; of a port that is gone the number stays. */
export function meterNames(bridge: string, topology: Topology): (text: string) => string {
  const names = new Map<string, string>();
  for (const [name, row] of topology.ports)
    if (row.bridge === bridge && row.ofport !== undefined) names.set(String(first + row.ofport), name);
  return (text) =>
    text.replace(/\bmeter:(\d+)/g, (all, number: string) => `meter:${names.get(number) ?? all.slice(6)}`);
}

interface Meter {
  readonly rateKbps: number;
  readonly burstKbit: number;
}

async function dump(bridge: string): Promise<Map<number, Meter>> {
  const { stdout } = await run([...ofctl, 'dump-meters', bridge], { deadlineMs });
  const meters = new Map<number, Meter>();
  for (const [, number, rate, burst] of stdout.matchAll(
    /meter=(\d+) [^=]*bands=\s*type=drop rate=(\d+)(?: burst_size=(\d+))?/g,
  ))
    meters.set(Number(number), { rateKbps: Number(rate), burstKbit: Number(burst ?? 0) });
  return meters;
}

/** The numbers of ours whose ports are gone. */
function orphans(bridge: string, meters: ReadonlyMap<number, Meter>, topology: Topology): number[] {
  const ports = [...topology.ports.values()].filter((row) => row.bridge === bridge);
  const used = new Set(ports.map((row) => first + (row.ofport ?? -1)));
  return [...meters.keys()].filter((number) => number >= first && number < first * 2 && !used.has(number));
}

/** Those of the facts that are there, as they are. One whose port is gone is taken for there while any such is: no name tells them apart. */
export async function readMeters(facts: readonly MeterFact[], topology: Topology): Promise<Fact[]> {
  const found: Fact[] = [];
  for (const [bridge, own] of groupBy(facts, (fact) => fact.bridge)) {
    const meters = await dump(bridge).catch((error: unknown) => {
      if (gone.test(describe(error))) return new Map<number, Meter>();
      throw error;
    });
    const anyOrphan = orphans(bridge, meters, topology).length > 0;
    for (const fact of own) {
      const row = topology.ports.get(fact.port);
      if (row?.bridge !== bridge && anyOrphan) found.push(fact);
      const meter = row?.bridge === bridge ? meters.get(first + (row.ofport ?? -1)) : undefined;
      if (meter) found.push({ ...fact, ...meter });
    }
  }
  return found;
}

const delMeter = (bridge: string, number: number) =>
  run([...ofctl, 'del-meter', bridge, `meter=${number}`], { deadlineMs });

/** Takes away the meters of ours whose port is gone: nothing refers to them any more. */
async function prune(bridge: string, topology: Topology): Promise<void> {
  for (const number of orphans(bridge, await dump(bridge), topology)) await delMeter(bridge, number);
}

async function set(bridge: string, number: number, { rateKbps, burstKbit }: MeterFact): Promise<void> {
  const band = `meter=${number},kbps,burst,bands=type=drop,rate=${rateKbps},burst_size=${burstKbit}`;
  try {
    await run([...ofctl, 'add-meter', bridge, band], { deadlineMs });
  } catch (error) {
    if (!(error instanceof CommandError) || !error.stderr.includes('METER_EXISTS')) throw error;
    await run([...ofctl, 'mod-meter', bridge, band], { deadlineMs });
  }
}

/** Performs steps about meters of one bridge. */
export async function performMeters(context: HostContext, steps: readonly StepOn<MeterFact>[]): Promise<StepFailure[]> {
  const topology = topologyOf(await context.ovsdb.tables());
  const bridge = steps[0]?.fact.bridge ?? '';
  const failures = await eachStep(steps, async ({ do: action, fact }) => {
    if (action !== 'remove') await set(bridge, meterNumber(bridge, fact.port, topology), fact);
    else if (topology.ports.get(fact.port)?.bridge === bridge)
      await delMeter(bridge, meterNumber(bridge, fact.port, topology));
  });
  const removed = steps.find((step) => step.do === 'remove');
  if (!removed || !topology.bridges.has(bridge)) return failures;
  const error = await prune(bridge, topology).then(() => undefined, describe);
  return error === undefined || gone.test(error) ? failures : [...failures, failure(removed, error)];
}
