/** For tests: a machine in memory, a server in memory, and small worlds of host objects. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counted, CountingTable, Machine } from '../host/machine.ts';
import { systemClock } from '../lib/clock.ts';
import {
  type AgentReport,
  type HostKey,
  type HostObject,
  hostKey,
  type MeteringReport,
  type StatusReport,
  type WatchLine,
} from '../model/host-objects.ts';
import { type Fact, type FactKey, factKey } from '../plan/facts.ts';
import type { Step, StepFailure } from '../plan/steps.ts';
import { type Agent, type AgentOptions, type FixedEnvironment, startAgent } from './index.ts';

const linkKey = (namespace: string, name: string) => `link|${namespace}|${name}`;

/** A machine that is a set of facts, strict about what stands on what. */
export class TestMachine implements Machine {
  readonly facts = new Map<FactKey, Fact>();
  readonly performed: Step[] = [];
  observes = 0;
  /** What counters are at. */
  counters: readonly Counted[] = [];
  performs = 0;
  /** Steps that fail: by the key of their fact. */
  readonly failing = new Map<FactKey, string>();
  /** Performs only so many more steps, then breaks off for good. */
  stepsLeft = Number.POSITIVE_INFINITY;
  unreadable: string | null = null;
  #watchers = new Set<() => void>();
  /** Changes of devices that those who watch have not been told of yet. */
  unsaid = 0;
  #processWatchers = new Set<(keys: readonly FactKey[]) => void>();
  #index = 1;
  readonly #indices = new Map<string, number>();

  async observe(facts: Iterable<Fact>): Promise<Map<FactKey, Fact>> {
    await Promise.resolve();
    this.#alive();
    this.observes += 1;
    const seen = new Map<FactKey, Fact>();
    for (const fact of facts) {
      const key = factKey(fact);
      if (this.unreadable !== null && key.includes(this.unreadable)) throw new Error(`cannot read ${key}`);
      const there = this.facts.get(key);
      if (there) seen.set(key, there);
    }
    return seen;
  }

  async perform(steps: readonly Step[]): Promise<StepFailure[]> {
    this.performs += 1;
    const failures: StepFailure[] = [];
    for (const step of steps) {
      await Promise.resolve();
      if (this.stepsLeft <= 0) throw new Error('broken off');
      this.stepsLeft -= 1;
      const error = this.#step(step);
      if (error === null) this.performed.push(step);
      else failures.push({ step, error });
    }
    return failures;
  }

