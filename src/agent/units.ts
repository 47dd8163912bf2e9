/** All units, with the indices that say which of them a change concerns. */

import type { SwitchPort } from '../host/machine.ts';
import type { HostKey, HostObject } from '../model/host-objects.ts';
import { type Fact, type FactKey, factKey, factSet } from '../plan/facts.ts';
import { type HostEnvironment, render, renderBase } from '../plan/render/index.ts';
import type { LocalVlans } from './local-vlans.ts';
import { MultiMap } from './multi-map.ts';
import { isForeign, isSharedBridge } from './planning.ts';
import { kindOf, newUnit, type Unit, type UnitKey } from './unit.ts';

/** What rendering reads. */
export interface Sources {
  get(key: HostKey): HostObject | undefined;
  keys(): Iterable<HostKey>;
}

/** A host's environment but for the devices, which come and go, and what the agent allots itself. */
export type FixedEnvironment = Omit<HostEnvironment, 'links' | 'localVlan' | 'portDevice'>;

/** The units of a host. */
export class Units {
  readonly byKey = new Map<UnitKey, Unit>();
  /** The units that are due, in the order in which they became so. */
  readonly due = new Set<Unit>();
  /** Which units want a fact. */
  readonly wantedBy = new MultiMap<FactKey, UnitKey>();
  readonly #lookers = new MultiMap<HostKey, UnitKey>();
  readonly #deviceLookers = new MultiMap<string, UnitKey>();
  readonly #toRender = new Set<Unit>();
  readonly #sources: Sources;
  readonly #env: FixedEnvironment;
  readonly #vlans: Pick<LocalVlans, 'tagOf' | 'free'>;
  #ports = 0;
  #order = 0;
  /** The interface of each port of the cloud that has one, by bridge and port. */
  #interfaces: ReadonlyMap<string, string> = new Map();
  /** Names of the devices of the root namespace. */
  links: ReadonlySet<string> = new Set();

  constructor(sources: Sources, env: FixedEnvironment, vlans: Pick<LocalVlans, 'tagOf' | 'free'>) {
    this.#sources = sources;
    this.#env = env;
    this.#vlans = vlans;
  }

  /** The ports of the switch by name. */
  set switchPorts(ports: ReadonlyMap<string, SwitchPort>) {
    this.#interfaces = interfacesOf(ports);
  }

  /** The unit of a key, made when there is none. */
  unit(key: UnitKey): Unit {
    let unit = this.byKey.get(key);
    if (!unit) {
      unit = newUnit(key);
      this.byKey.set(key, unit);
    }
    return unit;
  }

  /** Makes a unit due. */
  wake(unit: Unit, why: string, how: { render?: boolean; stale?: boolean } = {}): void {
    if (how.stale) unit.stale = true;
    if (how.render) {
      unit.render = true;
      this.#toRender.add(unit);
    }
    if (unit.due === 0) {
      this.#order += 1;
      unit.due = this.#order;
      this.due.add(unit);
    }
    unit.why = why;
  }

