/**
 * The scenarios on this machine's kernel, in step with the simulated machine: the same objects arrive at both, and at each `apply` both
 * must have planned the same, done it without a failure, and have nothing left to do. Runs inside a private world, started by
 * scenarios.test.ts. `fail`, `connect` and `show` are the simulated machine's alone and passed over here.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { openHost } from '../../src/host/linux.ts';
import type { Machine } from '../../src/host/machine.ts';
import { noOvs, ovsEnvironment, startDatabaseScript, startSwitchScript } from '../../src/lab/ovs.ts';
import { type HostObject, hostKey } from '../../src/model/host-objects.ts';
import { metadataPaths } from '../../src/plan/render/metadata-proxy.ts';
import { libraryOfObjects, metadataOf, natDriverOf, natDriversOf } from '../scenarios/script.ts';
import { ScenarioHost, type ScenarioMachine, SimHost } from '../scenarios/sim-host.ts';
import { lacking } from '../support/kernel.ts';

const scripts = new URL('../scenarios/', import.meta.url);
const folder = mkdtempSync('/tmp/neutrino-scenario-');
// The root of the proxies of metadata, which the service makes.
mkdirSync(metadataPaths(folder).folder);
/** Why scripts of Open vSwitch cannot run here, or false. Its switch starts with the first of them. */
const noSwitch = noOvs() ?? false;
Object.assign(process.env, ovsEnvironment(folder));
const integrationBridge = 'br-int';
const linux = await openHost(noSwitch ? {} : { ovs: { connection: '', integrationBridge } });
after(async () => {
  await linux.close();
  stopSwitch();
  rmSync(folder, { recursive: true, force: true });
});

const sh = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' });
const vsctl = (...args: string[]) => execFileSync('ovs-vsctl', args, { encoding: 'utf8' });

let switched = false;
function startOvs(): void {
  if (!switched) sh(`${startDatabaseScript(folder)}\n${startSwitchScript(folder)}`);
  switched = true;
}

function endOf(program: string): void {
  const pid = Number(readFileSync(`${folder}/${program}.pid`, 'utf8'));
  process.kill(pid, 'SIGKILL');
  while (hasThreads(pid)) sh('sleep 0.01');
}

/** Whether one of its threads has not ended: until then its files are open, and the lock on its pidfile is held. */
function hasThreads(pid: number): boolean {
  try {
    if (readdirSync(`/proc/${pid}/task`).length > 1) return true;
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function stopSwitch(): void {
  if (switched) for (const program of ['ovs-vswitchd', 'ovsdb-server']) endOf(program);
}

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });

/** The devices here whose other end is in a namespace. */
function linksInto(namespace: string): string[] {
  const named = JSON.parse(ip('-j', 'netns') || '[]') as { name: string; id?: number }[];
  const id = named.find(({ name }) => name === namespace)?.id;
  const links = JSON.parse(ip('-j', 'link')) as { ifname: string; link_netnsid?: number }[];
  return links.flatMap((link) => (id !== undefined && link.link_netnsid === id ? [link.ifname] : []));
}

