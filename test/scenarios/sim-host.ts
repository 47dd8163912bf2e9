/** A host of a scenario: host objects in, plans performed on a machine, the ledger kept as the agent keeps it. */
import assert from 'node:assert/strict';
import { isRecorded, isTap } from '../../src/agent/planning.ts';
import type { Machine } from '../../src/host/machine.ts';
import type { HostKey, HostObject } from '../../src/model/host-objects.ts';
import { hostKey } from '../../src/model/host-objects.ts';
import { describeStep, plan } from '../../src/plan/diff.ts';
import { type Fact, type FactKey, type Facts, factKey, factSet } from '../../src/plan/facts.ts';
import {
  type HostEnvironment,
  inUnitOrder,
  type MetadataEnvironment,
  type NatDriver,
  type OvsEnvironment,
  type Rendering,
  render,
  renderBase,
  type UnitKey,
} from '../../src/plan/render/index.ts';
import type { Step } from '../../src/plan/steps.ts';
import { SimulatedMachine } from '../../src/sim/machine.ts';

const isReleased = (fact: Fact) =>
  fact.fact === 'ovs-port' ? fact.tag === 4095 : fact.fact === 'link' && !fact.up && fact.master === undefined;

/** Open vSwitch as the scenarios have it; the real one of the tests has no module in the kernel. */
const ovs: OvsEnvironment = {
  integrationBridge: 'br-int',
  tunnelBridge: 'br-tun',
  datapath: 'netdev',
  tunnelTypes: ['vxlan', 'gre', 'geneve'],
  arpResponder: true,
};

/** A machine that a scenario can run on: one that counts the steps it was told. */
export interface ScenarioMachine extends Machine {
  readonly performed: number;
}

/** A host whose machine is in memory, or another one that is handed in. */
export class ScenarioHost<M extends ScenarioMachine = ScenarioMachine> {
  readonly machine: M;
  readonly #stateDir: string;
  readonly objects = new Map<HostKey, HostObject>();
  readonly #ledger = new Map<UnitKey, Map<FactKey, Fact>>();
  /** By what routers translate; another one is an agent that was started anew with another configuration. */
  natDriver: NatDriver = 'iptables';
  /** By what frames are switched. */
  driver: HostEnvironment['driver'] = 'linuxbridge';
  /** Local VLANs by network. */
  readonly tags = new Map<string, number>();

  /** By which doors instances ask for metadata. */
  metadata: MetadataEnvironment | undefined;

  constructor(machine: M, stateDir = '/state') {
    this.machine = machine;
    this.#stateDir = stateDir;
  }

  put(object: HostObject): void {
    this.objects.set(hostKey(object), object);
  }

  async #environment(): Promise<HostEnvironment> {
    return {
      stateDir: this.#stateDir,
      localIp: '192.0.2.1',
      bridgeMappings: { public: 'br-ex' },
      interfaceMappings: { left: 'eth1', long: 'enp130s0f0np0' },
      links: new Set((await this.machine.listLinks()).keys()),
      driver: this.driver,
      natDriver: this.natDriver,
      ...(this.metadata ? { metadata: this.metadata } : {}),
      ...(this.driver === 'openvswitch' ? await this.#switched() : {}),
    };
  }

  async #switched(): Promise<Pick<HostEnvironment, 'ovs' | 'localVlan' | 'portDevice'>> {
    const ports = (await this.machine.switchState())?.ports ?? new Map();
    const devices = new Map([...ports].map(([name, { portId }]) => [portId, name]));
    return { ovs, localVlan: (id) => this.#tagOf(id), portDevice: (id) => devices.get(id) };
  }