  /** An object came, changed or went: its unit, and those that looked at it, are due. */
  objectChanged(key: HostKey): void {
    const unit = this.unit(key);
    unit.changed = true;
    unit.failures = 0;
    unit.notBefore = 0;
    this.wake(unit, this.#sources.get(key) ? `${key} changed` : `${key} is gone`, { render: true });
    for (const looker of this.#lookers.get(key)) {
      const other = this.byKey.get(looker);
      if (!other || other === unit) continue;
      other.notBefore = 0;
      this.wake(other, `${key} changed`, { render: true });
    }
  }

  /** A device of the root namespace came, went or was made anew. `ours`: it is one that we know of having made. */
  deviceChanged(name: string, ours: boolean): void {
    const concerned = new Set(this.#deviceLookers.get(name));
    if (!ours) for (const key of this.wantedBy.get(factKey(linkNamed(name)))) concerned.add(key);
    for (const key of concerned) {
      const unit = this.byKey.get(key);
      if (!unit) continue;
      unit.notBefore = 0;
      this.wake(unit, `the device ${name} changed`, { render: true, stale: true });
    }
  }

  /** A port of the switch, or a bridge of the name, came, went or was plugged in anew. `ours`: by what we did. */
  switchPortChanged(name: string, portId: string | undefined, ours: boolean): void {
    const concerned = new Set(portId === undefined ? [] : this.#deviceLookers.get(interfaceOf(portId)));
    if (!ours) {
      for (const key of this.wantedBy.get(`ovs-port|${name}`)) concerned.add(key);
      if (this.wantedBy.get(`ovs-bridge|${name}`).size > 0) for (const key of this.#switched()) concerned.add(key);
    }
    for (const key of concerned) {
      const unit = this.byKey.get(key);
      if (!unit) continue;
      unit.notBefore = 0;
      this.wake(unit, `the port ${name} of the switch changed`, { render: true, stale: true });
    }
  }

  /** The switch was started anew: it has no flows, and whatever stands on it is looked at. */
  switchRestarted(): void {
    for (const key of this.#switched()) {
      const unit = this.byKey.get(key);
      if (!unit) continue;
      unit.notBefore = 0;
      this.wake(unit, 'the switch was started anew', { stale: true });
    }
  }

  /** The units with anything on a switch. */
  #switched(): UnitKey[] {
    const isSwitched = ({ fact }: Fact) => fact === 'ovs-bridge' || fact === 'ovs-port' || fact === 'flows';
    return [...this.byKey.values()].filter(({ want }) => [...want.values()].some(isSwitched)).map(({ key }) => key);
  }

  /** A device of a unit was made or removed: what others had attached to it may be off. `but`: those that took part. */
  deviceMade(unit: Unit, but: ReadonlySet<Unit>): void {
    if (kindOf(unit.key) !== 'network') return;
    for (const key of this.#lookers.get(unit.key as HostKey)) {
      const other = this.byKey.get(key);
      if (other?.status && !but.has(other)) this.wake(other, `a device of ${unit.key} was made`, { stale: true });
    }
  }

  /** Those that stand on a unit's object and failed may be tried again at once. */
  retryLookers(unit: Unit): void {
    if (unit.key === 'base') return;
    for (const key of this.#lookers.get(unit.key)) {
      const other = this.byKey.get(key);
      if (other && other.failures > 0) other.notBefore = 0;
    }
  }

  /** Renders what is to be rendered; a unit that is being worked on waits until that has ended. */
  renderAll(): void {
    const gone = [...this.#toRender].filter((unit) => unit.key === 'base' || !this.#sources.get(unit.key));
    for (const unit of this.#toRender) {
      if (unit.running) continue;
      this.#toRender.delete(unit);
      if (unit.render && this.byKey.get(unit.key) === unit) this.#render(unit);
    }
    // What is gone queues behind everything that is due now and may still stand on it.
    for (const unit of gone) if (unit.due > 0 && !unit.present) unit.due = ++this.#order;
  }

  /** The work on a unit is over and nothing new has come up. */
  settle(unit: Unit): void {
    unit.due = 0;
    this.due.delete(unit);
  }

  /** Forgets a unit whose object is gone and of which nothing is left. */
  forget(unit: Unit): void {
    this.settle(unit);
    this.#toRender.delete(unit);
    this.#index(unit, new Map(), new Set(), new Set());
    this.byKey.delete(unit.key);
    if (kindOf(unit.key) === 'network') this.#vlans.free(unit.key.slice('network/'.length));
  }

  #render(unit: Unit): void {
    unit.render = false;
    const looked = new Set<HostKey>();
    const devices = new Set<string>();
    const env: HostEnvironment = {
      ...this.#env,
      links: recording(this.links, devices),
      localVlan: (networkId) => this.#vlans.tagOf(networkId),
      portDevice: (portId, bridge = this.#env.ovs?.integrationBridge ?? '') => {
        devices.add(interfaceOf(portId));
        return this.#interfaces.get(placeOf(bridge, portId));
      },
    };
    const base = this.#ports > 0 || this.#env.driver === 'openvswitch';
    const present = unit.key === 'base' ? base : this.#sources.get(unit.key) !== undefined;
    this.#countPorts(unit, present);
    unit.present = present;
    const look = (key: HostKey) => {
      looked.add(key);
      return this.#sources.get(key);
    };
    try {
      const rendering =
        unit.key === 'base'
          ? { facts: renderBase(env, this.#ports > 0), waiting: null, problem: null }
          : render(unit.key, look, env);
      const want = factSet(rendering.facts);
      this.#index(unit, want, looked, devices);
      unit.waiting = rendering.waiting;
      unit.problem = rendering.problem;
    } catch (error) {
      // The facts stay what they were, before a restart too: an object that cannot be rendered is no reason to take away what works.
      const first = unit.want.size === 0;
      this.#index(unit, first ? this.#made(unit.key) : unit.want, looked, devices);
      unit.problem = `The object cannot be rendered: ${(error as Error).message}`;
    }
    if ([...unit.want].some(([key, fact]) => mayBeThere(fact) && !this.#observed(key))) unit.stale = true;
  }

  /** Whether a shared device is known of; set by what keeps the known facts. */
  #observed: (key: FactKey) => boolean = () => false;
  /** What was made for a unit; set by what keeps the ledger. */
  #made: (unit: UnitKey) => ReadonlyMap<FactKey, Fact> = () => new Map();
  knownBy(observed: (key: FactKey) => boolean, made: (unit: UnitKey) => ReadonlyMap<FactKey, Fact>): void {
    this.#observed = observed;
    this.#made = made;
  }

  #countPorts(unit: Unit, present: boolean): void {
    if (unit.present === present || kindOf(unit.key) !== 'port') return;
    const before = this.#ports > 0;
    this.#ports += present ? 1 : -1;
    if (this.#ports > 0 !== before)
      this.wake(this.unit('base'), before ? 'the last port is gone' : 'a port came', { render: true });
  }

  #index(
    unit: Unit,
    want: ReadonlyMap<FactKey, Fact>,
    looked: ReadonlySet<HostKey>,
    devices: ReadonlySet<string>,
  ): void {
    this.wantedBy.move(unit.key, unit.want, want);
    this.#lookers.move(unit.key, unit.looked, looked);
    this.#deviceLookers.move(unit.key, unit.devices, devices);
    unit.want = want;
    unit.looked = looked;
    unit.devices = devices;
  }
}

/** What stands among the devices that a rendering asked for, where it asked for the interface of a port. */
const interfaceOf = (portId: string) => `iface-id=${portId}`;

const placeOf = (bridge: string, portId: string) => `${bridge} ${portId}`;

/** Of two interfaces for one port, which are there for a moment when one takes the other's place, the later one counts. */
function interfacesOf(ports: ReadonlyMap<string, SwitchPort>): Map<string, string> {
  return new Map(
    [...ports].flatMap(([name, { bridge, portId }]): [string, string][] =>
      portId === undefined ? [] : [[placeOf(bridge, portId), name]],
    ),
  );
}

/** A fact that may be there without our doing, so that it is looked at before it is made. */
function mayBeThere(fact: Fact): boolean {
  return isForeign(fact) || isSharedBridge(fact);
}

const linkNamed = (name: string): Fact => ({ fact: 'link', namespace: '', name, kind: { type: 'foreign' }, up: true });

/** The same set, which notes what it is asked for. */
function recording(set: ReadonlySet<string>, asked: Set<string>): ReadonlySet<string> {
  return new Proxy(set, {
    get(target, name) {
      if (name === 'has')
        return (value: string) => {
          asked.add(value);
          return target.has(value);
        };
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
