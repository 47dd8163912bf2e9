/** Open vSwitch on the simulated machine, as strict as ovs-vsctl and ovs-ofctl. */
import type { SwitchPort } from '../host/machine.ts';
import type { FlowsFact, MeterFact, OvsBridgeFact, OvsPortFact } from '../plan/facts.ts';
import { deadVlan } from '../plan/facts.ts';
import { matchOf } from '../plan/flow-text.ts';
import { namespaceOf, SimError, type SimState, type SimSwitch, type SimSwitchPort } from './state.ts';

let lastPort = 0;

function switchOf(state: SimState, name: string): SimSwitch {
  const found = state.switches.get(name);
  if (!found) throw new SimError(`ovs-vsctl: no bridge named ${name}`);
  return found;
}

function portOf(state: SimState, name: string): { bridge: SimSwitch; port: SimSwitchPort } | undefined {
  for (const bridge of state.switches.values()) {
    const port = bridge.ports.get(name);
    if (port) return { bridge, port };
  }
  return undefined;
}

/** Makes a bridge, or gives it its settings; one that others made and use is taken as it is. */
export function putSwitch(state: SimState, fact: OvsBridgeFact, ours: boolean): void {
  const there = state.switches.get(fact.name);
  if (!there) state.switches.set(fact.name, { fact, ours, ports: new Map(), flows: new Map(), meters: new Map() });
  else if (!fact.shared || there.ours) there.fact = fact;
}

/** The index of the device that a port is given; 0 for one that brings its own. */
function deviceOf(state: SimState, fact: OvsPortFact): number {
  if (fact.type !== '') return 0;
  return namespaceOf(state, '').links.get(fact.name)?.index ?? -1;
}

/** Plugs a port in, anew where it was made in another way or lost its device. One of others only gets its tag. */
export function putSwitchPort(state: SimState, fact: OvsPortFact, ours = true): void {
  const bridge = switchOf(state, fact.bridge);
  const there = portOf(state, fact.name);
  if (fact.foreign && ours) {
    if (there?.bridge !== bridge) throw new SimError(`ovs-vsctl: no port named ${fact.name}`);
    const { tag: _, ...rest } = there.port.fact;
    there.port.fact = fact.tag === undefined ? rest : { ...rest, tag: fact.tag };
    return;
  }
  const device = deviceOf(state, fact);
  if (device < 0) throw new SimError(`could not open network device ${fact.name} (No such device)`);
  const kept = there?.bridge === bridge && there.port.fact.type === fact.type && there.port.device === device;
  there?.bridge.ports.delete(fact.name);
  bridge.ports.set(fact.name, { fact, ours, device, ofport: kept ? there.port.ofport : ++lastPort });
}

