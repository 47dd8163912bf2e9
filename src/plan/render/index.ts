/** Renders a host object into the facts that realise it on this host. Pure and total: what has not arrived yet is waited for. */
import type { HostKey, HostObject } from '../../model/host-objects.ts';
import type { Fact } from '../facts.ts';
import { renderAddressSet } from './address-set.ts';
import { renderDhcp } from './dhcp.ts';
import type { HostEnvironment, Lookup, Rendering } from './language.ts';
import { renderNetwork } from './network.ts';
import { renderPort } from './port.ts';
import { renderRouter } from './router.ts';

export { renderBase } from './base.ts';
export type { HostEnvironment, Lookup, Rendering } from './language.ts';

const nothing: Rendering = { facts: [], waiting: null, problem: null };

/**
 * The facts of one object. `look` finds the object itself and its relatives; a caller that records what is looked up knows when
 * to render again. An object that is not there renders nothing.
 */
export function render(key: HostKey, look: Lookup, env: HostEnvironment): Rendering {
  const object: HostObject | undefined = look(key);
  if (!object) return nothing;
  switch (object.kind) {
    case 'network':
      return renderNetwork(object, env);
    case 'port':
      return renderPort(object, look, env);
    case 'address_set':
      return renderAddressSet(object);
    case 'security_group':
      return nothing;
    case 'dhcp':
      return renderDhcp(object, look, env);
    case 'router':
      return renderRouter(object, look, env);
  }
}

/** The order in which units are brought about, so that each finds what it stands on; they are taken away in the reverse order. */
export const unitOrder = ['base', 'network', 'address_set', 'security_group', 'port', 'dhcp', 'router'] as const;

/** Facts of a rendering by kind, for tests and for people. */
export function factsOf<K extends Fact['fact']>(rendering: Rendering, kind: K): Extract<Fact, { fact: K }>[] {
  return rendering.facts.filter((fact): fact is Extract<Fact, { fact: K }> => fact.fact === kind);
}
