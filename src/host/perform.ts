/** Performs steps in their order: neighbours in the list that one program can do together go to it together. */
import type {
  ChainFact,
  ConnectionsFact,
  Fact,
  FileFact,
  FlowsFact,
  HookFact,
  MeterFact,
  Namespace,
  NetnsFact,
  OvsBridgeFact,
  OvsPortFact,
  ProcessFact,
  QdiscFact,
  SetFact,
  SysctlFact,
} from '../plan/facts.ts';
import type { CutStep, Step, StepFailure } from '../plan/steps.ts';
import { failure, type HostContext, type StepOn } from './batch.ts';
import { performCuts, performTracked } from './conntrack.ts';
import { performFiles } from './files.ts';
import { NoNamespace } from './helper-pool.ts';
import type { IpFact } from './ip-read.ts';
import { performIpsets } from './ipset.ts';
import { performIptables } from './iptables.ts';
import { performIp } from './links.ts';
import { namespaceId } from './namespaces.ts';
import { performNamespaces } from './netns.ts';
import { type NftFact, performNft } from './nft.ts';
import { performSwitch } from './ovs.ts';
import { performFlows } from './ovs-flows.ts';
import { performMeters } from './ovs-meters.ts';
import { performProcesses } from './processes.ts';
import { describe } from './run.ts';
import { performSysctls } from './sysctl.ts';
import { performQdiscs } from './tc.ts';

/** What a step is done with, and where: steps of one text go together. */
function toolOf(step: Step): string {
  if (step.do === 'cut') return `conntrack|${step.namespace}`;
  const { fact } = step;
  switch (fact.fact) {
    case 'netns':
    case 'file':
    case 'process':
      return fact.fact;
    case 'link':
    case 'address':
    case 'route':
    case 'proxy':
    case 'neighbour':
      return `ip|${fact.namespace}`;
    case 'fdb':
      return `bridge|${fact.namespace}`;
    case 'qdisc':
      return `tc|${fact.namespace}`;
    case 'connections':
    case 'sysctl':
    case 'set':
      return `${fact.fact}|${fact.namespace}`;
    case 'nft-table':
    case 'nft-elements':
    case 'nft-element':
      return `nft|${fact.namespace}`;
    case 'ovs-bridge':
    case 'ovs-port':
      return 'ovsdb';
    case 'meter':
      return `meters|${fact.bridge}`;
    case 'flows':
      return 'flows';
    case 'chain':
    case 'hook':
      return `iptables|${fact.namespace}|${fact.family}|${fact.table}`;
  }
}

/** Consecutive steps that are done with one tool. */
function runs(steps: readonly Step[]): Step[][] {
  const result: Step[][] = [];
  let last: string | undefined;
  for (const step of steps) {
    const tool = toolOf(step);
    if (tool === last) result.at(-1)?.push(step);
    else result.push([step]);
    last = tool;
  }
  return result;
}

function placeOf(step: Step): Namespace {
  if (step.do === 'cut') return step.namespace;
  const { fact } = step;
  return fact.fact !== 'process' && 'namespace' in fact ? fact.namespace : '';
}

/** Hands a run to its performer. */
function dispatch(context: HostContext, namespace: Namespace, steps: readonly Step[]): Promise<StepFailure[]> {
  const first = steps[0];
  if (!first) return Promise.resolve([]);
  if (first.do === 'cut') return performCuts(namespace, steps as CutStep[]);
  const on = <F extends Fact>() => steps as unknown as StepOn<F>[];
  switch (first.fact.fact) {
    case 'netns':
      return performNamespaces(context, on<NetnsFact>());
    case 'file':
      return performFiles(on<FileFact>());
    case 'process':
      return performProcesses(context, on<ProcessFact>());
    case 'link':
    case 'address':
    case 'route':
    case 'fdb':
    case 'proxy':
    case 'neighbour':
      return performIp(context, namespace, on<IpFact>());
    case 'qdisc':
      return performQdiscs(context.ip, namespace, on<QdiscFact>());
    case 'connections':
      return performTracked(namespace, on<ConnectionsFact>());
    case 'sysctl':
      return performSysctls(context, namespace, on<SysctlFact>());
    case 'set':
      return performIpsets(namespace, on<SetFact>());
    case 'nft-table':
    case 'nft-elements':
    case 'nft-element':
      return performNft(context, namespace, on<NftFact>());
    case 'ovs-bridge':
    case 'ovs-port':
      return performSwitch(context, on<OvsBridgeFact | OvsPortFact>());
    case 'meter':
      return performMeters(context, on<MeterFact>());
    case 'flows':
      return performFlows(context, on<FlowsFact>());
    case 'chain':
    case 'hook':
      return performIptables(context, namespace, on<ChainFact | HookFact>());
  }
}

/** Performs one run. In a namespace that is gone there is nothing left to remove or to cut. */
async function performRun(context: HostContext, steps: readonly Step[]): Promise<StepFailure[]> {
  const namespace = steps[0] ? placeOf(steps[0]) : '';
  try {
    if ((await namespaceId(namespace)) === undefined) throw new NoNamespace(namespace);
    return await dispatch(context, namespace, steps);
  } catch (error) {
    const missing = error instanceof NoNamespace;
    const failed = steps.filter((step) => !missing || step.do === 'add' || step.do === 'change');
    return failed.map((step) => failure(step, describe(error)));
  }
}

/** Performs all steps and gives those that failed. */
export async function perform(context: HostContext, steps: readonly Step[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const run of runs(steps)) failures.push(...(await performRun(context, run)));
  for (const { step, error } of failures) context.log(`a step failed (${step.do}, ${step.why}): ${error}`);
  return failures;
}
