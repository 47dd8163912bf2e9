/**
 * Giving networks and routers to agents by hand, and taking them away (neutron/db/agentschedulers_db.py,
 * l3_agentschedulers_db.py). What was taken from its last agent waits for the next change of it, or for a hand that gives it.
 */
import { agentNotFound, networkNotFound, routerNotFound } from '../model/faults.ts';
import {
  invalidDhcpAgent,
  invalidL3Agent,
  networkHostedByDhcpAgent,
  networkNotHostedByDhcpAgent,
  routerHostedByL3Agent,
} from '../model/faults-agents.ts';
import { agent, dhcpBinding, network, router, routerBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { agentTypes } from '../rules/schedule.ts';
import type { Condition } from '../store/query.ts';
import type { Reader } from '../store/store.ts';
import type { Context } from './context.ts';
import { bindRouter, unbindRouter } from './schedule.ts';
import { serveNetwork, stopServing } from './schedule-dhcp.ts';

type AgentRow = Row<typeof agent>;

async function agentOf(r: Reader, id: string): Promise<AgentRow> {
  const row = await r.get(agent, id);
  if (!row) throw agentNotFound(id);
  return row;
}

const is = (column: string, value: string): Condition => ({ op: 'in', column, values: [value] });

const among = (record: string, select: string, where: Condition): Condition => ({
  op: 'among',
  column: 'id',
  record,
  select,
  where,
});

/** The networks that a DHCP agent serves. AgentNotFound. */
export async function networksOnAgent(r: Reader, agentId: string): Promise<Row<typeof network>[]> {
  await agentOf(r, agentId);
  return r.list(network, among(dhcpBinding.name, 'network_id', is('agent_id', agentId)));
}

/** The DHCP agents that serve a network; none where there is no such network, as in Neutron. */
export function agentsOfNetwork(r: Reader, networkId: string): Promise<AgentRow[]> {
  return r.list(agent, among(dhcpBinding.name, 'agent_id', is('network_id', networkId)));
}

/** The routers that an L3 agent carries. AgentNotFound. */
export async function routersOnAgent(r: Reader, agentId: string): Promise<Row<typeof router>[]> {
  await agentOf(r, agentId);
  return r.list(router, among(routerBinding.name, 'router_id', is('agent_id', agentId)));
}

/** The L3 agents that carry a router; none where there is no such router, as in Neutron. */
export function agentsOfRouter(r: Reader, routerId: string): Promise<AgentRow[]> {
  return r.list(agent, among(routerBinding.name, 'agent_id', is('router_id', routerId)));
}

/** Lets one more agent serve a network, beside those that do. NetworkNotFound, AgentNotFound, InvalidDHCPAgent, NetworkHostedByDHCPAgent. */
export async function addNetworkToAgent(c: Context, agentId: string, networkId: string): Promise<void> {
  const on = await c.t.get(network, networkId);
  if (!on) throw networkNotFound(networkId);
  const to = await agentOf(c.t, agentId);
  if (to.agent_type !== agentTypes.dhcp || !to.admin_state_up) throw invalidDhcpAgent(agentId);
  if (await c.t.first(dhcpBinding, { network_id: networkId, agent_id: agentId })) {
    throw networkHostedByDhcpAgent(networkId, agentId);
  }
  await serveNetwork(c, on, to);
}

/** Takes a network from an agent. AgentNotFound, NetworkNotHostedByDhcpAgent. */
export async function removeNetworkFromAgent(c: Context, agentId: string, networkId: string): Promise<void> {
  await agentOf(c.t, agentId);
  const binding = await c.t.first(dhcpBinding, { network_id: networkId, agent_id: agentId });
  if (!binding) throw networkNotHostedByDhcpAgent(networkId, agentId);
  await stopServing(c, binding);
}

/** Gives a router that has no agent to one. RouterNotFound, AgentNotFound, InvalidL3Agent, RouterHostedByL3Agent. */
export async function addRouterToAgent(c: Context, agentId: string, routerId: string): Promise<void> {
  const row = await c.t.get(router, routerId);
  if (!row) throw routerNotFound(routerId);
  const to = await agentOf(c.t, agentId);
  if (to.agent_type !== agentTypes.l3 || !to.admin_state_up) throw invalidL3Agent(agentId);
  const bound = await c.t.first(routerBinding, { router_id: routerId });
  if (bound?.agent_id === agentId) return;
  if (bound) throw routerHostedByL3Agent(routerId, bound.agent_id);
  await bindRouter(c, row, to);
}

/** Takes a router from an agent; one that the agent does not carry stays where it is. AgentNotFound, RouterNotFound. */
export async function removeRouterFromAgent(c: Context, agentId: string, routerId: string): Promise<void> {
  await agentOf(c.t, agentId);
  const row = await c.t.get(router, routerId);
  if (!row) throw routerNotFound(routerId);
  if (await c.t.first(routerBinding, { router_id: routerId, agent_id: agentId })) await unbindRouter(c, row);
}
