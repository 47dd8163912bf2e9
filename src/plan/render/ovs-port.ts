/** An instance's port on a host with Open vSwitch: its interface on the integration bridge, in the VLAN of its network. */
import type { HostPort } from '../../model/host-objects.ts';
import type { Fact, OvsPortFact } from '../facts.ts';
import { deadVlan } from '../facts.ts';
import { flowTexts } from '../flow-text.ts';
import type { HostEnvironment, Lookup, Rendering } from './language.ts';
import { attach, firstOf } from './link-layer.ts';
import { portFirewallFlows } from './ovs-firewall.ts';
import { localIpFlows } from './ovs-local-ip.ts';
import { isTrunkPatch } from './ovs-names.ts';
import { switchLimits } from './qos.ts';

/** The MTU of an instance's interface, where that is a device of the kernel: the switch passes on whatever its ports take. */
export function deviceFacts(name: string, mtu: number | undefined, env: HostEnvironment): Fact[] {
  if (!env.links.has(name)) return [];
  const wanted = mtu === undefined ? {} : { mtu };
  return [{ fact: 'link', namespace: '', name, kind: { type: 'foreign' }, ...wanted, up: true }];
}

/**
 * The facts of `port/<id>` with Open vSwitch. Whoever started the instance plugged its interface in; it stays in the VLAN that
 * nothing leaves until the flows that guard it are there, and while the port is down.
 */
export function renderSwitchPort(port: HostPort, look: Lookup, env: HostEnvironment): Rendering {
  const at = attach(port.network_id, look, env);
  const device = env.portDevice?.(port.id);
  const bridge = env.ovs?.integrationBridge ?? '';
  const missing = device === undefined ? `no interface on ${bridge} has external_ids:iface-id=${port.id} yet` : null;
  if (device === undefined || !at.network || at.tag === undefined)
    return { facts: [], waiting: firstOf([at.waiting, missing]), problem: at.problem };
  const { network, tag } = at;
  const filtering = portFirewallFlows({ port, network, device, tag }, look, env);
  const plugged: OvsPortFact = {
    fact: 'ovs-port',
    bridge,
    name: device,
    type: '',
    options: {},
    tag: port.admin_state_up ? tag : deadVlan,
    externalIds: {},
    foreign: true,
  };
  const isUp = port.admin_state_up && network.admin_state_up;
  const flows = flowTexts([...filtering.flows, ...(isUp ? localIpFlows(port, tag) : [])]);
  // A trunk makes the ends of its patches, and puts them into their VLAN.
  const patched = isTrunkPatch(device);
  const facts: Fact[] = [
    ...(patched ? [] : [plugged]),
    ...deviceFacts(device, network.mtu, env),
    ...switchLimits(port, { device, bridge, queues: !patched }, network.mtu),
  ];
  if (flows.length > 0) facts.push({ fact: 'flows', bridge, owner: `port/${port.id}`, flows });
  return { facts, waiting: filtering.waiting, problem: at.problem };
}
