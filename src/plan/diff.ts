/** Compares what is wanted with what is there and plans the steps from one to the other. Pure. */
import type { Fact, FactKey, Facts, HookFact, LinkFact } from './facts.ts';
import { chainOf, deviceOf, hookRank, inOrder, linkKey, peerKey, placeOfChange, rank } from './order.ts';
import { same, sameKind } from './same.ts';
import type { AddStep, ChangeStep, RemoveStep, Step } from './steps.ts';
import { cutsFor, translates } from './translations.ts';

export { describeStep } from './describe.ts';

/**
 * Plans the steps that make `want` true: first what is missing or different, in the order in which things stand on each other,
 * then what is no longer wanted, in the reverse order. What goes with its namespace, its device or the other end of its pair
 * gets no step of its own; processes do, before their namespace goes. Connections are cut after the rules that made them.
 *
 * @param want the facts of a unit (empty: it is to be removed)
 * @param have those of want ∪ made that are there, as they are
 * @param made keys that stand in the agent's ledger for the unit; nothing else is ever removed
 * @param why the reason that every step carries
 */
export function plan(want: Facts, have: Facts, made: ReadonlySet<FactKey>, why: string): Step[] {
  const remake = linksToRemake(want, have);
  const there = withoutStaleFlows(want, withoutDependants(have, remake));
  const removals = remake.map((fact): RemoveStep => ({ do: 'remove', fact, why }));
  const bring = bringAbout(want, there, why);
  const gone = unwanted(want, there, made);
  const takeAway = takenAway(gone, there, why);
  const changed = bring.filter((step) => step.do === 'change').map((step) => step.was);
  const vanishing = new Set(gone.filter((fact) => fact.fact === 'netns').map((fact) => fact.name));
  const before = [...changed, ...gone].filter((fact) => translates(fact) && !vanishing.has(fact.namespace));
  const cuts = cutsFor(before, want, why);
  const [rules, rest] = splitAtRules(takeAway);
  return [...removals, ...bring, ...rules, ...cuts, ...rest];
}

/**
 * Links that are there, but made in another way; and pairs of which one end is missing. A device of someone else that has the
 * name of ours is left alone: the step that would make ours fails and says so.
 */
function linksToRemake(want: Facts, have: Facts): LinkFact[] {
  const links: LinkFact[] = [];
  for (const [key, fact] of want) {
    const now = have.get(key);
    if (fact.fact !== 'link' || now?.fact !== 'link' || now.kind.type === 'foreign') continue;
    const peer = peerKey(fact);
    const halved = peer !== null && want.has(peer) && !have.has(peer);
    if (halved || !sameKind(fact.kind, now.kind)) links.push(now);
  }
  return links;
}

/** `have` as it is once the links are gone: without them, their other ends, and what stood on either. */
function withoutDependants(have: Facts, links: readonly LinkFact[]): Facts {
  if (links.length === 0) return have;
  const gone = new Set(links.flatMap((link) => [linkKey(link.namespace, link.name), peerKey(link) ?? '']));
  const bridges = new Set(links.map((link) => linkKey(link.namespace, link.name)));
  const left = new Map<FactKey, Fact>();
  for (const [key, fact] of have) {
    const on = deviceOf(fact) ?? pluggedIn(fact);
    if (gone.has(key) || (on && gone.has(linkKey(on.namespace, on.device)))) continue;
    left.set(key, released(fact, bridges));
  }
  return left;
}

/** The device that a port of a switch was given; the switch holds on to the old one when that is made anew. */
function pluggedIn(fact: Fact): { namespace: string; device: string } | null {
  return fact.fact === 'ovs-port' && fact.type === '' && !fact.foreign ? { namespace: '', device: fact.name } : null;
}

/**
 * `have` without the flows that name a port which is to be plugged in: they stand there by its name, and mean the number that it had.
 * Those of an owner are made anew all together, which takes away whatever stands there for it.
 */
