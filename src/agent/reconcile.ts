/** One run over some units: look (where needed), plan, write down, perform, strike, account. */
import type { Machine } from '../host/machine.ts';
import { type Fact, type FactKey, factKey } from '../plan/facts.ts';
import type { CutStep, Step, StepFailure } from '../plan/steps.ts';
import type { Known } from './known.ts';
import type { Ledger } from './ledger.ts';
import {
  factsToObserve,
  isOurs,
  isRecorded,
  isSharedBridge,
  isTap,
  planScope,
  type Scope,
  scopeOf,
  unitsOf,
} from './planning.ts';
import type { Unit, UnitKey } from './unit.ts';
import type { Units } from './units.ts';

/** What a run works with. */
export interface Workshop {
  readonly machine: Machine;
  readonly units: Units;
  readonly ledger: Ledger;
  readonly known: Known;
}

/** What came of a unit: the steps that concerned it, and the first failure. */
export interface Outcome {
  readonly unit: Unit;
  readonly steps: number;
  readonly error: string | null;
  /** A device was made or removed. */
  readonly devices?: boolean;
}

/** Brings the units about. Never throws: what fails is in the outcomes. `claimed` are the keys that the run may touch. */
export async function reconcile(shop: Workshop, batch: readonly Unit[], claimed: Set<FactKey>): Promise<Outcome[]> {
  const scope = scopeOf(batch, shop.units, shop.ledger);
  for (const key of scope.want.keys()) claimed.add(key);
  for (const key of scope.unwanted.keys()) claimed.add(key);
  try {
    // At once, before the heir has the time to give the fact up unseen.
    if (scope.passedOn.length > 0) shop.ledger.record(scope.passedOn, []);
    await observe(shop, batch, scope);
  } catch (error) {
    if (batch.length > 1) return oneByOne(shop, batch, claimed);
    return batch.map((unit) => ({ unit, steps: 0, error: (error as Error).message }));
  }
  return perform(shop, batch, scope);
}

/** What cannot be looked at for one unit must not hold up the others. */
async function oneByOne(shop: Workshop, batch: readonly Unit[], claimed: Set<FactKey>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const unit of batch) outcomes.push(...(await reconcile(shop, [unit], claimed)));
  return outcomes;
}

async function observe(shop: Workshop, batch: readonly Unit[], scope: Scope): Promise<void> {
  const stale = batch.filter((unit) => unit.stale);
  if (stale.length === 0) return;
  const facts =
    stale.length === batch.length ? factsToObserve(scope) : factsToObserve(scopeOf(stale, shop.units, shop.ledger));
  // Before the look: what happens during it makes the unit stale again.
  for (const unit of stale) unit.stale = false;
  try {
    shop.known.observed(facts.keys(), await shop.machine.observe(facts.values()));
  } catch (error) {
    for (const unit of stale) unit.stale = true;
    throw error;
  }
}

async function perform(shop: Workshop, batch: readonly Unit[], scope: Scope): Promise<Outcome[]> {
  let steps: Step[] = [];
  let failures: StepFailure[] = [];
  try {
    const have = shop.known.pick(factsToObserve(scope).keys());
    steps = planScope(batch, scope, have);
    writeDown(shop, batch, scope, have, steps);
    if (steps.length > 0) failures = await shop.machine.perform(steps);
  } catch (error) {
    for (const unit of batch) unit.stale = true;
    return batch.map((unit) => ({ unit, steps: steps.length, error: (error as Error).message }));
  }
  const still = await stillThere(shop, scope, steps);
  return account(shop, batch, scope, steps, failures, still);
}

/** Shared bridges that were left alone, because others use them: they stay in the ledger until nobody does. */
async function stillThere(shop: Workshop, scope: Scope, steps: readonly Step[]): Promise<ReadonlySet<FactKey>> {
  const used = [...shop.known.pick(scope.unwanted.keys())].flatMap(([key, fact]) => (isUsed(fact) ? [key] : []));
  const shared = steps.flatMap((step) => (step.do === 'remove' && isSharedBridge(step.fact) ? [step.fact] : []));
  if (shared.length === 0) return new Set(used);
  try {
    return new Set([...used, ...(await shop.machine.observe(shared)).keys()]);
  } catch {
    return new Set([...used, ...shared.map(factKey)]);
  }
}

const isUsed = (fact: Fact) => fact.fact === 'ovs-bridge' && fact.used === true;

/** Before anything is made: who answers for it. */
function writeDown(
  shop: Workshop,
  batch: readonly Unit[],
  scope: Scope,
  have: ReadonlyMap<FactKey, Fact>,
  steps: readonly Step[],
): void {
  const made: (readonly [UnitKey, Fact])[] = [];
  const cuts: (readonly [UnitKey, CutStep])[] = [];
  const ownerOf = (step: Step): UnitKey => (unitsOf(step, batch, scope)[0] ?? (batch[0] as Unit)).key;
  for (const step of steps) {
    if (step.do === 'cut') cuts.push([ownerOf(step), step]);
    else if (step.do === 'add' && isRecorded(step.fact)) made.push([ownerOf(step), step.fact]);
    else if (step.do === 'change' && (isOurs(step.fact) || isTap(step.fact) || shop.ledger.has(factKey(step.fact))))
      made.push([ownerOf(step), step.fact]);
  }
  for (const unit of batch)
    for (const [key, fact] of unit.want)
      if (have.has(key) && (isOurs(fact) || isTap(fact)) && !shop.ledger.has(key)) made.push([unit.key, fact]);
  shop.ledger.record(made, cuts);
}

/** After it: what is known now, what is struck, and which units failed. */
function account(
  shop: Workshop,
  batch: readonly Unit[],
  scope: Scope,
  steps: readonly Step[],
  failures: readonly StepFailure[],
  still: ReadonlySet<FactKey>,
): Outcome[] {
  const failed = new Map<Step, string>(failures.map((failure) => [failure.step, failure.error]));
  const counts = new Map<Unit, number>();
  const errors = new Map<Unit, string>();
  const kept = new Set<FactKey>(still);
  const devices = new Set<Unit>();
  const cuts: CutStep[] = [];
  for (const step of steps) {
    const concerned = batch.length === 1 ? batch : unitsOf(step, batch, scope);
    const error = failed.get(step);
    for (const unit of concerned) {
      counts.set(unit, (counts.get(unit) ?? 0) + 1);
      if (step.do !== 'cut' && step.do !== 'change' && step.fact.fact === 'link') devices.add(unit);
      if (error !== undefined && !errors.has(unit)) errors.set(unit, error);
    }
    if (error === undefined && !(step.do === 'remove' && kept.has(factKey(step.fact)))) shop.known.performed(step);
    else if (step.do === 'remove') kept.add(factKey(step.fact));
    if (step.do === 'cut' && error === undefined) cuts.push(step);
  }
  // A failure of a step that is not found among the steps is one of all of them.
  const lost = failures.find((failure) => !steps.includes(failure.step));
  const gone = [...scope.unwanted.keys()].filter((key) => !kept.has(key) && !lost);
  for (const key of gone) shop.known.forget(key);
  let unwritten: string | null = null;
  try {
    shop.ledger.strike(gone, cuts);
  } catch (error) {
    unwritten = (error as Error).message;
  }
  return batch.map((unit) => {
    const error = errors.get(unit) ?? lost?.error ?? unwritten;
    if (error !== null) unit.stale = true;
    return { unit, steps: counts.get(unit) ?? 0, error, devices: devices.has(unit) };
  });
}
