/** Which host carries which router, and what a host that reports in is given. */
import { network, port, router, routerBinding, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { agentTypes, isInZones, leastLoaded } from '../rules/schedule.ts';
import { routerOwners } from '../rules/wake.ts';
import type { Condition } from '../store/query.ts';
import type { Context } from './context.ts';
import { bindingOn } from './port-binding.ts';
import { ableAgents, hintedZones, usableAgents, withLoads } from './schedule-agents.ts';
import { replaceDeadDhcp, scheduleDhcp } from './schedule-dhcp.ts';
import { wakePort } from './wake.ts';

export { scheduleDhcp } from './schedule-dhcp.ts';

/** So many routers, and so many networks, are given to a host at a time; the rest at its next reports. */
const BATCH = 100;

/** The physical network that a router's gateway needs; null without one. */
async function physicalNetworkOf(c: Context, row: Row<typeof router>): Promise<string | null> {
  const gateway = row.gw_port_id === null ? undefined : await c.t.get(port, row.gw_port_id);
  const on = gateway && (await c.t.get(network, gateway.network_id));
  return on?.['provider:physical_network'] ?? null;
}

/** A router's ports are where it is. What is bound is no change by a person, so their revisions stay. */
async function movePorts(c: Context, routerId: string, host: string): Promise<void> {
  const ports = await c.t.find(port, { device_id: routerId, device_owner: routerOwners });
  for (const row of ports) {
    if (row['binding:host_id'] === host && row['binding:vif_type'] !== 'binding_failed') continue;
    const on = await c.t.get(network, row.network_id);
    if (!on) continue;
    const moved = row['binding:host_id'] === host ? {} : ({ status: 'DOWN' } as const);
    const changes = { ...(await bindingOn(c, host, on)), ...moved };
    const result = await c.t.update(port, row.id, changes, { quiet: true });
    if (result) await wakePort(c, row, result);
  }
}

/**
 * Binds a router to an alive L3 agent, the least loaded of those whose host can wire its gateway, and its ports to that host.
 * A router that is bound stays where it is, also while its agent is down (Neutron's default: no automatic fail-over), unless
 * its host cannot wire its gateway and another can. Nothing alive: it stays unbound until an agent reports in.
 */
export async function scheduleRouter(c: Context, routerId: string): Promise<void> {
  const row = await c.t.get(router, routerId);
  if (!row) return;
  const usable = await usableAgents(c, agentTypes.l3);
  const able = await ableAgents(c, usable, await physicalNetworkOf(c, row));
  const bound = await c.t.first(routerBinding, { router_id: routerId });
  if (
    bound &&
    (able.some((agent) => agent.id === bound.agent_id) || !usable.some((agent) => agent.id === bound.agent_id))
  ) {
    return movePorts(c, routerId, bound.host);
  }
  const zones = hintedZones(c, row.availability_zone_hints);
  const eligible = able.filter((agent) => isInZones(agent, zones));
  const [agent] = leastLoaded(await withLoads(c, eligible, routerBinding, 1), 1);
  if (!agent) return;
  await bindRouter(c, row, agent);
}

/** Binds a router, and its ports, to an agent, in place of the one that it may have. */
export async function bindRouter(
  c: Context,
  row: Row<typeof router>,
  to: { readonly id: string; readonly host: string },
): Promise<void> {
  const binding = { agent_id: to.id, host: to.host };
  const moved = await c.t.updateMany(routerBinding, { router_id: row.id }, binding);
  if (moved === 0) await c.t.insert(routerBinding, { router_id: row.id, ...binding });
  if (row.withdrawn) await c.t.update(router, row.id, { withdrawn: false }, { quiet: true });
  c.t.wake([`router/${row.id}`]);
  await movePorts(c, row.id, to.host);
}

/** Takes a router from its agent by hand; its ports are nowhere. It waits for its next change, or for a hand that gives it. */
export async function unbindRouter(c: Context, row: Row<typeof router>): Promise<void> {
  await c.t.deleteMany(routerBinding, { router_id: row.id });
  await c.t.update(router, row.id, { withdrawn: true }, { quiet: true });
  c.t.wake([`router/${row.id}`]);
  await movePorts(c, row.id, '');
}

const all: Condition = { op: 'and', of: [] };

/**
 * Gives the agents what waits for one, in bounded batches: routers that are bound to none, networks that should have DHCP and do
 * not, and networks whose DHCP agent is gone. Called when a host reports in.
 */
export async function scheduleAll(c: Context): Promise<void> {
  const bound: Condition = { op: 'among', column: 'id', record: 'router_binding', select: 'router_id', where: all };
  const waits: Condition = { op: 'in', column: 'withdrawn', values: [false] };
  const routers = await c.t.list(router, { op: 'and', of: [waits, { op: 'not', of: bound }] }, { limit: BATCH });
  for (const row of routers) await scheduleRouter(c, row.id);
  const served: Condition = {
    op: 'among',
    column: 'network_id',
    record: 'dhcp_binding',
    select: 'network_id',
    where: all,
  };
  const wantsDhcp: Condition = { op: 'in', column: 'enable_dhcp', values: [true] };
  const withdrawn: Condition = { op: 'in', column: 'withdrawn', values: [true] };
  const withheld: Condition = { op: 'among', column: 'network_id', record: 'network', select: 'id', where: withdrawn };
  const unserved: Condition = { op: 'and', of: [wantsDhcp, { op: 'not', of: served }, { op: 'not', of: withheld }] };
  const subnets = await c.t.list(subnet, unserved, { limit: BATCH });
  for (const networkId of new Set(subnets.map((row) => row.network_id))) await scheduleDhcp(c, networkId);
  await replaceDeadDhcp(c);
}
