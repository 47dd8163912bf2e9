/** Availability zones: those of the agents, and the hints of networks and routers (neutron/db/agents_db.py, availability_zone). */
import { availabilityZoneNotFound } from '../model/faults-agents.ts';
import { agent, dhcpBinding, routerBinding } from '../model/index.ts';
import { agentTypes } from '../rules/schedule.ts';
import type { Reader } from '../store/store.ts';
import type { Context } from './context.ts';

/** A zone as the API shows it. */
export interface Zone {
  readonly name: string;
  readonly resource: 'network' | 'router';
  readonly state: 'available' | 'unavailable';
}

const resourceOf: Readonly<Record<string, Zone['resource']>> = {
  [agentTypes.dhcp]: 'network',
  [agentTypes.l3]: 'router',
};

/** The zones of all agents; one is available while an agent in it is switched on. */
export async function listZones(r: Reader): Promise<Zone[]> {
  const zones = new Map<string, Zone>();
  for (const row of await r.find(agent, { agent_type: Object.keys(resourceOf) })) {
    const resource = resourceOf[row.agent_type];
    if (!resource || !row.availability_zone) continue;
    const key = `${resource} ${row.availability_zone}`;
    const isOn = row.admin_state_up || zones.get(key)?.state === 'available';
    zones.set(key, { name: row.availability_zone, resource, state: isOn ? 'available' : 'unavailable' });
  }
  return [...zones.values()].sort((a, b) => (`${a.resource} ${a.name}` < `${b.resource} ${b.name}` ? -1 : 1));
}

/** Throws AvailabilityZoneNotFound for a hint that no agent of the resource is in. */
export async function checkHints(c: Context, resource: Zone['resource'], hints: readonly string[]): Promise<void> {
  if (hints.length === 0) return;
  const known = (await listZones(c.t)).filter((zone) => zone.resource === resource).map((zone) => zone.name);
  const unknown = hints.find((hint) => !known.includes(hint));
  if (unknown !== undefined) throw availabilityZoneNotFound(unknown);
}

async function zonesBy(
  r: Reader,
  pairs: readonly { readonly id: string; readonly agentId: string }[],
): Promise<Map<string, string[]>> {
  const ids = [...new Set(pairs.map(({ agentId }) => agentId))];
  const agents = ids.length > 0 ? await r.find(agent, { id: ids }) : [];
  const zoneOf = new Map(agents.map((row) => [row.id, row.availability_zone]));
  const result = new Map<string, Set<string>>();
  for (const { id, agentId } of pairs) {
    const zone = zoneOf.get(agentId);
    if (zone) result.set(id, (result.get(id) ?? new Set()).add(zone));
  }
  return new Map([...result].map(([id, zones]) => [id, [...zones].sort()]));
}

/** The zones of the DHCP agents of these networks, by network; two queries. */
export async function zonesOfNetworks(r: Reader, ids: readonly string[]): Promise<Map<string, string[]>> {
  const bindings = ids.length > 0 ? await r.find(dhcpBinding, { network_id: ids }) : [];
  return zonesBy(
    r,
    bindings.map((row) => ({ id: row.network_id, agentId: row.agent_id })),
  );
}

/** The zones of the L3 agents of these routers, by router; two queries. */
export async function zonesOfRouters(r: Reader, ids: readonly string[]): Promise<Map<string, string[]>> {
  const bindings = ids.length > 0 ? await r.find(routerBinding, { router_id: ids }) : [];
  return zonesBy(
    r,
    bindings.map((row) => ({ id: row.router_id, agentId: row.agent_id })),
  );
}
