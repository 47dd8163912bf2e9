/** What would be done on a host, without doing it. */
import type { Machine } from '../host/machine.ts';
import type { Step } from '../plan/steps.ts';
import { readDesired } from './desired.ts';
import { type LedgerView, readLedger } from './ledger.ts';
import { surroundingsOf } from './links.ts';
import { readLocalVlans } from './local-vlans.ts';
import { factsToObserve, planScope, scopeOf } from './planning.ts';
import { laneOf, type Unit } from './unit.ts';
import { type FixedEnvironment, Units } from './units.ts';

/** The plan of all units as they stand: the root namespace, routers and DHCP services, and what is gone at the end. */
export async function planAll(machine: Machine, units: Units, ledger: LedgerView): Promise<Step[]> {
  units.renderAll();
  const all = [...units.byKey.values()];
  const there = (unit: Unit) => unit.present;
  const root = (unit: Unit) => laneOf(unit.key) === 'root';
  const batches = [
    all.filter((unit) => there(unit) && root(unit)),
    ...all.filter((unit) => !root(unit)).map((unit) => [unit]),
    all.filter((unit) => !there(unit) && root(unit)),
  ];
  const scopes = batches.map((batch) => ({ batch, scope: scopeOf(batch, units, ledger) }));
  const asked = new Map(scopes.flatMap(({ scope }) => [...factsToObserve(scope)]));
  const seen = await machine.observe(asked.values());
  return scopes.flatMap(({ batch, scope }) => {
    const have = new Map(
      [...factsToObserve(scope).keys()].flatMap((key) => (seen.has(key) ? [[key, seen.get(key) as never]] : [])),
    );
    return planScope(batch, scope, have);
  });
}

/** The plan of a host from the files of its agent, which may be running or not. */
export async function planHost(machine: Machine, env: FixedEnvironment, folder: string): Promise<Step[]> {
  const desired = readDesired(folder);
  const ledger = readLedger(folder);
  if (!desired.complete) return [];
  const units = new Units(
    desired,
    env,
    readLocalVlans(folder, () => ledger.localVlans(env.ovs?.integrationBridge)),
  );
  units.knownBy(
    () => false,
    (key) => new Map(ledger.madeFor(key)),
  );
  const { links, ports } = await surroundingsOf(machine);
  units.links = new Set(links.keys());
  units.switchPorts = ports;
  units.wake(units.unit('base'), 'wanted', { render: true });
  for (const key of desired.keys()) units.wake(units.unit(key), `${key} is wanted`, { render: true });
  for (const key of ledger.units())
    if (key !== 'base' && desired.get(key) === undefined)
      units.wake(units.unit(key), `${key} is gone`, { render: true });
  return planAll(machine, units, ledger);
}
