/** An instance's port on this host: its tap on the bridge, behind its security groups. */
import type { HostPort } from '../../model/host-objects.ts';
import type { Fact, HookFact, IpFamily, IptablesTable, LinkKind } from '../facts.ts';
import { rule } from '../rule-text.ts';
import { securityChain, statelessChain } from './base.ts';
import { guardElements } from './guard.ts';
import type { HostEnvironment, Lookup, Rendering } from './language.ts';
import { type Attachment, attach, firstOf } from './link-layer.ts';
import { bridgePrefix, portChain, tapName } from './names.ts';
import { renderSwitchPort } from './ovs-port.ts';
import { portChains } from './port-chains.ts';
import { type PortRules, rulesOf } from './port-rules.ts';
import { markHooks, queueFacts } from './qos.ts';
import { comments } from './security.ts';
import { conntrackZone } from './zone.ts';

function hook(family: IpFamily, table: IptablesTable, chain: string, text: string): HookFact {
  return { fact: 'hook', namespace: '', family, table, chain, rule: text };
}

function through(device: 'in' | 'out', name: string): string {
  return `-m physdev --physdev-${device} ${name} --physdev-is-bridged`;
}

/**
 * From the shared chains to this port's. A port without port security goes through the dispatch too, only to no chain of its
 * own: Neutron accepts its packets in FORWARD, which lets them past the rules of a protected port on the same bridge.
 */
function dispatch(port: HostPort, family: IpFamily): HookFact[] {
  const tap = tapName(port.id);
  const secure = port.port_security_enabled;
  const into = (device: 'in' | 'out', chain: string, jump: string, comment: string) =>
    hook(family, 'filter', chain, rule({ matches: [through(device, tap)], comment, jump }));
  const forward = `${bridgePrefix}-FORWARD`;
  const input = `${bridgePrefix}-INPUT`;
  const hooks = [
    into('out', forward, securityChain, comments.toGroupChain),
    into('in', forward, securityChain, comments.toGroupChain),
  ];
  if (!secure) return [...hooks, into('in', input, 'ACCEPT', comments.portSecurityOff)];
  return [
    ...hooks,
    into('in', input, portChain(port.id, 'o'), comments.fromInstance),
    // What a port sends is judged before what another receives.
    into('in', securityChain, portChain(port.id, 'o'), comments.toPortChain),
    into('out', securityChain, portChain(port.id, 'i'), comments.toPortChain),
  ];
}

/** Conntrack keeps the connections of networks with overlapping addresses apart by zones. */
function zoneHook(port: HostPort, at: Attachment, family: IpFamily): HookFact[] {
  // The host itself may speak through the bridge of a physical network: its connections stay in the default zone.
  if (!at.network || !at.bridge || at.shared) return [];
  const comment = `Set zone for ${port.id.slice(0, 11)}`;
  const text = rule({ input: at.bridge, comment, jump: `CT --zone ${conntrackZone(at.network)}` });
  return [hook(family, 'raw', `${bridgePrefix}-PREROUTING`, text)];
}

/** What is tracked of the port is cut when its addresses are another's (Neutron: `_remove_conntrack_entries_from_port_deleted`). */
function trackedFacts(port: HostPort, at: Attachment): Fact[] {
  const { network } = at;
  if (!network || !at.bridge || at.shared) return [];
  return port.fixed_ips.map(({ ip }) => ({ fact: 'connections', namespace: '', zone: conntrackZone(network), ip }));
}

/** Connections of a stateless port are not tracked, whichever way they begin (Neutron: `Make … stateless`, CT --notrack). */
function statelessHooks(port: HostPort, at: Attachment, family: IpFamily): HookFact[] {
  const comment = `Make ${port.id.slice(0, 11)} stateless`;
  const untracked = { comment, jump: 'CT --notrack' };
  const own = port.fixed_ips.filter(({ ip }) => ip.includes(':') === (family === 6));
  const input = at.bridge;
  const texts = [
    rule({ matches: [`-m physdev --physdev-in ${tapName(port.id)}`], ...untracked }),
    ...(input ? own.map(({ ip }) => rule({ destination: ip, input, ...untracked })) : []),
  ];
  return texts.map((text) => hook(family, 'raw', statelessChain, text));
}

const noRules: PortRules = { rules: [], waiting: null, stateless: false };

/** Of a network that has not arrived yet, bytes. */
const usualMtu = 1500;

/** The device of a port: how it comes to be, and whether it can be up. */
interface Device {
  readonly kind: LinkKind;
  readonly up: boolean;
  /** Why it is not there, as a sentence. */
  readonly missing: string | null;
}

const notThere = (name: string) => `device ${name} does not exist on this host yet`;

/** An instance's tap is somebody else's; the device of a subport is made of its parent's (Neutron's Linux bridge trunk driver). */
function deviceOf(port: HostPort, look: Lookup, env: HostEnvironment): Device {
  const name = tapName(port.id);
  const missing = env.links.has(name) ? null : notThere(name);
  if (!port.trunk) return { kind: { type: 'foreign' }, up: port.admin_state_up, missing };
  const { parent_port_id: parentId, segmentation_id: id } = port.trunk;
  const [parent, device] = [look(`port/${parentId}`), tapName(parentId)];
  const carried = parent?.kind === 'port' && parent.admin_state_up;
  const kind = { type: 'vlan', device, id, guarded: true } as const;
  return { kind, up: port.admin_state_up && carried, missing: env.links.has(device) ? missing : notThere(device) };
}

function tapFacts(port: HostPort, at: Attachment, { kind, up, missing }: Device, env: HostEnvironment): Fact[] {
  const name = tapName(port.id);
  const makeable = kind.type === 'vlan' && env.links.has(kind.device);
  if (missing !== null && !makeable) return [];
  const mtu = at.network ? { mtu: at.network.mtu } : {};
  const link = { fact: 'link', namespace: '', name, kind, up, ...mtu } as const;
  // It is made first, and let onto its bridge when it is there.
  if (missing !== null) return [link];
  return [{ ...link, ...(at.bridge ? { master: at.bridge } : {}) }, ...queueFacts(port, at.network?.mtu ?? usualMtu)];
}

/** The facts of `port/<id>`. The chains are there before the tap is, so that an instance is never without them. */
export function renderPort(port: HostPort, look: Lookup, env: HostEnvironment): Rendering {
  if (env.driver === 'openvswitch') return renderSwitchPort(port, look, env);
  const at = attach(port.network_id, look, env);
  const device = deviceOf(port, look, env);
  const facts: Fact[] = tapFacts(port, at, device, env);
  facts.push(...markHooks(port), ...trackedFacts(port, at));
  if (port.port_security_enabled) facts.push(guardElements(port));
  const groups = port.port_security_enabled ? rulesOf(port, look) : noRules;
  for (const family of [4, 6] as const) {
    if (port.port_security_enabled) facts.push(...portChains(port, groups.rules, family, groups.stateless));
    if (groups.stateless) facts.push(...statelessHooks(port, at, family));
    facts.push(...zoneHook(port, at, family), ...dispatch(port, family));
  }
  return { facts, waiting: firstOf([at.waiting, groups.waiting, device.missing]), problem: at.problem };
}