function withoutStaleFlows(want: Facts, have: Facts): Facts {
  const plugged = new Set<string>();
  for (const [key, fact] of want) {
    if (fact.fact !== 'ovs-port') continue;
    const now = have.get(key);
    if (now?.fact !== 'ovs-port' || now.lost) plugged.add(fact.name);
  }
  if (plugged.size === 0) return have;
  const names = (text: string) => text.split(/[ =:,()]/).some((word) => plugged.has(word));
  const left = new Map(have);
  for (const [key, fact] of have) if (fact.fact === 'flows' && fact.flows.some(names)) left.delete(key);
  return left;
}

function released(fact: Fact, bridges: ReadonlySet<string>): Fact {
  if (fact.fact !== 'link' || !fact.master || !bridges.has(linkKey(fact.namespace, fact.master))) return fact;
  const { master: _, neighSuppress: __, ...free } = fact;
  return free;
}

type Bring = AddStep | ChangeStep | RemoveStep;

/** Steps that add what is missing and change what differs. */
function bringAbout(want: Facts, have: Facts, why: string): Bring[] {
  const missing: Fact[] = [];
  const different = new Map<Fact, Fact>();
  const entries = [...want];
  for (const [key, fact] of entries) {
    const now = have.get(key);
    if (!now) missing.push(fact);
    else if (!same(fact, now)) different.set(fact, now);
  }
  const steps: Bring[] = [];
  const again = hooksToMove(want, missing);
  const hooks: HookFact[] = [];
  const places = new Map(
    [...different].flatMap(([fact, was]): [Fact, number][] => {
      const place = placeOfChange(fact, was);
      return place === undefined ? [] : [[fact, place]];
    }),
  );
  for (const fact of inOrder([...missing, ...different.keys()], places)) {
    const was = different.get(fact);
    if (fact.fact === 'hook') hooks.push(fact);
    else if (was) steps.push({ do: 'change', fact, was, why });
    else steps.push({ do: 'add', fact, why });
  }
  const at = steps.findIndex(({ fact }) => (places.get(fact) ?? rank(fact)) > hookRank);
  const insertions = hookSteps(want, new Set(hooks), again, why);
  const place = at < 0 ? steps.length : at;
  return [...steps.slice(0, place), ...insertions, ...steps.slice(place)];
}

/**
 * A hook is inserted in front, so that one that is missing would come before those wanted ahead of it: these are taken out and
 * inserted again after it.
 */
function hooksToMove(want: Facts, missing: readonly Fact[]): Set<HookFact> {
  const lacking = new Set(missing.filter((fact) => fact.fact === 'hook' && !fact.anywhere));
  const moving = new Set<HookFact>();
  if (lacking.size === 0) return moving;
  const hooks = [...want.values()].filter((fact) => fact.fact === 'hook' && !fact.anywhere) as HookFact[];
  const behind = new Set<string>();
  for (const hook of hooks.reverse()) {
    if (lacking.has(hook)) behind.add(chainOf(hook));
    else if (behind.has(chainOf(hook))) moving.add(hook);
  }
  return moving;
}

/** Insertions last first, so that in each chain the hooks end up in the order wanted. */
function hookSteps(
  want: Facts,
  missing: ReadonlySet<HookFact>,
  moving: ReadonlySet<HookFact>,
  why: string,
): (AddStep | RemoveStep)[] {
  if (missing.size === 0) return [];
  const hooks = [...want.values()].filter((fact) => fact.fact === 'hook').reverse();
  return hooks.flatMap((fact): (AddStep | RemoveStep)[] => {
    const add: AddStep = { do: 'add', fact, why };
    if (moving.has(fact)) return [{ do: 'remove', fact, why }, add];
    return missing.has(fact) ? [add] : [];
  });
}

/** What is there, was made by us, and nobody wants; kernel settings stay as they are, and bridges while others use them. */
function unwanted(want: Facts, have: Facts, made: ReadonlySet<FactKey>): Fact[] {
  const gone: Fact[] = [];
  for (const key of made) {
    const fact = want.has(key) ? undefined : have.get(key);
    const stays = fact?.fact === 'sysctl' || (fact?.fact === 'ovs-bridge' && fact.used);
    if (fact && !stays) gone.push(fact);
  }
  return gone;
}

