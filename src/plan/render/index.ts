/** Renders a host object into the facts that realise it on this host. Pure and total: what has not arrived yet is waited for. */
import type { HostKey, HostObject } from '../../model/host-objects.ts';
import type { Fact } from '../facts.ts';
import { chainOf } from '../order.ts';
import { renderAddressSet } from './address-set.ts';
import { renderBase as renderSharedBase } from './base.ts';
import { renderDhcp } from './dhcp.ts';
import type { HostEnvironment, Lookup, Rendering } from './language.ts';
import { renderNetwork } from './network.ts';
import { renderSwitchedSet } from './ovs-address-set.ts';
import { renderPort } from './port.ts';
import { renderRouter } from './router.ts';
import { renderTrunk } from './trunk.ts';

export type { HostEnvironment, Lookup, MetadataEnvironment, NatDriver, OvsEnvironment, Rendering } from './language.ts';
export { routerNamespace } from './names.ts';
export { counterOf, type MeteringDirection, meteringTable } from './router-metering.ts';

const nothing: Rendering = { facts: [], waiting: null, problem: null };

/** Hooks of one chain say which of them they stand behind, in the order in which they were rendered. */
function inTheirOrder(facts: readonly Fact[]): Fact[] {
  const last = new Map<string, string>();
  return facts.map((fact) => {
    if (fact.fact !== 'hook' || fact.anywhere) return fact;
    const behind = last.get(chainOf(fact));
    last.set(chainOf(fact), fact.rule);
    return behind === undefined ? fact : { ...fact, behind };
  });
}

/** The facts of the unit `base`: what the objects of a host stand on. */
export function renderBase(env: HostEnvironment, anyPorts: boolean): Fact[] {
  return inTheirOrder(renderSharedBase(env, anyPorts));
}

/**
 * The facts of one object. `look` finds the object itself and its relatives; a caller that records what is looked up knows when
 * to render again. An object that is not there renders nothing.
 */
export function render(key: HostKey, look: Lookup, env: HostEnvironment): Rendering {
  const object: HostObject | undefined = look(key);
  if (!object) return nothing;
  const rendering = renderObject(object, look, env);
  return { ...rendering, facts: inTheirOrder(rendering.facts) };
}

function renderObject(object: HostObject, look: Lookup, env: HostEnvironment): Rendering {
  switch (object.kind) {
    case 'network':
      return renderNetwork(object, env);
    case 'port':
      return renderPort(object, look, env);
    case 'address_set':
      return env.driver === 'openvswitch' && env.ovs ? renderSwitchedSet(object, env.ovs) : renderAddressSet(object);
    case 'security_group':
    case 'metadata':
      return nothing;
    case 'dhcp':
      return renderDhcp(object, look, env);
    case 'trunk':
      return renderTrunk(object, look, env);
    case 'router':
      return renderRouter(object, look, env);
  }
}

/** `base`, or the key of a host object: what is planned and recorded as one. */
export type UnitKey = 'base' | HostKey;

const madeInOrder = ['base', 'network', 'address_set', 'security_group', 'metadata', 'port', 'trunk', 'dhcp', 'router'];
/** What only others stand on is taken away after these others have changed. */
const takenAwayLast = ['address_set', 'base'];

function kindOf(unit: UnitKey): string {
  return unit === 'base' ? unit : unit.slice(0, unit.indexOf('/'));
}

/**
 * The order in which units are to be dealt with, so that each finds what it stands on and none is in another's way: the units
 * that go (routers first, networks last), then the ones that stay (networks first, routers last), then the address sets and the
 * base that go, which rules of ports that stay may have used until now.
 */
export function inUnitOrder(staying: Iterable<UnitKey>, going: Iterable<UnitKey>): UnitKey[] {
  const place = (unit: UnitKey) => madeInOrder.indexOf(kindOf(unit));
  const rising = (a: UnitKey, b: UnitKey) => place(a) - place(b);
  const leaving = [...going].sort((a, b) => rising(b, a));
  const last = (unit: UnitKey) => takenAwayLast.includes(kindOf(unit));
  return [...leaving.filter((unit) => !last(unit)), ...[...staying].sort(rising), ...leaving.filter(last)];
}
