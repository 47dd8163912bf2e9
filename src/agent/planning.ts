/** The plan of some units: what they want together, what is there, what was made for them. Pure. */
import { plan } from '../plan/diff.ts';
import { type Fact, type FactKey, type Facts, factKey } from '../plan/facts.ts';
import type { CutStep, Step } from '../plan/steps.ts';
import type { LedgerView } from './ledger.ts';
import type { Unit, UnitKey } from './unit.ts';
import type { Units } from './units.ts';

/** What some units come to. */
export interface Scope {
  /** What they want together. */
  readonly want: ReadonlyMap<FactKey, Fact>;
  /** Facts that were made and that no unit wants any more, with the unit they were made for. */
  readonly unwanted: ReadonlyMap<FactKey, { readonly fact: Fact; readonly unit: Unit }>;
  /** Facts that were made for one of them and that only another unit wants now. */
  readonly passedOn: readonly (readonly [UnitKey, Fact])[];
  /** Cuts that an earlier run may not have made. */
  readonly cuts: readonly CutStep[];
  /** Everything that the ledger has for them. */
  readonly made: ReadonlySet<FactKey>;
}

function wantOf(batch: readonly Unit[]): ReadonlyMap<FactKey, Fact> {
  const [only] = batch;
  if (batch.length === 1 && only) return only.want;
  const want = new Map<FactKey, Fact>();
  for (const unit of batch) for (const [key, fact] of unit.want) if (!want.has(key)) want.set(key, fact);
  return want;
}

/** What is to go is there wherever it stands. */
function wherever(fact: Fact): Fact {
  if (fact.fact !== 'hook') return fact;
  const { behind: _, ...loose } = fact;
  return loose;
}

/** What the units want, own and leave, by the ledger. */
export function scopeOf(batch: readonly Unit[], units: Units, ledger: LedgerView): Scope {
  const want = wantOf(batch);
  const unwanted = new Map<FactKey, { fact: Fact; unit: Unit }>();
  const passedOn: [UnitKey, Fact][] = [];
  const made = new Set<FactKey>();
  for (const key of want.keys()) if (ledger.has(key)) made.add(key);
  for (const unit of batch)
    for (const [key, fact] of ledger.madeFor(unit.key)) {
      if (want.has(key)) continue;
      const [heir] = units.wantedBy.get(key);
      if (heir !== undefined) passedOn.push([heir, fact]);
      else {
        unwanted.set(key, { fact: wherever(fact), unit });
        made.add(key);
      }
    }
  return { want, unwanted, passedOn, cuts: batch.flatMap((unit) => ledger.cutsOf(unit.key)), made };
}

/** The facts that are looked at before a plan of the scope is made. */
export function factsToObserve(scope: Scope): ReadonlyMap<FactKey, Fact> {
  if (scope.unwanted.size === 0) return scope.want;
  const facts = new Map(scope.want);
  for (const [key, { fact }] of scope.unwanted) facts.set(key, fact);
  return facts;
}

/** The units of a batch that a step is about. */
export function unitsOf(step: Step, batch: readonly Unit[], scope: Scope): Unit[] {
  if (batch.length === 1) return [...batch];
  if (step.do === 'cut') {
    const here = (unit: Unit) =>
      [...unit.want.values()].some((fact) => 'namespace' in fact && fact.namespace === step.namespace);
    return batch.filter(here);
  }
  const key = factKey(step.fact);
  const owner = scope.unwanted.get(key)?.unit;
  return owner ? [owner] : batch.filter((unit) => unit.want.has(key));
}

/** The steps that make the scope true, each with the reason of its unit. */
export function planScope(batch: readonly Unit[], scope: Scope, have: Facts): Step[] {
  const [only] = batch;
  const steps = plan(scope.want, have, scope.made, batch.length === 1 && only ? only.why : '');
  const reasoned = steps.map((step) => {
    if (step.why !== '') return step;
    const unit = unitsOf(step, batch, scope)[0] ?? only;
    return { ...step, why: unit?.why ?? '' };
  });
  const planned = new Set(reasoned.filter((step) => step.do === 'cut').map((cut) => JSON.stringify(cut)));
  const left = scope.cuts.filter((cut) => !planned.has(JSON.stringify(cut)));
  return [...reasoned, ...left];
}

/** Whether a fact of this kind, found as it is wanted, counts as made by us: what is Neutrino's by its name. */
export function isOurs(fact: Fact): boolean {
  return fact.fact !== 'sysctl' && !isForeign(fact) && (!isSharedBridge(fact) || hasGuests(fact));
}

/** Whether a fact is about a device that someone else made. */
export function isForeign(fact: Fact): boolean {
  return (fact.fact === 'link' && fact.kind.type === 'foreign') || (fact.fact === 'ovs-port' && fact.foreign === true);
}

const hasGuests = (fact: Fact) => fact.fact === 'ovs-bridge' && fact.guests === true;

/** Whether a fact is a bridge that others may use too. */
export function isSharedBridge(fact: Fact): boolean {
  if (fact.fact === 'ovs-bridge') return fact.shared === true || hasGuests(fact);
  return fact.fact === 'link' && fact.kind.type === 'bridge' && fact.kind.shared === true;
}

/**
 * Whether making (or setting) a fact is written down: everything that can be removed or released again. A loopback goes with its
 * namespace.
 */
export function isRecorded(fact: Fact): boolean {
  return fact.fact !== 'sysctl' && !(fact.fact === 'link' && fact.kind.type === 'foreign' && fact.namespace !== '');
}

/** A device of someone else's that a port of ours is: what was set on it is released when the port goes. */
export function isTap(fact: Fact): boolean {
  return isForeign(fact) && (fact.fact !== 'link' || fact.namespace === '');
}