const nftTableOf = (at: { namespace: string; family: string; table: string }) =>
  `${at.namespace}|${at.family}|${at.table}`;

/** Steps that take facts away, what stands on others first. */
function takenAway(gone: readonly Fact[], have: Facts, why: string): RemoveStep[] {
  const vanishing = vanishingLinks(gone, have);
  const namespaces = new Set(gone.filter((fact) => fact.fact === 'netns').map((fact) => fact.name));
  const bridges = new Set(
    gone.flatMap((fact) => (fact.fact === 'ovs-bridge' && !fact.shared && !fact.guests ? [fact.name] : [])),
  );
  const tables = new Set(gone.filter((fact) => fact.fact === 'nft-table').map(nftTableOf));
  const steps: RemoveStep[] = [];
  for (const fact of inOrder(gone).reverse()) {
    if (fact.fact !== 'process' && 'namespace' in fact && namespaces.has(fact.namespace)) continue;
    if ('bridge' in fact && bridges.has(fact.bridge)) continue;
    if (fact.fact === 'nft-element' && tables.has(nftTableOf(fact))) continue;
    // A link has a step of its own: the bridge under a VLAN device may be one that stays, because others use it.
    const on = fact.fact === 'link' ? null : deviceOf(fact);
    if (on && vanishing.has(linkKey(on.namespace, on.device))) continue;
    if (fact.fact !== 'link') {
      steps.push({ do: 'remove', fact, why });
      continue;
    }
    const step = linkRemoval(fact, vanishing, why);
    if (step) steps.push(step);
  }
  return steps;
}

/** Links that go: by a step, with their namespace, or with the other end of their pair. `false`: no step of their own. */
function vanishingLinks(gone: readonly Fact[], have: Facts): Map<string, boolean> {
  const namespaces = new Set(gone.filter((fact) => fact.fact === 'netns').map((fact) => fact.name));
  const vanishing = new Map<string, boolean>();
  const goneKeys = new Set<Fact>(gone);
  for (const fact of have.values()) {
    if (fact.fact !== 'link') continue;
    const key = linkKey(fact.namespace, fact.name);
    if (namespaces.has(fact.namespace)) vanishing.set(key, false);
    else if (goneKeys.has(fact) && fact.kind.type !== 'foreign' && !vanishing.has(key)) vanishing.set(key, true);
    const peer = peerKey(fact);
    if (peer === null || fact.kind.type !== 'veth') continue;
    const withNamespace = namespaces.has(fact.namespace) || namespaces.has(fact.kind.peer.namespace);
    if (withNamespace) vanishing.set(key, false);
    if (withNamespace || vanishing.get(key)) vanishing.set(peer, false);
  }
  return vanishing;
}

/** A device of someone else's is released (off its bridge, down), since the rules that guarded it go; it is never removed. */
function linkRemoval(fact: LinkFact, vanishing: ReadonlyMap<string, boolean>, why: string): RemoveStep | null {
  if (fact.kind.type === 'foreign') {
    // An interface of the host stays up: it may carry VLANs.
    const released = fact.master === undefined && (fact.kind.nic === true || !fact.up);
    return fact.namespace !== '' || released ? null : { do: 'remove', fact, why };
  }
  return vanishing.get(linkKey(fact.namespace, fact.name)) ? { do: 'remove', fact, why } : null;
}

const rules: ReadonlySet<Fact['fact']> = new Set(['chain', 'hook', 'nft-table', 'nft-element']);

/** Steps up to the last one about rules, and those after it. */
function splitAtRules<S extends Step>(steps: readonly S[]): [S[], S[]] {
  const isRule = (step: Step) => step.do !== 'cut' && rules.has(step.fact.fact);
  const last = steps.findLastIndex(isRule);
  return [steps.slice(0, last + 1), steps.slice(last + 1)];
}