  #tagOf(networkId: string): number {
    const taken = new Set(this.tags.values());
    let tag = this.tags.get(networkId) ?? 1;
    while (!this.tags.has(networkId) && taken.has(tag)) tag += 1;
    this.tags.set(networkId, tag);
    return tag;
  }

  async rendering(unit: UnitKey): Promise<Rendering> {
    const env = await this.#environment();
    if (unit !== 'base') return render(unit, (key) => this.objects.get(key), env);
    const anyPorts = [...this.objects.values()].some(({ kind }) => kind === 'port');
    return { facts: renderBase(env, anyPorts), waiting: null, problem: null };
  }

  /** Every unit that is there or was, in the order in which the agent deals with them. */
  units(): UnitKey[] {
    const anyPorts = [...this.objects.values()].some(({ kind }) => kind === 'port');
    const base = anyPorts || this.driver === 'openvswitch';
    const staying = [...(base ? (['base'] as const) : []), ...this.objects.keys()];
    const going = [...this.#ledger.keys()].filter((unit) => !staying.includes(unit));
    return inUnitOrder(staying, going);
  }

  /** The plan of a unit as of now. */
  async plan(unit: UnitKey): Promise<Step[]> {
    return (await this.#plan(unit)).steps;
  }

  async #plan(unit: UnitKey): Promise<{ steps: Step[]; want: Facts; have: Facts }> {
    const want = factSet((await this.rendering(unit)).facts);
    const made = this.#ledger.get(unit) ?? new Map<FactKey, Fact>();
    if (this.driver === 'openvswitch') await this.#passOn(unit, want, made);
    const have = await this.machine.observe([...made.values(), ...want.values()]);
    return { steps: plan(want, have, new Set(made.keys()), unit), want, have };
  }

  /** What was made for a unit and is wanted by others alone is theirs from now on. */
  async #passOn(unit: UnitKey, want: Facts, made: Map<FactKey, Fact>): Promise<void> {
    const left = [...made].filter(([key]) => !want.has(key));
    if (left.length === 0) return;
    for (const other of this.units()) {
      if (other === unit) continue;
      const wanted = factSet((await this.rendering(other)).facts);
      for (const [key, fact] of left) {
        if (!wanted.has(key) || !made.delete(key)) continue;
        this.#ledger.set(other, (this.#ledger.get(other) ?? new Map()).set(key, fact));
      }
    }
  }

  /** Performs the plan of a unit, or its first `limit` steps, as if the agent died then. Gives the lines it prints. */
  async apply(unit: UnitKey, limit = Number.POSITIVE_INFINITY): Promise<string[]> {
    const { steps: all, want, have } = await this.#plan(unit);
    const steps = all.slice(0, limit);
    if (limit > 0) this.#record(unit, steps, want, have);
    const failures = await this.machine.perform(steps);
    await this.#settle(unit);
    const lines = steps.map((step) => `  ${describeStep(step)}`);
    for (const { step, error } of failures) lines.push(`  FAILED  ${describeStep(step)}: ${error}`);
    return lines;
  }

  #record(unit: UnitKey, steps: readonly Step[], want: Facts, have: Facts): void {
    const made = this.#ledger.get(unit) ?? new Map<FactKey, Fact>();
    for (const step of steps) if (step.do === 'add' && isRecorded(step.fact)) made.set(factKey(step.fact), step.fact);
    for (const [key, fact] of want)
      if ((isTap(fact) || fact.fact === 'connections') && have.has(key)) made.set(key, fact);
    this.#ledger.set(unit, made);
  }

  /** What is no longer wanted and no longer there (or released) leaves the ledger. */
  async #settle(unit: UnitKey): Promise<void> {
    const want = factSet((await this.rendering(unit)).facts);
    const made = this.#ledger.get(unit) ?? new Map<FactKey, Fact>();
    const left = await this.machine.observe(made.values());
    const isLeft = (fact: Fact | undefined) =>
      fact !== undefined && fact.fact !== 'connections' && !(isTap(fact) && isReleased(fact));
    for (const key of made.keys()) if (!want.has(key) && !isLeft(left.get(key))) made.delete(key);
    if (made.size > 0) return;
    this.#ledger.delete(unit);
    if (unit !== 'base' && !this.objects.has(unit)) this.tags.delete(unit.replace(/^network\//, ''));
  }

  /** Applies every unit once; `limit` bounds the steps of the whole round. */
  async applyAll(limit = Number.POSITIVE_INFINITY): Promise<string[]> {
    const lines: string[] = [];
    const start = this.machine.performed;
    for (const unit of this.units()) {
      const printed = await this.apply(unit, limit - (this.machine.performed - start));
      const { waiting, problem } = await this.rendering(unit);
      if (printed.length > 0) lines.push(unit, ...printed);
      if (waiting) lines.push(`${unit} waits: ${waiting}`);
      if (problem) lines.push(`${unit} cannot be: ${problem}`);
    }
    return lines;
  }

  /** Applies until nothing is left to do; more than four rounds without an end is a failure. */
  async converge(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await this.applyAll();
      if ((await this.pending()).length === 0) return;
    }
    assert.deepEqual(await this.pending(), []);
  }

  /** Steps that a further round would take. */
  async pending(): Promise<string[]> {
    const steps: string[] = [];
    for (const unit of this.units())
      for (const step of await this.plan(unit)) steps.push(`${unit}: ${describeStep(step)}`);
    return steps;
  }
}

/** A host in memory. */
export class SimHost extends ScenarioHost<SimulatedMachine> {
  constructor(stateDir?: string) {
    super(new SimulatedMachine(), stateDir);
  }

  /** The machine without the kernel settings of the root namespace, which are never set back. */
  trace(): string {
    return this.machine.print().replace(/^ {2}sysctl net\.bridge\..*\n/gm, '');
  }

  /** Someone else makes a device; with Open vSwitch a bridge is one of its own. */
  plug(name: string): void {
    if (this.driver === 'openvswitch' && name.startsWith('br')) this.machine.makeSwitch(name);
    else this.machine.plug(name);
  }

  /** Someone else makes a device for a port and plugs it into the integration bridge. */
  plugPort(name: string, portId: string): void {
    this.machine.plug(name);
    this.machine.plugSwitch('br-int', name, portId);
  }

  /** It goes. */
  unplugPort(name: string): void {
    this.machine.unplugSwitch('br-int', name);
    this.machine.unplug(name);
  }
}
