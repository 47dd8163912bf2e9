/** What a change of devices, or of ports of the switch, means for the units: ours are no news, others' are. */
import { type FactKey, factKey } from '../plan/facts.ts';
import type { Changes, Surroundings } from './links.ts';
import type { Workshop } from './reconcile.ts';
import type { Worker } from './worker.ts';

/** Tells the units of changes; `now` gives what was seen last. */
export function tellUnits(
  { shop, worker }: { readonly shop: Workshop; readonly worker: Worker },
  changes: Changes,
  now: () => Surroundings,
): void {
  const { units } = shop;
  const linkOf = (name: string) => factKey({ fact: 'link', namespace: '', name, kind: { type: 'foreign' }, up: true });
  for (const name of changes.links)
    judge(
      [linkOf(name)],
      () => now().links.has(name),
      (ours) => units.deviceChanged(name, ours),
    );
  for (const { name, portId } of changes.ports) {
    // A bridge has a port of its name.
    const keys = [`ovs-port|${name}`, `ovs-bridge|${name}`];
    judge(
      keys,
      () => now().ports.has(name),
      (ours) => units.switchPortChanged(name, portId, ours),
    );
  }
  // A bridge may have lost the last port of others.
  if (changes.ports.length > 0) worker.retryLeftovers('ports of the switch changed');
  if (changes.restarted) units.switchRestarted();
  worker.poke();

  /**
   * Our own devices come and go with our own steps; only what differs from what we know of is news. What a run under way may be
   * about to change is judged when it has ended.
   */
  function judge(keys: readonly FactKey[], there: () => boolean, tell: (ours: boolean) => void): void {
    const isOurs = () => keys.some((key) => shop.ledger.has(key) && there() === shop.known.has(key));
    const busy = keys.find((key) => worker.claims(key));
    tell(busy !== undefined || isOurs());
    if (busy === undefined) return;
    void worker.released(busy).then(() => {
      if (isOurs()) return;
      tell(false);
      worker.poke();
    });
  }
}
