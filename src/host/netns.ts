/** Makes and removes named network namespaces. */
import { unlink } from 'node:fs/promises';
import type { Fact, NetnsFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, type HostContext, type StepOn } from './batch.ts';
import { orMissing } from './files.ts';
import { namespaceId, namespacePath } from './namespaces.ts';

/** Those of the namespaces that are there. */
export async function readNamespaces(facts: readonly NetnsFact[]): Promise<Fact[]> {
  const found: Fact[] = [];
  for (const fact of facts) if ((await namespaceId(fact.name)) !== undefined) found.push(fact);
  return found;
}

function checkName(name: string): void {
  if (!/^[\w.-]{1,240}$/.test(name) || name.startsWith('.'))
    throw new Error(`not a name for a network namespace: ${JSON.stringify(name)}`);
}

async function line(context: HostContext, text: string): Promise<void> {
  const [result] = await context.ip.exec('ip', '', [text]);
  if (result?.failed) throw new Error(`ip ${text}: ${result.output}`);
}

/** Makes a namespace, its loopback up as Neutron's agents have it. A plain file of the name is what a crash left: it goes. */
async function add(context: HostContext, name: string): Promise<void> {
  if ((await namespaceId(name)) === undefined) {
    await orMissing(unlink(namespacePath(name)));
    await line(context, `netns add ${name}`);
  }
  const [loopback] = await context.ip.exec('ip', name, ['link set dev lo up']);
  if (loopback?.failed) throw new Error(`ip -n ${name} link set dev lo up: ${loopback.output}`);
}

async function remove(context: HostContext, name: string): Promise<void> {
  context.pool.release(name);
  if ((await namespaceId(name)) !== undefined) await line(context, `netns del ${name}`);
  else await orMissing(unlink(namespacePath(name)));
}

/** Performs steps about namespaces. */
export function performNamespaces(context: HostContext, steps: readonly StepOn<NetnsFact>[]): Promise<StepFailure[]> {
  return eachStep(steps, async ({ do: action, fact }) => {
    checkName(fact.name);
    if (action === 'remove') await remove(context, fact.name);
    else await add(context, fact.name);
  });
}
