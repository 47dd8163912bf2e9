/** How a port is wired on its host: binding:vif_type and binding:vif_details. */
import { agent, type network, type port, portBinding, routerBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { agentTypes, canWire, isAlive, l2AgentTypes } from '../rules/schedule.ts';
import { routerOwners } from '../rules/wake.ts';
import type { Context } from './context.ts';
import { travelOnHost } from './network-segment.ts';

type PortRow = Row<typeof port>;

/** The columns of a binding. */
export type Binding = Pick<PortRow, 'binding:host_id' | 'binding:vif_type' | 'binding:vif_details'>;

const unwired = (host: string, type: 'unbound' | 'binding_failed'): Binding => ({
  'binding:host_id': host,
  'binding:vif_type': type,
  'binding:vif_details': {},
});

/** What Nova is told to plug into, by the agent that will wire it (Neutron: mech_openvswitch, mech_linuxbridge). */
function wiringBy({ agent_type: type, configurations }: Row<typeof agent>): Omit<Binding, 'binding:host_id'> {
  const details = { connectivity: 'l2', port_filter: true };
  if (type !== agentTypes.openvswitch) return { 'binding:vif_type': 'bridge', 'binding:vif_details': details };
  const { datapath_type = 'system', integration_bridge = 'br-int' } = configurations;
  const plug = { ovs_hybrid_plug: false, datapath_type, bridge_name: integration_bridge };
  return { 'binding:vif_type': 'ovs', 'binding:vif_details': { ...details, ...plug } };
}

/**
 * The binding of a port of a network to a host: `''` is unbound; without an L2 agent that is alive and can wire it, or for a NIC
 * that is none of the host's (SR-IOV and its like), it fails.
 */
export async function bindingOn(
  c: Context,
  host: string,
  on: Row<typeof network>,
  vnicType: PortRow['binding:vnic_type'] = 'normal',
): Promise<Binding> {
  if (host === '') return unwired('', 'unbound');
  if (vnicType !== 'normal') return unwired(host, 'binding_failed');
  const agents = await c.t.find(agent, { host, agent_type: l2AgentTypes });
  const { 'provider:physical_network': physicalNetwork } = await travelOnHost(c.t, on, host);
  const l2 = agents.find(
    (row) =>
      isAlive(row, c.clock.now(), c.settings.agentDownTimeSeconds) && canWire(row.configurations, physicalNetwork),
  );
  if (!l2) return unwired(host, 'binding_failed');
  return { 'binding:host_id': host, ...wiringBy(l2) };
}

/** The host of a port that no one names a host for: a router's port is where its router is. */
export async function hostOfDevice(c: Context, owner: string, deviceId: string): Promise<string> {
  if (!routerOwners.includes(owner) || deviceId === '') return '';
  return (await c.t.first(routerBinding, { router_id: deviceId }))?.host ?? '';
}

/** The port comes to this host by itself: what was prepared for it there is its own binding now. */
export async function forgetBinding(c: Context, portId: string, host: string): Promise<void> {
  await c.t.deleteMany(portBinding, { port_id: portId, host });
}
