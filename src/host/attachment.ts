/**
 * Pairs into the network namespace of an instance, as `neutrino port attach --netns` makes them: the outer end is the port's tap, and
 * its alias tells where the inner end is.
 */
import type { LinkFact } from '../plan/facts.ts';
import type { HostContext, StepOn } from './batch.ts';
import { parseEntries } from './ip-read.ts';

/** The alias of a tap whose other end is in a namespace; `made`: the namespace was made for it, and goes with it. */
export function attachedAlias(netns: string, made: boolean): string {
  return `neutrino netns ${netns}${made ? ' made' : ''}`;
}

/** What the alias of a tap says; undefined where it is none of ours. */
export function attachedNetns(
  alias: string | undefined,
): { readonly netns: string; readonly made: boolean } | undefined {
  const [, netns, made] = /^neutrino netns (\S+)( made)?$/.exec(alias ?? '') ?? [];
  return netns === undefined ? undefined : { netns, made: made !== undefined };
}

interface Entry {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_index?: number;
  readonly ifalias?: string;
}

/** The MTU that a step changes on a tap, and whether it lowers it; undefined for any other step. */
function mtuChange(step: StepOn<LinkFact>): { readonly mtu: number; readonly lowers: boolean } | undefined {
  const { fact } = step;
  if (step.do !== 'change' || fact.kind.type !== 'foreign' || fact.namespace !== '') return undefined;
  const { mtu } = fact;
  return mtu === undefined || mtu === step.was.mtu ? undefined : { mtu, lowers: mtu < (step.was.mtu ?? 0) };
}

async function setInner(context: HostContext, tap: string, mtu: number): Promise<void> {
  const [answer] = await context.ip.exec('ip', '', [`link show dev ${tap}`]);
  const [outer] = answer && !answer.failed ? parseEntries<Entry>(answer.output) : [];
  const at = attachedNetns(outer?.ifalias);
  if (!outer || !at) return;
  const [all] = await context.ip.exec('ip', at.netns, ['link show']);
  const inner = parseEntries<Entry>(all?.output ?? '').find((link) => link.link_index === outer.ifindex);
  if (!inner || inner.ifindex !== outer.link_index) return;
  const [set] = await context.ip.exec('ip', at.netns, [`link set dev ${inner.ifname} mtu ${mtu}`]);
  if (set?.failed) context.log(`the MTU of ${inner.ifname} in ${at.netns} could not be set: ${set.output}`);
}

/**
 * Brings the MTU of the inner ends along with that of taps: before the taps where it is lowered, after them where it is raised, so
 * that neither end ever sends what the other does not take. An end that somebody moved away is left alone.
 */
export async function setInnerMtus(
  context: HostContext,
  steps: readonly StepOn<LinkFact>[],
  when: 'before' | 'after',
): Promise<void> {
  for (const step of steps) {
    const change = mtuChange(step);
    if (change && change.lowers === (when === 'before'))
      await setInner(context, step.fact.name, change.mtu).catch((error: Error) => context.log(error.message));
  }
}
