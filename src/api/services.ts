/** What every part of the API works with; handed in when the server is composed. */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Turns } from '../lib/turns.ts';
import type { Caller, Context, ReadContext } from '../operations/context.ts';
import type { NetworkingSettings } from '../rules/settings.ts';
import type { Reader, Store, Transactor } from '../store/store.ts';

/** Store, settings, and the sources of time and randomness. */
export interface Services {
  readonly store: Store;
  readonly settings: NetworkingSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Where clients reach this server, without a final slash: `http://10.0.0.1:9696`. */
  readonly publicUrl: () => string;
  /** Turns at lists of more rows than are read at a time. */
  readonly longLists: Turns;
}

/** The context of an operation inside a transaction. */
export function writeContext(services: Services, t: Transactor, caller: Caller): Context {
  return { t, caller, settings: services.settings, clock: services.clock, random: services.random };
}

/** The context of a view. */
export function readContext(services: Services, r: Reader, caller: Caller): ReadContext {
  return { r, caller, settings: services.settings, clock: services.clock };
}
