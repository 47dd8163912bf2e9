/**
 * A trunk on a host with Open vSwitch, after Neutron's: a bridge of its own that the instance is plugged into, and from it one patch
 * to the integration bridge for the parent port, which carries frames without a tag, and one for each subport, whose tag ends there.
 * On the integration bridge each end is the interface of its port, filtered and limited like any other.
 */
import type { HostTrunk, HostTrunkPort } from '../../model/host-objects.ts';
import type { Fact, OvsPortFact } from '../facts.ts';
import { deadVlan } from '../facts.ts';
import type { HostEnvironment, Lookup, OvsEnvironment, Rendering } from './language.ts';
import { attach, firstOf } from './link-layer.ts';
import { tapName } from './names.ts';
import { parentPatch, subportPatch, trunkBridge } from './ovs-names.ts';
import { deviceFacts } from './ovs-port.ts';

/** The VLAN on the trunk's bridge of frames without a tag. */
const untagged = 0;

/** A patch from the bridge of the trunk to the integration bridge: the VLANs of its two ends, and what is missing. */
interface Patch {
  readonly facts: readonly OvsPortFact[];
  readonly waiting: string | null;
  readonly problem: string | null;
}

/**
 * The VLAN of a port's end on the integration bridge: the dead one until the end is known to be there, since only then are the flows
 * that guard it.
 */
function vlanOf(portId: string, look: Lookup, env: HostEnvironment): { tag: number } & Omit<Patch, 'facts'> {
  const port = look(`port/${portId}`);
  const shut = { tag: deadVlan, problem: null };
  if (port?.kind !== 'port') return { ...shut, waiting: `port ${portId} has not arrived yet` };
  const at = attach(port.network_id, look, env);
  const { waiting, problem } = at;
  if (env.portDevice?.(portId) === undefined)
    return { ...shut, waiting: waiting ?? `the patch of port ${portId} is not there yet`, problem };
  return { tag: port.admin_state_up ? (at.tag ?? deadVlan) : deadVlan, waiting, problem };
}

function patch(
  { port_id, mac_address }: HostTrunkPort,
  ends: { readonly bridge: string; readonly names: readonly [string, string]; readonly tag: number },
  ovs: OvsEnvironment,
  [look, env]: readonly [Lookup, HostEnvironment],
): Patch {
  const [outer, inner] = ends.names;
  const { tag, waiting, problem } = vlanOf(port_id, look, env);
  const common = { fact: 'ovs-port', type: 'patch' } as const;
  const externalIds = { 'attached-mac': mac_address, 'iface-id': port_id, 'iface-status': 'active' };
  const facts: OvsPortFact[] = [
    { ...common, bridge: ends.bridge, name: outer, options: { peer: inner }, tag: ends.tag, externalIds: {} },
    { ...common, bridge: ovs.integrationBridge, name: inner, options: { peer: outer }, tag, externalIds },
  ];
  return { facts, waiting, problem };
}

/** With Linux bridges the device of a subport is made by its port: a VLAN device of the parent's tap. */
function renderOnBridges({ parent, sub_ports }: HostTrunk, env: HostEnvironment): Rendering {
  const missing = [parent, ...sub_ports].map(({ port_id }) => tapName(port_id)).find((name) => !env.links.has(name));
  return { facts: [], waiting: missing ? `device ${missing} does not exist on this host yet` : null, problem: null };
}

/** The facts of `trunk/<id>`. */
export function renderTrunk(trunk: HostTrunk, look: Lookup, env: HostEnvironment): Rendering {
  const { ovs } = env;
  if (!ovs || env.driver !== 'openvswitch') return renderOnBridges(trunk, env);
  const bridge = trunkBridge(trunk.id);
  const own: Fact = { fact: 'ovs-bridge', name: bridge, datapath: ovs.datapath, failMode: 'standalone', guests: true };
  const { parent, sub_ports } = trunk;
  const tap = env.portDevice?.(parent.port_id, bridge);
  if (tap === undefined)
    return {
      facts: [own],
      waiting: `no interface on ${bridge} has external_ids:iface-id=${parent.port_id} yet`,
      problem: null,
    };
  const host = [look, env] as const;
  const patches = [
    patch(parent, { bridge, names: parentPatch(parent.port_id), tag: untagged }, ovs, host),
    ...sub_ports.map((one) =>
      patch(one, { bridge, names: subportPatch(one.port_id), tag: one.segmentation_id }, ovs, host),
    ),
  ];
  return {
    facts: [own, ...deviceFacts(tap, mtuOf(parent, look), env), ...patches.flatMap((one) => one.facts)],
    waiting: firstOf(patches.map((one) => one.waiting)),
    problem: firstOf(patches.map((one) => one.problem)),
  };
}

/** The MTU of the parent port's network: that of no subport's is larger. */
function mtuOf(parent: HostTrunkPort, look: Lookup): number | undefined {
  const port = look(`port/${parent.port_id}`);
  const network = port?.kind === 'port' ? look(`network/${port.network_id}`) : undefined;
  return network?.kind === 'network' ? network.mtu : undefined;
}
