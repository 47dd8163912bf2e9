/** Turns steps about bridges and ports of Open vSwitch into operations of a transaction. */
import { deadVlan, type OvsBridgeFact, type OvsPortFact } from '../plan/facts.ts';
import type { StepOn } from './batch.ts';
import { isOwn, isUsable, ownMark, type PortRow, type Topology } from './ovs-ports.ts';
import type { Operation } from './ovsdb.ts';
import { mapOf, type Reference, setOf } from './ovsdb-values.ts';

/** A step about the switch's configuration. */
export type SwitchStep = StepOn<OvsBridgeFact | OvsPortFact>;

/**
 * The columns that put a port into a VLAN, or into none. Two ports of the dead VLAN must not reach each other: such a port is a
 * trunk of that VLAN alone, which takes no frame without a tag.
 */
function vlanColumns(tag: number | undefined): Record<string, unknown> {
  const dead = tag === deadVlan;
  return {
    tag: setOf(tag === undefined ? [] : [tag]),
    trunks: setOf(dead ? [deadVlan] : []),
    vlan_mode: setOf(dead ? ['trunk'] : []),
  };
}

const byUuid = (uuid: string) => [['_uuid', '==', ['uuid', uuid]]];
const here = (uuid: string): Reference => ['uuid', uuid];

/** Operations that are gathered for one transaction; what one of them makes, the next can refer to. */
export class SwitchDraft {
  readonly operations: Operation[] = [];
  readonly #topology: Topology;
  readonly #held: ReadonlySet<string>;
  readonly #made = new Map<string, Reference>();
  readonly #unplugged = new Set<string>();
  #rows = 0;

  /** `held`: the devices that a switch holds on to. */
  constructor(topology: Topology, held: ReadonlySet<string>) {
    this.#topology = topology;
    this.#held = held;
  }

  /** Adds the operations of a step. Throws where it cannot be done. */
  add(step: SwitchStep): void {
    const { fact } = step;
    if (fact.fact === 'ovs-bridge') {
      if (step.do === 'remove') this.#removeBridge(fact);
      else this.#putBridge(fact);
    } else if (step.do === 'remove') this.#removePort(fact);
    else if (fact.foreign) this.#setTag(fact, fact.tag);
    else this.#putPort(fact);
  }

  #insert(table: string, row: Record<string, unknown>): Reference {
    this.#rows += 1;
    const name = `row${this.#rows}`;
    this.operations.push({ op: 'insert', table, row, 'uuid-name': name });
    return ['named-uuid', name];
  }

  #update(table: string, uuid: string, row: Record<string, unknown>): void {
    this.operations.push({ op: 'update', table, where: byUuid(uuid), row });
  }

  #mutate(table: string, where: unknown, column: string, mutator: string, value: unknown): void {
    this.operations.push({ op: 'mutate', table, where, mutations: [[column, mutator, value]] });
  }

  #putBridge({ name, datapath, failMode, shared }: OvsBridgeFact): void {
    const settings = { datapath_type: datapath, fail_mode: failMode };
    const there = this.#topology.bridges.get(name);
    if (there) {
      if (!shared || isOwn(there)) this.#update('Bridge', there.uuid, settings);
      return;
    }
    const local = this.#insert('Interface', { name, type: 'internal' });
    const port = this.#insert('Port', { name, interfaces: setOf([local]) });
    const marks = shared ? { external_ids: mapOf(ownMark) } : {};
    const bridge = this.#insert('Bridge', { name, ports: setOf([port]), ...settings, ...marks });
    this.#made.set(name, bridge);
    this.#mutate('Open_vSwitch', [], 'bridges', 'insert', setOf([bridge]));
  }

  /** A shared bridge that others made, or still use, stays. */
  #removeBridge({ name, shared, guests }: OvsBridgeFact): void {
    const there = this.#topology.bridges.get(name);
    if (!there || (shared && !isOwn(there))) return;
    const isUsed = there.ports.some((port) => port !== name && !this.#unplugged.has(port));
    if ((shared || guests) && isUsed) return;
    this.#mutate('Open_vSwitch', [], 'bridges', 'delete', setOf([here(there.uuid)]));
  }

  #putPort(fact: OvsPortFact): void {
    const there = this.#topology.ports.get(fact.name);
    if (there?.bridge === fact.bridge && isUsable(fact, there, this.#held)) {
      this.#changePort(fact, there);
      return;
    }
    const { name, type, options, tag, externalIds } = fact;
    const ids = { options: mapOf(options), external_ids: mapOf(externalIds) };
    const one = this.#insert('Interface', { name, type, ...ids });
    const port = this.#insert('Port', { name, interfaces: setOf([one]), ...vlanColumns(tag) });
    this.#mutate('Bridge', [['name', '==', this.#bridge(fact)]], 'ports', 'insert', setOf([port]));
  }

  #bridge({ bridge, name }: OvsPortFact): string {
    if (!this.#topology.bridges.has(bridge) && !this.#made.has(bridge))
      throw new Error(`there is no bridge ${bridge} for the port ${name}`);
    return bridge;
  }

  #changePort({ type, options, tag, externalIds }: OvsPortFact, there: PortRow): void {
    const ids = mapOf({ ...there.externalIds, ...externalIds });
    this.#update('Interface', there.interfaceUuid, { type, options: mapOf(options), external_ids: ids });
    this.#update('Port', there.uuid, vlanColumns(tag));
  }

  #setTag({ name, bridge }: Pick<OvsPortFact, 'name' | 'bridge'>, tag: number | undefined): void {
    const there = this.#topology.ports.get(name);
    if (there?.bridge !== bridge) throw new Error(`there is no port ${name} on ${bridge}`);
    this.#update('Port', there.uuid, vlanColumns(tag));
  }

  #removePort({ name, bridge, foreign }: OvsPortFact): void {
    const there = this.#topology.ports.get(name);
    if (there?.bridge !== bridge) return;
    if (foreign) this.#setTag({ name, bridge }, deadVlan);
    else this.unplug(name);
  }

  /** Takes a port away, whatever it is. */
  unplug(name: string): void {
    const there = this.#topology.ports.get(name);
    const bridge = there && this.#topology.bridges.get(there.bridge);
    if (!bridge) return;
    this.#unplugged.add(name);
    this.#mutate('Bridge', byUuid(bridge.uuid), 'ports', 'delete', setOf([here(there.uuid)]));
  }
}

/** Ports of ours that are there in a way that they cannot be turned into the wanted one: they go first, in a transaction of their own. */
export function toReplug(steps: readonly SwitchStep[], topology: Topology, held: ReadonlySet<string>): string[] {
  return steps.flatMap(({ do: action, fact }) => {
    if (action === 'remove' || fact.fact !== 'ovs-port' || fact.foreign) return [];
    const there = topology.ports.get(fact.name);
    return there && (there.bridge !== fact.bridge || !isUsable(fact, there, held)) ? [fact.name] : [];
  });
}
