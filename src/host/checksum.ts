/** Whether devices leave the checksums of what they send to who receives it, by ethtool. */
import type { Fact, LinkFact, Namespace } from '../plan/facts.ts';
import type { HostContext } from './batch.ts';
import { shellKind, word } from './shell-helper.ts';

const isAsked = (fact: Fact): fact is LinkFact => fact.fact === 'link' && fact.txChecksum !== undefined;

/** The states of devices by name; one that went meanwhile has none. */
async function readStates(
  context: HostContext,
  namespace: Namespace,
  names: readonly string[],
): Promise<ReadonlyMap<string, boolean>> {
  const list = names.map(word).join(' ');
  const script = `for d in ${list}; do echo "$d $(ethtool -k $d 2>/dev/null | grep ^tx-checksumming:)"; done`;
  const output = await context.pool.use(shellKind, namespace, (shell) => shell.run(script));
  const lines = [...output.matchAll(/^(\S+) tx-checksumming: (on|off)/gm)];
  return new Map(lines.map(([, name = '', state]) => [name, state === 'on']));
}

/** The facts found, each link of which it was asked with how its device deals with checksums. */
export async function withChecksums(
  context: HostContext,
  namespace: Namespace,
  asked: readonly Fact[],
  found: readonly Fact[],
): Promise<Fact[]> {
  const names = new Set(asked.filter(isAsked).map(({ name }) => name));
  const there = found.flatMap((fact) => (fact.fact === 'link' && names.has(fact.name) ? [fact.name] : []));
  if (there.length === 0) return [...found];
  const states = await readStates(context, namespace, there);
  return found.map((fact) => {
    const state = fact.fact === 'link' && names.has(fact.name) ? states.get(fact.name) : undefined;
    return state === undefined ? fact : ({ ...fact, txChecksum: state } as LinkFact);
  });
}

/** Has a device do as the fact says, where it says anything. */
export async function setChecksum(context: HostContext, { namespace, name, txChecksum }: LinkFact): Promise<void> {
  if (txChecksum === undefined) return;
  const script = `ethtool -K ${word(name)} tx ${txChecksum ? 'on' : 'off'}`;
  await context.pool.use(shellKind, namespace, (shell) => shell.run(script));
}
