/** Makes and removes named network namespaces. */
import { unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fact, NetnsFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, type HostContext, type StepOn } from './batch.ts';
import { orMissing } from './files.ts';
import { namespaceId, namespacePath } from './namespaces.ts';
import { shellKind, word } from './shell-helper.ts';

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

interface LinkEntry {
  readonly ifindex: number;
  /** The index of the other end, in the namespace that `link_netnsid` stands for. */
  readonly link_index?: number;
  readonly link_netnsid?: number;
}

/** The devices of the own namespace whose other end is in another one, by index: the index of that end. */
async function pairs(context: HostContext): Promise<Map<number, number>> {
  const [answer] = await context.ip.exec('links', '', ['link show type veth']);
  const links = answer && !answer.failed ? (JSON.parse(answer.output || '[]') as LinkEntry[]) : [];
  return new Map(
    links.flatMap(({ ifindex, link_index: other, link_netnsid: where }): [number, number][] =>
      other === undefined || where === undefined ? [] : [[ifindex, other]],
    ),
  );
}

/** The devices of the own namespace that go with a namespace, by index. */
async function goingWith(context: HostContext, name: string, own: ReadonlyMap<number, number>): Promise<number[]> {
  const command = `nsenter --net=${word(namespacePath(name))} ip -j link show type veth`;
  const output = await context.pool.use(shellKind, '', (shell) => shell.run(command)).catch(() => '');
  const links = JSON.parse(output.trim() || '[]') as LinkEntry[];
  return links.flatMap(({ ifindex, link_index: other }) => (other && own.get(other) === ifindex ? [other] : []));
}

/** Milliseconds that the kernel is given to take namespaces apart, which it does in the background. */
const apartMs = 2_000;

/** Waits until the devices are gone: whoever makes one of the same name now would find the old one, and lose it. */
async function untilGone(context: HostContext, going: ReadonlySet<number>): Promise<void> {
  const end = performance.now() + apartMs;
  while (going.size > 0 && performance.now() < end) {
    const left = await pairs(context);
    if (![...going].some((index) => left.has(index))) return;
    await sleep(5);
  }
}

/** Performs steps about namespaces. */
export async function performNamespaces(
  context: HostContext,
  steps: readonly StepOn<NetnsFact>[],
): Promise<StepFailure[]> {
  const own = steps.some((step) => step.do === 'remove') ? await pairs(context) : new Map<number, number>();
  const going = new Set<number>();
  const failures = await eachStep(steps, async ({ do: action, fact }) => {
    checkName(fact.name);
    if (action !== 'remove') return add(context, fact.name);
    if (own.size > 0 && (await namespaceId(fact.name)) !== undefined)
      for (const index of await goingWith(context, fact.name, own)) going.add(index);
    await remove(context, fact.name);
  });
  await untilGone(context, going);
  return failures;
}
