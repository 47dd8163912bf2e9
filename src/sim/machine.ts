/**
 * A machine in memory: performs plans as Linux would, refuses what Linux would refuse, and prints its whole state as text. For
 * tests and benchmarks.
 */
import type { Counted, CountingTable, Machine, SwitchState } from '../host/machine.ts';
import type { Fact, FactKey, Namespace } from '../plan/facts.ts';
import { factKey } from '../plan/facts.ts';
import type { CutStep, Step, StepFailure } from '../plan/steps.ts';
import { countersOf, raiseCounter } from './counters.ts';
import { addHook, putChain, putSet, removeChain, removeHook, removeSet } from './filters.ts';
import {
  addAddress,
  addFdb,
  addLink,
  addNeighbour,
  addProxy,
  addRoute,
  changeLink,
  forget,
  putQdisc,
  removeAddress,
  removeLink,
} from './links.ts';
import { putElements, putEntry, putTable, removeElements, removeEntry, removeTable } from './nft.ts';
import { observeFact } from './observe.ts';
import { printState } from './print.ts';
import { namespaceOf, newLink, newNamespace, planOf, type SimConnection, SimError, type SimState } from './state.ts';
import {
  putFlows,
  putMeter,
  putSwitch,
  putSwitchPort,
  removeFlows,
  removeMeter,
  removeSwitch,
  removeSwitchPort,
  switchPorts,
} from './switches.ts';

/** Says of a step (and the number of steps before it) why it fails; undefined lets it pass. */
export type Fault = (step: Step, index: number) => string | undefined;

/** Lets the step with number `n` (from 0) fail, and it alone. */
export function failStep(n: number): Fault {
  return (_step, index) => (index === n ? 'injected failure' : undefined);
}

