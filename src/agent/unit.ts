/** A unit of reconciliation: one host object, or the base that all of them stand on. */
import type { HostKey, HostObjectKind, StatusReport } from '../model/host-objects.ts';
import type { Fact, FactKey } from '../plan/facts.ts';

/** The key of an object, or `base`. */
export type UnitKey = HostKey | 'base';

/** What is reported of an object. */
export type Status = StatusReport['statuses'][number];

/** One unit, and where it stands. */
export interface Unit {
  readonly key: UnitKey;
  /** Its facts, as last rendered; empty where its object is gone. */
  want: ReadonlyMap<FactKey, Fact>;
  waiting: string | null;
  problem: string | null;
  /** Whether its object is there. */
  present: boolean;
  /** What the last rendering looked at. */
  looked: ReadonlySet<HostKey>;
  devices: ReadonlySet<string>;
  /** It is to be rendered anew. */
  render: boolean;
  /** What is known of its facts may be wrong: they are to be observed. */
  stale: boolean;
  /** Its own object changed since its last success: the outcome is reported even where it is the same as before. */
  changed: boolean;
  /** The order in which it became due; 0 where it is not due. */
  due: number;
  /** Why it is due, for people. */
  why: string;
  running: boolean;
  /** What `due` was when the run under way began. */
  started: number;
  /** Failures in a row. */
  failures: number;
  /** Clock time before which it is not tried again, milliseconds. */
  notBefore: number;
  /** What was last reported. */
  status: Status | null;
}

/** A unit about which nothing is known. */
export function newUnit(key: UnitKey): Unit {
  return {
    key,
    want: new Map(),
    waiting: null,
    problem: null,
    present: false,
    looked: new Set(),
    devices: new Set(),
    render: true,
    stale: true,
    changed: true,
    due: 0,
    why: '',
    running: false,
    started: 0,
    failures: 0,
    notBefore: 0,
    status: null,
  };
}

/** The kind of a unit's object, or `base`. */
export function kindOf(key: UnitKey): HostObjectKind | 'base' {
  const slash = key.indexOf('/');
  return (slash < 0 ? key : key.slice(0, slash)) as HostObjectKind | 'base';
}

/**
 * Where a unit's work happens: routers and DHCP services in namespaces of their own, beside each other; everything else in the root
 * namespace, whose tables are shared, one run at a time.
 */
export function laneOf(key: UnitKey): 'root' | 'own' {
  const kind = kindOf(key);
  return kind === 'router' || kind === 'dhcp' ? 'own' : 'root';
}