  watchLinks(changed: () => void): { stop(): void } {
    this.#watchers.add(changed);
    return { stop: () => this.#watchers.delete(changed) };
  }

  watchProcesses(ended: (keys: readonly FactKey[]) => void): { stop(): void } {
    this.#processWatchers.add(ended);
    return { stop: () => this.#processWatchers.delete(ended) };
  }

  /** A process ends by itself. */
  end(key: FactKey): void {
    this.facts.delete(key);
    for (const ended of this.#processWatchers) ended([key]);
  }

  async listLinks(): Promise<ReadonlyMap<string, number>> {
    this.#alive();
    return new Map(this.#indices);
  }

  async readCounters(tables: readonly CountingTable[]): Promise<Counted[]> {
    return this.counters.filter(({ namespace }) => tables.some((table) => table.namespace === namespace));
  }

  async switchState(): Promise<undefined> {
    return undefined;
  }

  /** Somebody else makes a device in the root namespace. */
  plug(name: string): void {
    this.#put({ fact: 'link', namespace: '', name, kind: { type: 'foreign' }, up: false });
  }

  /** Somebody takes a fact away behind the agent's back. */
  lose(key: FactKey): void {
    const fact = this.facts.get(key);
    if (fact) this.#take(fact);
  }

  #alive(): void {
    if (this.stepsLeft <= 0) throw new Error('broken off');
  }

  #step(step: Step): string | null {
    if (step.do === 'cut') return null;
    const error = this.failing.get(factKey(step.fact)) ?? (step.do === 'remove' ? null : this.#missing(step.fact));
    if (error !== null) return error;
    if (step.do === 'remove' && step.fact.fact === 'link' && step.fact.kind.type === 'foreign')
      this.#release(step.fact);
    else if (step.do === 'remove') this.#take(this.facts.get(factKey(step.fact)) ?? step.fact);
    else this.#put(step.fact);
    return null;
  }

  /** A device of someone else's stays, without its bridge and down. */
  #release(fact: Fact & { fact: 'link' }): void {
    const there = this.facts.get(factKey(fact));
    if (there?.fact !== 'link') return;
    const { master: _, ...free } = there;
    this.facts.set(factKey(fact), { ...free, up: false });
  }

  /** What the fact stands on that is not there. */
  #missing(fact: Fact): string | null {
    const namespace = 'namespace' in fact ? fact.namespace : '';
    if (namespace !== '' && !this.facts.has(`netns|${namespace}`)) return `no namespace ${namespace}`;
    if ('device' in fact && !this.facts.has(linkKey(namespace, fact.device))) return `no device ${fact.device}`;
    if (fact.fact !== 'link') return null;
    const peer = fact.kind.type === 'veth' ? fact.kind.peer.namespace : '';
    if (peer !== '' && !this.facts.has(`netns|${peer}`)) return `no namespace ${peer} for the other end`;
    if (fact.master !== undefined && !this.facts.has(linkKey(namespace, fact.master)))
      return `no master ${fact.master}`;
    return fact.kind.type === 'foreign' && !this.facts.has(factKey(fact)) ? `no device ${fact.name}` : null;
  }

  #put(fact: Fact): void {
    const key = factKey(fact);
    if (fact.fact === 'link' && !this.facts.has(key)) this.#linkCame(fact.namespace, fact.name);
    this.facts.set(key, fact);
    if (fact.fact === 'link' && fact.kind.type === 'veth') {
      const other: Fact = { fact: 'link', ...fact.kind.peer, kind: { type: 'peer' }, up: false };
      if (!this.facts.has(factKey(other))) this.#put(other);
    }
    if (fact.fact !== 'netns') return;
    const lo: Fact = { fact: 'link', namespace: fact.name, name: 'lo', kind: { type: 'foreign' }, up: false };
    if (!this.facts.has(factKey(lo))) this.facts.set(factKey(lo), lo);
  }

  #linkCame(namespace: string, name: string): void {
    if (namespace !== '') return;
    this.#index += 1;
    this.#indices.set(name, this.#index);
    this.#linksChanged();
  }

  #linksChanged(): void {
    for (const changed of this.#watchers) {
      this.unsaid += 1;
      setTimeout(() => {
        this.unsaid -= 1;
        changed();
      }, 1);
    }
  }

  #take(fact: Fact): void {
    const key = factKey(fact);
    if (!this.facts.delete(key)) return;
    if (fact.fact === 'netns')
      this.#takeAll((other) => 'namespace' in other && other.namespace === fact.name && other.fact !== 'process');
    if (fact.fact !== 'link') return;
    if (fact.namespace === '' && this.#indices.delete(fact.name)) this.#linksChanged();
    this.#takeAll((other) => 'device' in other && other.device === fact.name && other.namespace === fact.namespace);
    this.#takeAll((other) => other.fact === 'link' && arePeers(fact, other));
    for (const other of this.facts.values())
      if (other.fact === 'link' && other.master === fact.name && other.namespace === fact.namespace) {
        const { master: _, ...free } = other;
        this.facts.set(factKey(other), free);
      }
  }

  #takeAll(which: (fact: Fact) => boolean): void {
    for (const fact of [...this.facts.values()]) if (which(fact)) this.#take(fact);
  }
}

function arePeers(a: Fact & { fact: 'link' }, b: Fact & { fact: 'link' }): boolean {
  const names = (one: typeof a, other: typeof a) =>
    one.kind.type === 'veth' && one.kind.peer.name === other.name && one.kind.peer.namespace === other.namespace;
  return names(a, b) || names(b, a);
}

/** A server in memory: what it wants of the host, with a journal, and connections that can be broken. */
export class TestServer {
  readonly objects = new Map<HostKey, HostObject>();
  readonly statuses = new Map<HostKey, StatusReport['statuses'][number]>();
  readonly statusLog: StatusReport['statuses'][number][] = [];
  readonly reports: AgentReport[] = [];
  readonly metering: MeteringReport[] = [];
  rev = 1;
  away = false;
  /** Journal entries older than this are forgotten: who is behind gets a snapshot. */
  horizon = 0;
  #journal: { rev: number; key: HostKey }[] = [];
  #wakeups = new Set<() => void>();

