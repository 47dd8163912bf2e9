/** Performs steps about links, addresses, routes, forwarding entries, proxies and neighbours. */
import { readFile, writeFile } from 'node:fs/promises';
import type { LinkFact, Namespace } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { addressedNic } from './addressed-nic.ts';
import { setInnerMtus } from './attachment.ts';
import { failure, type HostContext, type StepOn } from './batch.ts';
import type { LineResult } from './batch-helper.ts';
import { setChecksum } from './checksum.ts';
import { type IpFact, linkFact, ownAlias, readDevices } from './ip-read.ts';
import { isSwitching, type Line, linesOf } from './ip-write.ts';
import { describe } from './run.ts';

interface Planned {
  readonly step: StepOn<IpFact>;
  readonly lines: readonly Line[];
}

function isShared(fact: IpFact): fact is LinkFact & { kind: { type: 'bridge'; shared: true } } {
  return fact.fact === 'link' && fact.kind.type === 'bridge' && fact.kind.shared === true;
}

/** Whether a shared bridge is ours to remove: we made it, and it has no port left. */
async function mayRemoveShared(context: HostContext, link: LinkFact): Promise<boolean> {
  const devices = await readDevices(context.ip, link.namespace, new Set([link.name]));
  if (devices.get(link.name)?.ifalias !== ownAlias) return false;
  const [ports] = await context.ip.exec('links', link.namespace, [`link show master ${link.name}`]);
  return ports?.output === '' || ports?.output === '[]';
}

/** Whether a step on a shared bridge changes nothing, because others made the bridge or still use it. */
async function leavesShared(context: HostContext, { do: action, fact }: StepOn<IpFact>): Promise<boolean> {
  if (!isShared(fact)) return false;
  if (action === 'remove') return !(await mayRemoveShared(context, fact));
  const device = (await readDevices(context.ip, fact.namespace, new Set([fact.name]))).get(fact.name);
  return device?.linkinfo?.info_kind === 'bridge' && device.ifalias !== ownAlias;
}

/**
 * Throws where an interface of the host has addresses and is to become a port of a bridge: they would answer no more, and with
 * them the host.
 */
async function refuseAddressed(context: HostContext, { do: action, fact }: StepOn<IpFact>): Promise<void> {
  if (action === 'remove' || fact.fact !== 'link' || fact.kind.type !== 'foreign' || !fact.kind.nic) return;
  const device = (await readDevices(context.ip, fact.namespace, new Set([fact.name]))).get(fact.name);
  const addresses = device?.addr_info?.filter(({ scope }) => scope !== 'link') ?? [];
  if (device?.master === fact.master || addresses.length === 0) return;
  const texts = addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  throw new Error(addressedNic(fact, texts.join(', ')));
}

/**
 * Switches IPv6 off on a bridge of ours or a port of it: a tenant's router advertisement must not reach the host's own stack.
 * Neutron's Linux bridge agent does so for VXLAN devices (`ensure_vxlan`).
 */
async function disableIpv6(link: LinkFact): Promise<void> {
  const file = `/proc/sys/net/ipv6/conf/${link.name}/disable_ipv6`;
  const now = await readFile(file, 'utf8').catch(() => '1');
  if (now.trim() !== '1') await writeFile(file, '1');
}

/** The complaint about a line, where it is one. */
function complaint(line: Line, result: LineResult | undefined): string | undefined {
  if (!result?.failed || line.fine?.test(result.output)) return undefined;
  return `ip ${line.text}: ${result.output}`;
}

/** Makes sure that a device that was there already is what was wanted; one that is not is made anew, if it is ours. */
async function reconcile(context: HostContext, step: StepOn<IpFact>): Promise<string | undefined> {
  const { fact } = step;
  if (fact.fact !== 'link') return undefined;
  const device = (await readDevices(context.ip, fact.namespace, new Set([fact.name]))).get(fact.name);
  if (!device) return `${fact.name} could not be made: the name of its peer is taken`;
  const now = linkFact(fact, device);
  if (JSON.stringify(now.kind) === JSON.stringify(fact.kind)) return undefined;
  if (now.kind.type === 'foreign')
    return `${fact.name} is there already and is no ${fact.kind.type}; it is not ours to remove`;
  const lines = linesOf({ do: 'change', fact, was: now, why: step.why });
  const results = await context.ip.exec(
    'ip',
    fact.namespace,
    lines.map(({ text }) => text),
  );
  return lines.map((line, index) => complaint(line, results[index])).find((text) => text !== undefined);
}

/** What remains to be done for one step once its lines have run; gives the error when it failed. */
async function conclude(
  context: HostContext,
  { step, lines }: Planned,
  results: readonly LineResult[],
): Promise<string | undefined> {
  const existed = results.some((result, index) => result.failed && lines[index]?.text.startsWith('link add'));
  const errors = lines.flatMap((line, index) => complaint(line, results[index]) ?? []);
  if (errors[0] !== undefined) return errors[0];
  const wrong = existed ? await reconcile(context, step) : undefined;
  if (wrong !== undefined) return wrong;
  const { fact } = step;
  if (step.do === 'remove') return undefined;
  if (fact.fact === 'link') await setChecksum(context, fact);
  if (fact.fact === 'link' && fact.namespace === '' && isSwitching(fact)) await disableIpv6(fact);
  if (step.do === 'add' && (fact.fact === 'proxy' || (fact.fact === 'address' && fact.announce)))
    context.announcer.announce(fact);
  return undefined;
}

/** Performs steps of one namespace; those about forwarding entries go to `bridge`, in their own run. */
export async function performIp(
  context: HostContext,
  namespace: Namespace,
  steps: readonly StepOn<IpFact>[],
): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  const planned: Planned[] = [];
  for (const step of steps) {
    try {
      await refuseAddressed(context, step);
      if (!(await leavesShared(context, step))) planned.push({ step, lines: linesOf(step) });
    } catch (error) {
      failures.push(failure(step, describe(error)));
    }
  }
  const program = steps[0]?.fact.fact === 'fdb' ? 'bridge' : 'ip';
  const texts = planned.flatMap(({ lines }) => lines.map(({ text }) => text));
  const links = planned.flatMap(({ step }) => (step.fact.fact === 'link' ? [step as StepOn<LinkFact>] : []));
  await setInnerMtus(context, links, 'before');
  const results = await context.ip.exec(program, namespace, texts);
  await setInnerMtus(context, links, 'after');
  let next = 0;
  for (const plan of planned) {
    const own = results.slice(next, next + plan.lines.length);
    next += plan.lines.length;
    const error = await conclude(context, plan, own).catch(describe);
    if (error !== undefined) failures.push(failure(plan.step, error));
  }
  return failures;
}
