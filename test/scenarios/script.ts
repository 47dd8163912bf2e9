/**
 * Scenarios as text. A script is a list of commands, one on a line, `#` begins a comment:
 *
 *     put NAME            the object of that name (objects.yaml) arrives, as it was last set
 *     set NAME JSON       members of the object change; it arrives
 *     gone NAME           the object is gone
 *     plug DEVICE         a device of someone else appears (or: a bridge that was there before)
 *     unplug DEVICE       it goes
 *     address DEVICE CIDR someone gives it an address
 *     connect PROTOCOL DESTINATION:PORT TARGET   a translated connection lives in the router's namespace
 *     driver DRIVER       the agent is started with this switch; in the first line: linuxbridge or openvswitch
 *     vif NAME DEVICE     a device of someone else is plugged into br-int for the port NAME
 *     unvif DEVICE        it goes
 *     restart             the switch ends and starts again
 *     nat DRIVER          the agent is started anew and translates by iptables or nftables
 *     metadata DOOR…      the agent is started anew, and instances ask for metadata by: routers, isolated, force
 *     end PROCESS         a process ends by itself
 *     apply               every unit is planned and performed; the plan is printed; a second plan must be empty
 *     apply N             the agent dies after N steps
 *     fail N              step N (from 0) of the next apply fails
 *     show [PATTERN]      the machine is printed; with PATTERN only its lines that contain it
 *
 * A script that holds a line `# nat: nftables` runs a second time with that driver; its transcript is `NAME.nftables.golden`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type HostObject, hostKey } from '../../src/model/host-objects.ts';
import type { MetadataEnvironment, NatDriver } from '../../src/plan/render/index.ts';
import { failStep } from '../../src/sim/machine.ts';
import { SimHost } from './sim-host.ts';

/** The objects of objects.yaml by name. */
export function libraryOfObjects(): Record<string, HostObject> {
  return parse(readFileSync(new URL('objects.yaml', import.meta.url), 'utf8')) as Record<string, HostObject>;
}

class Scenario {
  readonly #host = new SimHost();
  readonly #library = libraryOfObjects();
  readonly #foreign = new Set<string>();
  readonly output: string[] = [];

  constructor(natDriver: NatDriver) {
    this.#host.natDriver = natDriver;
  }

  async run(line: string): Promise<void> {
    const [, command = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    const [first = '', second = '', third = ''] = rest.split(/\s+/);
    const { machine } = this.#host;
    this.output.push(`> ${line}`);
    switch (command) {
      case 'put':
        return this.#host.put(this.#object(first));
      case 'set':
        this.#library[first] = { ...this.#object(first), ...JSON.parse(rest.slice(first.length)) };
        return this.#host.put(this.#object(first));
      case 'gone':
        this.#host.objects.delete(hostKey(this.#object(first)));
        return;
      case 'plug':
        this.#foreign.add(first);
        return this.#host.plug(first);
      case 'unplug':
        this.#foreign.delete(first);
        return machine.unplug(first);
      case 'driver':
        this.#host.driver = first === 'openvswitch' ? first : 'linuxbridge';
        return;
      case 'vif':
        return this.#host.plugPort(second, this.#object(first).id);
      case 'unvif':
        return this.#host.unplugPort(first);
      case 'restart':
        return machine.restartSwitch();
      case 'address':
        await machine.perform([
          { do: 'add', fact: { fact: 'address', namespace: '', device: first, cidr: second }, why: 'someone else' },
        ]);
        return;
      case 'connect':
        return this.#connect(first, second, third);
      case 'nat':
        this.#host.natDriver = natDriverOf(first);
        return;
      case 'metadata':
        this.#host.metadata = metadataOf(rest);
        return;
      case 'end':
        return machine.end(first);
      case 'fail':
        machine.fault = failStep(machine.performed + Number(first));
        return;
      case 'apply':
        return this.#apply(first === '' ? undefined : Number(first));
      case 'show':
        return this.#show(rest);
      default:
        throw new Error(`unknown command: ${line}`);
    }
  }

  /** Removes everything: the host must be as it was at the start. */
  async end(): Promise<void> {
    this.#host.machine.fault = () => undefined;
    this.#host.objects.clear();
    await this.#host.converge();
    const untouched = new SimHost();
    untouched.driver = this.#host.driver;
    for (const device of this.#foreign) untouched.plug(device);
    if (untouched.driver === 'openvswitch') await untouched.converge();
    // The state (up, bridge, MTU) of a device that others own is not set back.
    const withoutForeign = (host: SimHost) =>
      host.trace().replace(/^ {2}(?:link|port) (?:tap|br-ex|eth|enp).*\n(?: {4}address .*\n)*/gm, '');
    assert.equal(withoutForeign(this.#host), withoutForeign(untouched), 'the host is as at the start');
  }

  #object(name: string): HostObject {
    const object = this.#library[name];
    if (!object) throw new Error(`no object ${name} in objects.yaml`);
    return object;
  }

  #connect(protocol: string, to: string, target: string): void {
    const [destination = '', port] = to.split(':');
    const router = this.#object('router');
    const namespace = `qrouter-${router.id}`;
    this.#host.machine.connect({ namespace, protocol, destination, port: Number(port), target });
  }

  async #apply(limit: number | undefined): Promise<void> {
    this.output.push(...(await this.#host.applyAll(limit)));
    const failing = this.output.at(-1)?.includes('FAILED') ?? false;
    const whole =
      limit === undefined && !this.output.slice(this.output.lastIndexOf('> apply')).join().includes('FAILED');
    if (whole && !failing) assert.deepEqual(await this.#host.pending(), [], 'the second plan is empty');
  }

  #show(pattern: string): void {
    const lines = this.#host.machine.print().trimEnd().split('\n');
    this.output.push(...lines.filter((line) => line.includes(pattern)));
  }
}

/** The drivers that a script is run with, the default one first. */
export function natDriversOf(text: string): NatDriver[] {
  return /^# nat: nftables$/m.test(text) ? ['iptables', 'nftables'] : ['iptables'];
}

/** The doors that a script names. */
export function metadataOf(words: string): MetadataEnvironment {
  const doors = words.split(/\s+/);
  const has = (door: string) => doors.includes(door);
  return { port: 9697, routers: has('routers'), isolated: has('isolated'), force: has('force') };
}

/** A driver by its name in a script. */
export function natDriverOf(name: string): NatDriver {
  if (name !== 'iptables' && name !== 'nftables') throw new Error(`no NAT driver ${name}`);
  return name;
}

/** Runs a script and gives its transcript. */
export async function runScript(text: string, natDriver: NatDriver = 'iptables'): Promise<string> {
  const scenario = new Scenario(natDriver);
  for (const raw of text.split('\n')) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (line !== '') await scenario.run(line);
  }
  await scenario.end();
  return `${scenario.output.join('\n')}\n`;
}