/** The kernel takes a removed namespace apart in the background; the simulated machine does it at once. */
async function untilGone(names: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const links = JSON.parse(ip('-j', 'link')) as { ifname: string }[];
    if (!links.some(({ ifname }) => names.includes(ifname))) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The kernel as a machine of scenarios. */
function counting(machine: Machine): ScenarioMachine {
  let performed = 0;
  return {
    observe: (facts) => machine.observe(facts),
    async perform(steps) {
      performed += steps.length;
      const going = steps.flatMap((step) =>
        step.do === 'remove' && step.fact.fact === 'netns' ? linksInto(step.fact.name) : [],
      );
      const failures = await machine.perform(steps);
      await untilGone(going);
      return failures;
    },
    watchLinks: (changed) => machine.watchLinks(changed),
    listLinks: () => machine.listLinks(),
    watchProcesses: (ended) => machine.watchProcesses(ended),
    readCounters: (tables) => machine.readCounters(tables),
    switchState: () => machine.switchState(),
    get performed() {
      return performed;
    },
  };
}

/** What the world shows of itself and could be left behind. */
function worldText(): string {
  const tables = ['filter', 'nat', 'mangle', 'raw'].map((table) =>
    execFileSync('iptables-save', ['-t', table], { encoding: 'utf8' }),
  );
  const text = [
    ip('-br', 'link'),
    readdirSync('/run/netns').join(),
    ...tables,
    execFileSync('ipset', ['list', '-n'], { encoding: 'utf8' }),
    execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).replace(/^table ip6? .*$/gm, ''),
  ];
  return text
    .join('\n')
    .replace(/^[#:*].*$|^COMMIT$/gm, '')
    .replace(/\n+/g, '\n');
}

/** What a namespace has for its settings at birth is the kernel's to say. */
const withoutSettings = (lines: readonly string[]) => lines.filter((line) => !/^ {2}\w+ +sysctl /.test(line));

/** Whether a process runs the program of `program/id` with that id among its arguments. */
function isProcess(pid: string, name: string): boolean {
  const [program = '', id = ''] = name.split('/');
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return argv[0] === program && argv.some((word) => word.includes(id));
  } catch {
    return false;
  }
}

class Pair {
  readonly sim = new SimHost(folder);
  readonly real = new ScenarioHost(counting(linux), folder);
  readonly #library = libraryOfObjects();
  readonly #plugged = new Set<string>();
  readonly #vifs = new Set<string>();

  #object(name: string): HostObject {
    const object = this.#library[name];
    if (!object) throw new Error(`no object ${name} in objects.yaml`);
    return object;
  }

  async run(line: string): Promise<void> {
    const [, command = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    const name = rest.split(/\s+/)[0] ?? '';
    if (command === 'put' || command === 'set') {
      if (command === 'set') this.#library[name] = { ...this.#object(name), ...JSON.parse(rest.slice(name.length)) };
      for (const host of [this.sim, this.real]) host.put(this.#object(name));
    } else if (command === 'gone') {
      for (const host of [this.sim, this.real]) host.objects.delete(hostKey(this.#object(name)));
    } else if (command === 'driver') this.#drive(name);
    else if (command === 'vif') this.#vif(this.#object(name).id, rest.split(/\s+/)[1] ?? '');
    else if (command === 'unvif') this.#unvif(name);
    else if (command === 'restart') this.#restart();
    else if (command === 'plug') this.#plug(name);
    else if (command === 'unplug') this.#unplug(name);
    else if (command === 'nat') for (const host of [this.sim, this.real]) host.natDriver = natDriverOf(name);
    else if (command === 'metadata') for (const host of [this.sim, this.real]) host.metadata = metadataOf(rest);
    else if (command === 'end') await this.#end(name);
    else if (command === 'apply') await this.#apply(name === '' ? undefined : Number(name));
  }

  #drive(name: string): void {
    if (name !== 'openvswitch') throw new Error(`no driver ${name}`);
    for (const host of [this.sim, this.real]) host.driver = name;
    startOvs();
  }

  #vif(portId: string, device: string): void {
    this.sim.plugPort(device, portId);
    ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'far-vif');
    vsctl('add-port', 'br-int', device, '--', 'set', 'Interface', device, `external_ids:iface-id=${portId}`);
    this.#vifs.add(device);
  }

  #unvif(device: string): void {
    this.sim.unplugPort(device);
    vsctl('del-port', device);
    ip('link', 'del', device);
    this.#vifs.delete(device);
  }

  #restart(): void {
    this.sim.machine.restartSwitch();
    endOf('ovs-vswitchd');
    sh(startSwitchScript(folder));
  }

  #plug(name: string): void {
    this.sim.plug(name);
    this.#plugged.add(name);
    if (this.sim.driver === 'openvswitch' && name.startsWith('br'))
      vsctl('add-br', name, '--', 'set', 'Bridge', name, 'datapath_type=netdev');
    else if (name.startsWith('tap')) ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `far${name.slice(3, 14)}`);
    else ip('link', 'add', name, 'type', 'bridge');
  }

  #unplug(name: string): void {
    this.#plugged.delete(name);
    if (this.sim.driver === 'openvswitch' && name.startsWith('br')) {
      vsctl('del-br', name);
      return;
    }
    this.sim.machine.unplug(name);
    ip('link', 'del', name);
  }

  /** The process of that name is killed; both machines notice. */
  async #end(name: string): Promise<void> {
    this.sim.machine.end(name);
    const seen = new Promise<readonly string[]>((resolve) => {
      const watch = linux.watchProcesses((keys) => {
        watch.stop();
        resolve(keys);
      });
    });
    const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isProcess(pid, name));
    assert.equal(pids.length, 1, `one process ${name}`);
    process.kill(Number(pids[0]), 'SIGKILL');
    assert.deepEqual(await seen, [`process|${name}`]);
  }

  async #apply(limit: number | undefined): Promise<void> {
    const [planned, done] = [await this.sim.applyAll(limit), await this.real.applyAll(limit)];
    assert.deepEqual(
      withoutSettings(done),
      withoutSettings(planned),
      'the kernel plans what the simulated machine plans',
    );
    assert.ok(!done.some((line) => line.includes('FAILED')), done.join('\n'));
    if (limit === undefined) assert.deepEqual(await this.real.pending(), [], 'the second plan is empty');
  }

  async end(): Promise<void> {
    for (const host of [this.sim, this.real]) host.objects.clear();
    // A bridge goes when its last port has gone, in a later round.
    for (let round = 0; round < 100 && (await this.real.pending()).length > 0; round++) {
      await this.real.applyAll();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(await this.real.pending(), [], 'nothing is left to remove');
    await this.sim.converge();
    for (const name of [...this.#plugged]) this.#unplug(name);
    for (const name of [...this.#vifs]) this.#unvif(name);
    if (this.sim.driver === 'openvswitch') for (const name of ['br-int', 'br-tun']) vsctl('del-br', name);
  }
}

const lacks = await lacking();

/** Why a script cannot be followed here, or false: `# needs WHAT` says what a kernel must have. */
function whyNot(script: string): string | false {
  const needs = /^# needs (.*)$/m.exec(script)?.[1];
  if (needs !== undefined && lacks.has(needs)) return `this kernel has no ${needs}`;
  return script.includes('\ndriver openvswitch') && noSwitch;
}

for (const file of readdirSync(scripts).filter((name) => name.endsWith('.script'))) {
  const script = readFileSync(new URL(file, scripts), 'utf8');
  for (const driver of natDriversOf(script))
    test(`scenario ${file.replace('.script', '')} by ${driver} on the kernel`, { skip: whyNot(script) }, async () => {
      // As the simulated machine begins: no bridged packet is shown to iptables yet.
      for (const family of ['iptables', 'ip6tables'])
        writeFileSync(`/proc/sys/net/bridge/bridge-nf-call-${family}`, '0');
      const before = worldText();
      const pair = new Pair();
      await pair.run(`nat ${driver}`);
      for (const raw of script.split('\n')) {
        const line = raw.replace(/(^|\s)#.*$/, '').trim();
        if (line !== '') await pair.run(line);
      }
      await pair.end();
      assert.equal(worldText(), before, 'the world is as at the start');
    });
}