const withNumber = (bridge: SimSwitch) => (text: string) =>
  text.replace(/\b(in_port=|output:|meter:)([\w.-]+)(?![\w.[-])/g, (_, word: string, name: string) => {
    const port = bridge.ports.get(name);
    if (!port) throw new SimError(`ovs-ofctl: ${word}${name}: no port of ${bridge.fact.name}`);
    if (word === 'meter:' && !bridge.meters.has(port.ofport)) throw new SimError(`OFPMMFC_UNKNOWN_METER: ${name}`);
    return `${word}#${port.ofport}#`;
  });

/** The text as a dump has it: a port that is gone, or was made anew, is its number. */
function withName(bridge: SimSwitch, text: string): string {
  const names = new Map([...bridge.ports.values()].map((port) => [port.ofport, port.fact.name]));
  return text.replace(/#(\d+)#/g, (_, number: string) => names.get(Number(number)) ?? number);
}

/** Makes the flows of an owner what they are to be. */
export function putFlows(state: SimState, fact: FlowsFact): void {
  const bridge = switchOf(state, fact.bridge);
  const mine = new Set(fact.flows.map(matchOf));
  if (mine.size !== fact.flows.length) throw new SimError(`two flows of ${fact.owner} have one match`);
  bridge.flows.set(fact.owner, fact.flows.map(withNumber(bridge)));
  for (const [owner, flows] of bridge.flows) {
    if (owner === fact.owner) continue;
    // One switch has one flow of a table, priority and match: the last one that came.
    const left = flows.filter((text) => !mine.has(matchOf(withName(bridge, text))));
    if (left.length === 0) bridge.flows.delete(owner);
    else bridge.flows.set(owner, left);
  }
}

/** Makes a meter what it is to be. */
export function putMeter(state: SimState, fact: MeterFact): void {
  const bridge = switchOf(state, fact.bridge);
  const port = bridge.ports.get(fact.port);
  if (!port) throw new SimError(`there is no port ${fact.port} on ${fact.bridge} that a meter could be for`);
  bridge.meters.set(port.ofport, fact);
}

/** Takes a meter away, and those whose ports are gone. The flows that refer to a meter go with it. */
export function removeMeter(state: SimState, fact: MeterFact): void {
  const bridge = state.switches.get(fact.bridge);
  if (!bridge) return;
  const numbers = new Set([...bridge.ports.values()].map((port) => port.ofport));
  const own = bridge.ports.get(fact.port)?.ofport;
  for (const number of bridge.meters.keys()) {
    if (number !== own && numbers.has(number)) continue;
    bridge.meters.delete(number);
    for (const [owner, flows] of bridge.flows)
      bridge.flows.set(
        owner,
        flows.filter((text) => !text.includes(`meter:#${number}#`)),
      );
  }
}

/** Takes a bridge away, with its ports and flows. One that others made, or that has a port left, stays. */
export function removeSwitch(state: SimState, fact: OvsBridgeFact): void {
  const there = state.switches.get(fact.name);
  if (!there || (fact.shared && !there.ours) || ((fact.shared || fact.guests) && there.ports.size > 0)) return;
  state.switches.delete(fact.name);
}

/** Takes a port away; one of others is released. */
export function removeSwitchPort(state: SimState, fact: OvsPortFact): void {
  const there = portOf(state, fact.name);
  if (there?.bridge.fact.name !== fact.bridge) return;
  if (fact.foreign) there.port.fact = { ...there.port.fact, tag: deadVlan };
  else there.bridge.ports.delete(fact.name);
}

/** Takes the flows of an owner away. */
export function removeFlows(state: SimState, fact: FlowsFact): void {
  state.switches.get(fact.bridge)?.flows.delete(fact.owner);
}

function observePort(state: SimState, asked: OvsPortFact): OvsPortFact | undefined {
  const there = portOf(state, asked.name);
  if (!there) return undefined;
  const { type, options, tag, externalIds } = there.port.fact;
  const names = Object.keys(asked.externalIds).filter((name) => externalIds[name] !== undefined);
  return {
    fact: 'ovs-port',
    bridge: there.bridge.fact.name,
    name: asked.name,
    type,
    options,
    ...(tag === undefined ? {} : { tag }),
    externalIds: Object.fromEntries(names.map((name) => [name, externalIds[name] ?? ''])),
    ...(asked.foreign ? { foreign: true } : {}),
    ...(!asked.foreign && there.port.device !== deviceOf(state, there.port.fact) ? { lost: true } : {}),
  };
}

/** A meter; one whose port is gone is taken for there while any such is. */
function observeMeter(asked: MeterFact, { ports, meters }: SimSwitch): MeterFact | undefined {
  const port = ports.get(asked.port);
  if (port) return meters.get(port.ofport);
  const numbers = new Set([...ports.values()].map(({ ofport }) => ofport));
  return [...meters.keys()].some((number) => !numbers.has(number)) ? asked : undefined;
}

function observeBridge(asked: OvsBridgeFact, { fact, ports }: SimSwitch): OvsBridgeFact {
  const used = (asked.shared || asked.guests) && [...ports.values()].some((port) => port.fact.type !== 'patch');
  return used ? { ...fact, used } : fact;
}

/** How a thing of Open vSwitch is now, or undefined where it is not there. */
export function observeSwitch(
  state: SimState,
  asked: OvsBridgeFact | OvsPortFact | MeterFact | FlowsFact,
): OvsBridgeFact | OvsPortFact | MeterFact | FlowsFact | undefined {
  if (asked.fact === 'ovs-port') return observePort(state, asked);
  const bridge = state.switches.get(asked.fact === 'ovs-bridge' ? asked.name : asked.bridge);
  if (!bridge) return undefined;
  if (asked.fact === 'ovs-bridge') return asked.shared && !bridge.ours ? asked : observeBridge(asked, bridge);
  if (asked.fact === 'meter') return observeMeter(asked, bridge);
  const flows = bridge.flows.get(asked.owner);
  return flows && { ...asked, flows: flows.map((text) => withName(bridge, text)).sort() };
}

/** All ports by name. */
export function switchPorts(state: SimState): Map<string, SwitchPort> {
  const all = [...state.switches].flatMap(([bridge, { ports }]) =>
    [...ports].map(([name, { fact, ofport }]): [string, SwitchPort] => {
      const portId = fact.externalIds['iface-id'];
      return [name, { bridge, plug: String(ofport), ...(portId === undefined ? {} : { portId }) }];
    }),
  );
  return new Map(all);
}

/** All switches as text. */
export function printSwitches(state: SimState): string[] {
  const byName = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return byName(state.switches).flatMap(([name, bridge]) => [
    `bridge ${name}: ${bridge.fact.datapath}, ${bridge.fact.failMode}`,
    ...byName(bridge.ports).map(([port, { fact }]) => {
      const options = byName(new Map(Object.entries(fact.options))).map(([key, value]) => `${key}=${value}`);
      const ids = byName(new Map(Object.entries(fact.externalIds))).map(([key, value]) => `${key}=${value}`);
      const words = [fact.type, fact.tag === undefined ? '' : `tag ${fact.tag}`, ...options, ...ids];
      return `  port ${port}: ${words.filter(Boolean).join(', ')}`;
    }),
    ...[...bridge.meters.values()].map(
      ({ port, rateKbps, burstKbit }) => `  meter ${port}: ${rateKbps} kbit/s, burst ${burstKbit} kbit`,
    ),
    ...[...bridge.flows.values()]
      .flat()
      .map((text) => `  ${withName(bridge, text)}`)
      .sort(),
  ]);
}
