/** Which connections lose their translation when DNAT rules, or the elements that stand for them, change. */
import type { ChainFact, Fact, Facts, NftElementFact } from './facts.ts';
import { readNatElement } from './nft-nat.ts';
import { protocolName } from './rule-text.ts';
import type { CutStep, TranslatedConnections } from './steps.ts';

/** What one DNAT rule does: ports first..last of `destination` go to `target`, port for port or all to one. */
interface Translation {
  readonly namespace: string;
  readonly destination: string;
  /** Null: all protocols. */
  readonly protocol: string | null;
  /** Null: all ports, unchanged. */
  readonly ports: { readonly first: number; readonly last: number } | null;
  readonly target: string;
  /** The inside port of the first outside port; null: unchanged. */
  readonly targetFirst: number | null;
  /** Whether the inside port counts along with the outside port. */
  readonly shifted: boolean;
}

const DNAT = /-j DNAT --to-destination (\[[^\]]+\]|[\d.]+)(?::(\d+)(?:-(\d+)(?:\/(\d+))?)?)?/;

/** The translation that a rule makes; null where it is no DNAT rule of ours. */
export function translationOf(namespace: string, rule: string): Translation | null {
  const target = DNAT.exec(rule);
  const destination = /(?:^| )-d ([^ /]+)/.exec(rule)?.[1];
  if (!target?.[1] || !destination) return null;
  const protocol = protocolName(/(?:^| )-p (\S+)/.exec(rule)?.[1] ?? null);
  const ports = /--dports? (\d+)(?::(\d+))?/.exec(rule);
  const first = Number(ports?.[1]);
  const last = Number(ports?.[2] ?? ports?.[1]);
  return {
    namespace,
    destination,
    protocol,
    ports: ports ? { first, last } : null,
    target: target[1],
    targetFirst: target[2] ? Number(target[2]) : null,
    shifted: target[4] !== undefined,
  };
}

/** The translation that an element of a map makes; null where it makes none. */
export function elementTranslation(fact: NftElementFact): Translation | null {
  const element = readNatElement(fact);
  if (!element) return null;
  const { destination, ports, target, targetPorts } = element;
  return {
    namespace: fact.namespace,
    destination,
    protocol: protocolName(element.protocol),
    ports,
    target,
    targetFirst: targetPorts?.first ?? null,
    shifted: targetPorts !== null && targetPorts.first !== targetPorts.last,
  };
}

/** A fact that may translate destinations. */
export function translates(fact: Fact): fact is ChainFact | NftElementFact {
  return fact.fact === 'nft-element' || (fact.fact === 'chain' && fact.table === 'nat');
}

/** The inside port that an outside port goes to. */
function insidePort(one: Translation, port: number): number {
  if (one.targetFirst === null) return port;
  return one.shifted && one.ports ? one.targetFirst + port - one.ports.first : one.targetFirst;
}

type Ports = { first: number; last: number };

/** The ports of `old` that `kept` sends to the very same place. */
function agreement(old: Translation, kept: Translation): Ports | null {
  if (!old.ports || !kept.ports) return null;
  const first = Math.max(old.ports.first, kept.ports.first);
  const last = Math.min(old.ports.last, kept.ports.last);
  if (first > last) return null;
  const moves = (one: Translation) => one.targetFirst === null || one.shifted;
  if (moves(old) === moves(kept)) return insidePort(old, first) === insidePort(kept, first) ? { first, last } : null;
  // One counts along and the other does not: they can meet at one port alone.
  const fixed = insidePort(moves(old) ? kept : old, first);
  const counting = moves(old) ? old : kept;
  const meet = first + fixed - insidePort(counting, first);
  return meet >= first && meet <= last ? { first: meet, last: meet } : null;
}

function subtract(ranges: readonly Ports[], hole: Ports): Ports[] {
  return ranges.flatMap(({ first, last }) => {
    if (hole.last < first || hole.first > last) return [{ first, last }];
    const rest: Ports[] = [];
    if (first < hole.first) rest.push({ first, last: hole.first - 1 });
    if (last > hole.last) rest.push({ first: hole.last + 1, last });
    return rest;
  });
}

function connections(one: Translation, ports: Ports | null): TranslatedConnections {
  return { destination: one.destination, protocol: one.protocol, ports, target: one.target };
}

/** What of an old translation no kept one makes any more. */
function lost(old: Translation, kept: readonly Translation[]): TranslatedConnections[] {
  const alike = kept.filter((one) => one.target === old.target);
  const whole = alike.some((one) => one.ports === null && (one.protocol === null || one.protocol === old.protocol));
  if (old.ports === null) {
    return whole ? [] : [connections(old, null)];
  }
  // The whole address goes to the same inside address: ports are unchanged there.
  if (
    whole &&
    insidePort(old, old.ports.first) === old.ports.first &&
    (old.shifted || old.ports.first === old.ports.last)
  )
    return [];
  let rest: Ports[] = [old.ports];
  for (const one of alike) {
    const same = one.protocol === old.protocol ? agreement(old, one) : null;
    if (same) rest = subtract(rest, same);
  }
  return rest.map((ports) => connections(old, ports));
}

function translationsOf(fact: Fact): Translation[] {
  if (!translates(fact)) return [];
  const all =
    fact.fact === 'nft-element'
      ? [elementTranslation(fact)]
      : fact.rules.map((rule) => (rule.includes('-j DNAT') ? translationOf(fact.namespace, rule) : null));
  return all.filter((one) => one !== null);
}

const placeOf = (one: Translation) => `${one.namespace}|${one.destination}`;

/** Cuts for what `before` (chains and elements that change or go) translated and nothing in `want` translates alike. */
export function cutsFor(before: readonly Fact[], want: Facts, why: string): CutStep[] {
  const old = before.flatMap(translationsOf);
  if (old.length === 0) return [];
  const kept = new Map<string, Translation[]>(old.map((one) => [placeOf(one), []]));
  for (const fact of want.values()) for (const one of translationsOf(fact)) kept.get(placeOf(one))?.push(one);
  const steps = new Map<string, CutStep>();
  for (const one of old) {
    for (const gone of lost(one, kept.get(placeOf(one)) ?? [])) {
      const step: CutStep = { do: 'cut', namespace: one.namespace, connections: gone, why };
      steps.set(JSON.stringify(step), step);
    }
  }
  return [...steps.values()];
}