/** A machine in memory: performing a step changes a set of facts. */
export class SimulatedMachine implements Machine {
  readonly #state: SimState = {
    namespaces: new Map([['', newNamespace('')]]),
    files: new Map(),
    processes: new Map(),
    switches: new Map(),
    connections: [],
    plan: { adds: new Set(), removes: new Set() },
  };
  readonly #watchers = new Set<() => void>();
  readonly #processWatchers = new Set<(keys: readonly FactKey[]) => void>();
  #run = 1;
  /** Steps performed since the start, failed ones too. */
  performed = 0;
  /** Decides which steps fail; none by default. */
  fault: Fault = () => undefined;

  async observe(facts: Iterable<Fact>): Promise<Map<FactKey, Fact>> {
    const found = new Map<FactKey, Fact>();
    for (const fact of facts) {
      const now = observeFact(this.#state, fact);
      if (now) found.set(factKey(fact), now);
    }
    return found;
  }

  async perform(steps: readonly Step[]): Promise<StepFailure[]> {
    const failures: StepFailure[] = [];
    const before = this.#devices();
    this.#state.plan = planOf(steps);
    for (const step of steps) {
      const error = this.fault(step, this.performed++) ?? this.#try(step);
      if (error !== undefined) failures.push({ step, error });
    }
    const told = this.#devices();
    if (told !== before) queueMicrotask(() => this.#linksChanged());
    return failures;
  }

  watchLinks(changed: () => void): { stop(): void } {
    this.#watchers.add(changed);
    return { stop: () => void this.#watchers.delete(changed) };
  }

  watchProcesses(ended: (keys: readonly FactKey[]) => void): { stop(): void } {
    this.#processWatchers.add(ended);
    return { stop: () => void this.#processWatchers.delete(ended) };
  }

  /** A process ends by itself, by its name. */
  end(name: string): void {
    const fact = this.#state.processes.get(name);
    if (!fact || !this.#state.processes.delete(name)) return;
    for (const ended of this.#processWatchers) ended([factKey(fact)]);
  }

  async listLinks(): Promise<ReadonlyMap<string, number>> {
    const { links } = namespaceOf(this.#state, '');
    return new Map([...links].map(([name, link]) => [name, link.index]));
  }

  async readCounters(tables: readonly CountingTable[]): Promise<Counted[]> {
    return countersOf(this.#state, tables);
  }

  /** Traffic passes: a counter that is there rises. */
  count(namespace: Namespace, name: string, packets: number, bytes: number): void {
    raiseCounter(this.#state, namespace, name, packets, bytes);
  }

  async switchState(): Promise<SwitchState> {
    return { run: String(this.#run), ports: switchPorts(this.#state) };
  }

  /** The switch ends and starts again: its flows are gone. */
  restartSwitch(): void {
    this.#run += 1;
    for (const bridge of this.#state.switches.values()) {
      bridge.flows.clear();
      bridge.meters.clear();
    }
    this.#linksChanged();
  }

  /** Someone else makes a bridge of Open vSwitch. */
  makeSwitch(name: string): void {
    putSwitch(this.#state, { fact: 'ovs-bridge', name, datapath: 'system', failMode: 'standalone' }, false);
    this.#linksChanged();
  }

  /** Someone else plugs a device into a bridge, for a port of the cloud. */
  plugSwitch(bridge: string, name: string, portId: string): void {
    const port = { fact: 'ovs-port', bridge, name, type: '', options: {} } as const;
    putSwitchPort(this.#state, { ...port, externalIds: { 'iface-id': portId } }, false);
    this.#linksChanged();
  }

  /** Someone else takes a port from its bridge. */
  unplugSwitch(bridge: string, name: string): void {
    this.#state.switches.get(bridge)?.ports.delete(name);
    this.#linksChanged();
  }

  /** A device of someone else appears in the root namespace: an instance's tap, or a bridge that was there before. */
  plug(name: string, options: { up?: boolean } = {}): void {
    const link = newLink('', name, { type: 'foreign' }, false);
    link.up = options.up ?? false;
    namespaceOf(this.#state, '').links.set(name, link);
    this.#linksChanged();
  }

  /** A device of someone else goes. */
  unplug(name: string): void {
    const link = namespaceOf(this.#state, '').links.get(name);
    if (link) forget(this.#state, link);
    this.#linksChanged();
  }

  /** A connection that was translated and lives. */
  connect(connection: SimConnection): void {
    this.#state.connections.push(connection);
  }

  /** The connections that live. */
  connections(): readonly SimConnection[] {
    return this.#state.connections;
  }

  /** Stops a daemon, as if it had died. */
  kill(process: string): void {
    this.#state.processes.delete(process);
  }

  /** The whole state as text; equal texts are equal machines. */
  print(): string {
    return printState(this.#state);
  }

  #devices(): string {
    const devices = [...namespaceOf(this.#state, '').links.values()].map(({ index }) => index);
    return `${devices.join()} ${[...switchPorts(this.#state).values()].map(({ plug }) => plug).join()}`;
  }

  #linksChanged(): void {
    for (const changed of this.#watchers) changed();
  }

  #try(step: Step): string | undefined {
    try {
      if (step.do === 'cut') this.#cut(step);
      else if (step.do === 'remove') this.#remove(step.fact);
      else this.#put(step.fact, step.do === 'change');
      return undefined;
    } catch (error) {
      if (error instanceof SimError) return error.message;
      throw error;
    }
  }

  #put(fact: Fact, change: boolean): void {
    const state = this.#state;
    switch (fact.fact) {
      case 'netns':
        if (!state.namespaces.has(fact.name)) state.namespaces.set(fact.name, newNamespace(fact.name));
        break;
      case 'link':
        if (change) changeLink(state, fact);
        else addLink(state, fact);
        break;
      case 'address':
        addAddress(state, fact);
        break;
      case 'route':
        addRoute(state, fact, change);
        break;
      case 'fdb':
        addFdb(state, fact);
        break;
      case 'neighbour':
        addNeighbour(state, fact);
        break;
      case 'proxy':
        addProxy(state, fact);
        break;
      case 'qdisc':
        putQdisc(state, fact);
        break;
      case 'connections':
        namespaceOf(state, fact.namespace);
        break;
      case 'sysctl':
        namespaceOf(state, fact.namespace).sysctls.set(fact.name, fact.value);
        break;
      case 'chain':
        putChain(state, fact);
        break;
      case 'hook':
        addHook(state, fact);
        break;
      case 'set':
        putSet(state, fact);
        break;
      case 'nft-table':
        putTable(state, fact);
        break;
      case 'nft-elements':
        putElements(state, fact);
        break;
      case 'nft-element':
        putEntry(state, fact);
        break;
      case 'file':
        state.files.set(fact.path, fact);
        break;
      case 'process':
        this.#start(fact);
        break;
      case 'ovs-bridge':
        putSwitch(state, fact, true);
        break;
      case 'ovs-port':
        putSwitchPort(state, fact);
        break;
      case 'meter':
        putMeter(state, fact);
        break;
      case 'flows':
        putFlows(state, fact);
        break;
    }
  }

  #start(fact: Extract<Fact, { fact: 'process' }>): void {
    namespaceOf(this.#state, fact.namespace);
    for (const argument of fact.argv) {
      const path = /^(?:--(?:dhcp-hostsfile|addn-hosts|dhcp-optsfile)=)?(\/.*)$/.exec(argument)?.[1];
      // What it reads is there; where it notes its number it makes itself.
      if (path && path !== fact.pidFile && !this.#state.files.has(path))
        throw new SimError(`cannot read ${path}: No such file or directory`);
    }
    this.#state.processes.set(fact.name, fact);
  }

  #remove(fact: Fact): void {
    const state = this.#state;
    const here = 'namespace' in fact ? state.namespaces.get(fact.namespace) : undefined;
    const link = here && 'device' in fact ? here.links.get(fact.device) : undefined;
    switch (fact.fact) {
      case 'netns':
        this.#removeNamespace(fact.name);
        break;
      case 'link':
        removeLink(state, fact);
        break;
      case 'address':
        removeAddress(state, fact);
        break;
      case 'route':
        here?.routes.delete(fact.destination);
        break;
      case 'fdb':
        link?.fdb.delete(`${fact.mac}|${fact.endpoint ?? 'bridge'}`);
        break;
      case 'neighbour':
        link?.neighbours.delete(fact.ip);
        break;
      case 'proxy':
        link?.proxies.delete(fact.ip);
        break;
      case 'qdisc':
        link?.qdiscs.delete(fact.qdisc.type);
        break;
      case 'connections':
        break;
      case 'sysctl':
        // Never set back.
        break;
      case 'chain':
        removeChain(state, fact);
        break;
      case 'hook':
        removeHook(state, fact);
        break;
      case 'set':
        removeSet(state, fact);
        break;
      case 'nft-table':
        removeTable(state, fact);
        break;
      case 'nft-elements':
        removeElements(state, fact);
        break;
      case 'nft-element':
        removeEntry(state, fact);
        break;
      case 'file':
        state.files.delete(fact.path);
        break;
      case 'process':
        state.processes.delete(fact.name);
        break;
      case 'ovs-bridge':
        removeSwitch(state, fact);
        break;
      case 'ovs-port':
        removeSwitchPort(state, fact);
        break;
      case 'meter':
        removeMeter(state, fact);
        break;
      case 'flows':
        removeFlows(state, fact);
        break;
    }
  }

  #removeNamespace(name: Namespace): void {
    const here = this.#state.namespaces.get(name);
    if (!here || name === '') return;
    for (const process of this.#state.processes.values())
      if (process.namespace === name) throw new SimError(`namespace ${name} is in use by ${process.name}`);
    for (const link of here.links.values()) if (link.peer) forget(this.#state, link.peer);
    this.#state.namespaces.delete(name);
    this.#state.connections = this.#state.connections.filter((one) => one.namespace !== name);
  }

  #cut({ namespace, connections }: CutStep): void {
    namespaceOf(this.#state, namespace);
    const { destination, protocol, ports, target } = connections;
    this.#state.connections = this.#state.connections.filter(
      (one) =>
        one.namespace !== namespace ||
        one.destination !== destination ||
        one.target !== target ||
        (protocol !== null && one.protocol !== protocol) ||
        (ports !== null && (one.port < ports.first || one.port > ports.last)),
    );
  }
}