  put(...objects: HostObject[]): void {
    for (const object of objects) this.objects.set(hostKey(object), object);
    this.#commit(objects.map(hostKey));
  }

  drop(...keys: HostKey[]): void {
    for (const key of keys) this.objects.delete(key);
    this.#commit(keys);
  }

  /** Breaks all connections; while `away`, none can be made. */
  goAway(): void {
    this.away = true;
    this.#wake();
  }

  #commit(keys: HostKey[]): void {
    this.rev += 1;
    for (const key of keys) this.#journal.push({ rev: this.rev, key });
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakeups) wake();
  }

  client(): AgentOptions['client'] {
    const check = () => {
      if (this.away) throw new Error('no answer');
    };
    return {
      report: async (report) => {
        check();
        this.reports.push(report);
      },
      status: async ({ statuses }) => {
        check();
        for (const status of statuses) {
          this.statuses.set(status.key, status);
          this.statusLog.push(status);
        }
      },
      metering: async (report) => {
        check();
        this.metering.push(report);
      },
      watch: (since, signal) => this.#watch(since, signal),
    };
  }

  async *#watch(since: number, signal?: AbortSignal): AsyncGenerator<WatchLine> {
    let seen = since;
    let wake: () => void = () => {};
    const woken = () => wake();
    this.#wakeups.add(woken);
    signal?.addEventListener('abort', woken, { once: true });
    const serve = () => {
      if (this.away) throw new Error('the connection broke');
      return !signal?.aborted;
    };
    try {
      if (serve() && (seen === 0 || seen < this.horizon)) {
        seen = this.rev;
        yield { type: 'snapshot' };
        for (const object of this.objects.values()) yield { type: 'object', object };
        yield { type: 'bookmark', rev: seen };
      } else yield { type: 'bookmark', rev: seen };
      while (serve()) {
        const keys = new Set(this.#journal.filter((entry) => entry.rev > seen).map((entry) => entry.key));
        const before = seen;
        seen = this.rev;
        for (const key of keys) {
          const object = this.objects.get(key);
          yield object ? { type: 'object', object } : { type: 'gone', key };
        }
        if (seen > before) yield { type: 'bookmark', rev: seen };
        if (seen !== this.rev || !serve()) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#wakeups.delete(woken);
    }
  }
}

/** A state folder for one test. */
export function testFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'neutrino-agent-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** What an agent under test said. */
export class TestLog {
  readonly lines: string[] = [];
  info = (text: string): void => void this.lines.push(`info ${text}`);
  warn = (text: string): void => void this.lines.push(`warn ${text}`);
  error = (text: string): void => void this.lines.push(`error ${text}`);
}

/** A host with a tunnel endpoint and an external network. */
export const testEnvironment: FixedEnvironment = {
  stateDir: '/var/lib/test',
  localIp: '192.0.2.1',
  bridgeMappings: { public: 'br-ex' },
  driver: 'linuxbridge',
  natDriver: 'iptables',
};

/** An agent that tries again within milliseconds. */
export function testAgent(
  server: TestServer,
  machine: Machine,
  stateDir: string,
  more: Partial<AgentOptions> = {},
): Agent {
  return startAgent({
    client: server.client(),
    machine,
    env: testEnvironment,
    stateDir,
    log: new TestLog(),
    clock: systemClock,
    reportIntervalMs: 1000,
    resyncIntervalMs: 0,
    retry: { firstMs: 2, longestMs: 8 },
    reconnect: { firstMs: 1, longestMs: 4 },
    statusFlushMs: 1,
    ...more,
  });
}

/** Waits until something holds; throws with what it waited for after a generous time. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + Number(process.env.PATIENCE_MS ?? 20_000);
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits until the agent knows what the server knows and has nothing left to do. */
export function quiet(agent: Agent, server: TestServer, machine?: TestMachine): Promise<void> {
  return until('the agent to be quiet', () => {
    const state = agent.state();
    const isIdle = !machine?.unsaid && state.busy === 0 && !state.looking && state.unreported === 0;
    return state.connected && state.rev === server.rev && isIdle;
  });
}
